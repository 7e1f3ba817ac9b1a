package e2e_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// mustBeDiscreet fails the test unless a page keeps to itself: no referrer, no
// cache, nothing of third parties, no cookie and no token in an address.
func mustBeDiscreet(t *testing.T, what string, p page, status int) {
	t.Helper()
	if p.status != status {
		t.Errorf("%s: got %d, want %d:\n%s", what, p.status, status, p.body)
	}
	policy := p.header.Get("Content-Security-Policy")
	for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		if got := p.header.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %s is %q, want %q", what, name, got, want)
		}
	}
	for _, directive := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
		if !strings.Contains(policy, directive) {
			t.Errorf("%s: the policy %q lacks %s", what, policy, directive)
		}
	}
	if regexp.MustCompile(`https?:|unsafe|script-src|\*|//`).MatchString(policy) {
		t.Errorf("%s: the policy lets something in: %q", what, policy)
	}
	if len(p.header.Values("Set-Cookie")) > 0 {
		t.Errorf("%s sets a cookie", what)
	}
	for _, target := range hrefs(p.body) {
		if strings.Contains(target, "lko_") || strings.Contains(target, "token=") {
			t.Errorf("%s: a token in the address %s", what, target)
		}
		if !ourPath(target) && target != appURL {
			t.Errorf("%s: the page leads to %s", what, target)
		}
	}
	if strings.Contains(p.body, "<script") || regexp.MustCompile(`(?i)\son\w+=`).MatchString(p.body) {
		t.Errorf("%s: a script in the page", what)
	}
	if strings.Contains(p.body, "lkr_") || strings.Contains(p.body, "eyJ") {
		t.Errorf("%s: a token of a session in the page", what)
	}
}

// Every state of the page is discreet, and a one-time token stands in its form
// alone.
func TestPages_D6(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada, eve, client := testenv.Newcomer(), testenv.Newcomer(), testenv.ClientAddress()
		eve.Email = ada.Email
		theirs, mine := s.Register(t, eve), s.Register(t, ada)
		fields := func(token, do string, more ...string) []string {
			return append([]string{"token", token, "email", ada.Email, "do", do}, more...)
		}
		post := func(fields []string, header ...string) page {
			t.Helper()
			return postForm(t, s, fields, append([]string{"X-Forwarded-For", client}, header...)...)
		}
		form := exchange(t, "GET", at(t, s, s.Mails(t, ada.Email)[0].Links[0]), "")
		mustBeDiscreet(t, "the form", form, http.StatusOK)
		if n := strings.Count(form.body, mine); n != 1 || !strings.Contains(form.body, `<input type="hidden" name="token" value="`+mine+`">`) {
			t.Errorf("the token stands %d times in the form:\n%s", n, form.body)
		}
		mustBeDiscreet(t, "without a password", post(fields(mine, "confirm")), http.StatusUnprocessableEntity)
		mustBeDiscreet(t, "a wrong password", post(fields(mine, "confirm", "password", typed)), http.StatusUnprocessableEntity)
		mustBeDiscreet(t, "no button", post(fields(mine, "x")), http.StatusBadRequest)
		mustBeDiscreet(t, "no form", exchange(t, "POST", s.URL()+linkPath, "{}", "Content-Type", "application/json"), http.StatusUnsupportedMediaType)
		mustBeDiscreet(t, "a form that is too large", post(fields(mine, "confirm", "password", strings.Repeat("x", 20<<10))), http.StatusRequestEntityTooLarge)
		broken := exchange(t, "POST", s.URL()+linkPath, "token=%zz", "Content-Type", "application/x-www-form-urlencoded")
		mustBeDiscreet(t, "a form that is broken", broken, http.StatusBadRequest)
		mustBeDiscreet(t, "another site", post(fields(mine, "confirm", "password", ada.Password), "Origin", foreignOrigin), http.StatusForbidden)
		mustBeDiscreet(t, "declined", post(fields(theirs, "decline")), http.StatusOK)
		mustBeDiscreet(t, "done", post(fields(mine, "confirm")), http.StatusOK)
		for name, token := range map[string]string{"used": mine, "declined": theirs, "unknown": "lko_" + strings.Repeat("A", 43), "none": ""} {
			mustBeDiscreet(t, "a dead link, "+name, exchange(t, "GET", s.URL()+linkPath+"?"+url.Values{"token": {token}, "email": {ada.Email}}.Encode(), ""), http.StatusGone)
			mustBeDiscreet(t, "a post of a dead link, "+name, post(fields(token, "confirm")), http.StatusGone)
		}
		mustBeDiscreet(t, "sent again", post([]string{"email", testenv.Address(), "do", "resend"}), http.StatusOK)
		mustBeDiscreet(t, "sent to no address", post([]string{"email", "ada", "do", "resend"}), http.StatusUnprocessableEntity)
		later := page{}
		for range 200 { // 61, unless tries were counted in each process for a while
			if later = post([]string{"email", "ada", "do", "resend"}); later.status == http.StatusTooManyRequests {
				break
			}
		}
		mustBeDiscreet(t, "too often", later, http.StatusTooManyRequests)
		if later.header.Get("Retry-After") == "" {
			t.Error("too often: no Retry-After")
		}
		mustBeDiscreet(t, "no page", exchange(t, "GET", s.URL()+"/email/nothing?token="+mine, ""), http.StatusNotFound)
		if secure(s) { // else the explorer is there
			mustBeDiscreet(t, "home", exchange(t, "GET", s.URL()+"/", ""), http.StatusOK)
		}
	})
}

// No address that the API or a mail gives holds a token of a session, and tokens
// are taken from no address.
func TestTokensInAddresses_D6(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		for _, mail := range s.Mails(t, ada.Email) {
			for _, link := range append(mail.Links, hrefs(mail.HTML)...) {
				if strings.Contains(link, "lkr_") || strings.Contains(link, "eyJ") {
					t.Errorf("a token of a session in the link %s", link)
				}
			}
		}
		for _, name := range []string{"access_token", "token", "authorization", "bearer"} {
			query := "?" + url.Values{name: {ada.Access}}.Encode()
			p := exchange(t, "POST", s.URL()+"/graphql"+query, document(testenv.MeOp), "Content-Type", "application/json")
			if a := answered(p); string(a.Data["me"]) != "null" {
				t.Errorf("?%s= logs in: %s", name, p.body)
			}
		}
	})
}

// What people typed is text in mails and pages, never markup, a header or a
// link, and a mail goes to the stored address, never to the one that was typed.
func TestTypedText_D9(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		for _, agent := range []string{
			`<img src=https://evil.example/x>/1.0 (<b>Evil</b>)`, `"><script>alert(1)</script>/7 (X11; Linux x86_64)`, `https://evil.example/ Mozilla/5.0`,
			`{{.}}/1.0`, `Evil%0d%0aBcc: eve@evil.example/1.0 (X11; Linux)`,
		} {
			ada := testenv.Newcomer()
			ada.Email = "O'Hara{{.}}-" + ada.Email
			header := []string{"User-Agent", agent, "X-Forwarded-For", ada.Client}
			mustSay(t, postJSON(t, s.URL(), variablesBody(registerRequest(ada)), header...), "register")
			mustSay(t, postJSON(t, s.URL(), variablesBody(resendRequest(strings.ToUpper(ada.Email), "")), header...), "resendConfirmation")
			list := s.AwaitMails(t, ada.Email, 2)
			for _, mail := range list {
				if mail.To != ada.Email || mail.Subject != "Confirm your email" {
					t.Errorf("a mail to %q with the subject %q", mail.To, mail.Subject)
				}
				mustHoldNoMarkup(t, mail.HTML)
				for _, link := range append(mail.Links, hrefs(mail.HTML)...) {
					if strings.Contains(link, "evil.example") {
						t.Errorf("a mail links to %s", link)
					}
				}
			}
			p := exchange(t, "GET", at(t, s, list[0].Links[0]), "")
			mustHoldNoMarkup(t, p.mustShow(t, http.StatusOK, ada.Username).body)
			mustStayHere(t, "the page", p)
		}
		// What comes back on the page is text as well.
		const markup = `"><script>alert(1)</script><img src=https://evil.example>`
		for _, p := range []page{
			exchange(t, "GET", s.URL()+linkPath+"?"+url.Values{"token": {markup}, "email": {markup}}.Encode(), ""),
			postForm(t, s, []string{"email", markup, "token", markup, "do", "resend"}),
			exchange(t, "GET", s.URL()+"/dev/mail?"+url.Values{"to": {markup}}.Encode(), ""),
		} {
			mustHoldNoMarkup(t, p.body)
		}
	})
}

func mustHoldNoMarkup(t *testing.T, text string) {
	t.Helper()
	if found := regexp.MustCompile(`(?i)<script>|<img src=https|<b>Evil|alert\(1\)<`).FindString(text); found != "" {
		t.Errorf("markup that was typed, %q, in:\n%s", found, text)
	}
}
