package e2e_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

const linkPath = "/email/confirm-email"

// at is where a link of a mail leads to at a replica; it fails the test unless
// the link is one of PUBLIC_URL's.
func at(t *testing.T, s *testenv.Stack, link string) string {
	t.Helper()
	rest, ok := strings.CutPrefix(link, public(s)+linkPath+"?")
	if !ok {
		t.Fatalf("a link that is not below %s: %s", public(s), link)
	}
	return s.URL() + linkPath + "?" + rest
}

// postForm posts fields in pairs as the page's form does, again while the server
// is busy.
func postForm(t *testing.T, s *testenv.Stack, fields []string, header ...string) (p page) {
	t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	header = append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)
	testenv.Await(t, patience, "a busy server", func() bool {
		p = exchange(t, http.MethodPost, s.URL()+linkPath, form.Encode(), header...)
		return p.status != http.StatusServiceUnavailable
	})
	return p
}

// Looking at a link changes nothing, however often and in whatever way: mail
// scanners follow links.
func TestLooking_D5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := testenv.Newcomer()
		s.Register(t, ada)
		link := s.Mails(t, ada.Email)[0].Links[0]
		before := rows(t, s, ada)
		ways := []string{"", "&do=confirm", "&do=decline", "&do=resend"}
		for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
			for i := range 20 {
				way := ways[i%len(ways)]
				p := exchange(t, method, at(t, s, link)+way, "", "Origin", foreignOrigin, "X-Forwarded-For", ada.Client)
				if p.status >= 300 || len(p.header.Values("Set-Cookie")) > 0 {
					t.Fatalf("%s %s: got %d, %d cookies", method, way, p.status, len(p.header.Values("Set-Cookie")))
				}
			}
		}
		for _, method := range []string{"PUT", "PATCH", "DELETE"} {
			if p := exchange(t, method, at(t, s, link), "do=confirm", "Content-Type", "application/x-www-form-urlencoded"); p.status != http.StatusMethodNotAllowed {
				t.Errorf("%s: got %d, want 405", method, p.status)
			}
		}
		// A post without a button that there is does nothing either.
		token := testenv.LinkToken(t, link)
		for _, do := range []string{"", "x", "CONFIRM", "confirm "} {
			postForm(t, s, []string{"token", token, "email", ada.Email, "do", do}).mustShow(t, http.StatusBadRequest, "Nothing was done")
		}
		if p := exchange(t, "POST", at(t, s, link)+"&do=confirm", "", "Content-Type", "application/x-www-form-urlencoded"); p.status != http.StatusBadRequest {
			t.Errorf("a post with all of it in the address: got %d, want 400", p.status)
		}
		if after := rows(t, s, ada); after != before {
			t.Errorf("the database says %q after, %q before", after, before)
		}
		if n := len(s.Mails(t, ada.Email)); n != 1 {
			t.Errorf("%d mails, want 1", n)
		}
		postForm(t, s, []string{"token", token, "email", ada.Email, "do", "confirm"}).mustShow(t, http.StatusOK, "Your email is confirmed")
		if got := s.Login(t, ada); got.Tokens == nil {
			t.Errorf("login: %+v", got)
		}
	})
}

// rows is what the database says about somebody who registered.
func rows(t *testing.T, s *testenv.Stack, p *testenv.Person) string {
	t.Helper()
	var users, mails, registrations int
	var hash string
	row := s.DB(t).QueryRow(t.Context(), `SELECT (SELECT count(*) FROM users WHERE email_key = $1), (SELECT count(*) FROM outbox WHERE recipient_key = $1),
		count(*), max(password_hash || username || device || client) FROM registrations WHERE email_key = $1`, p.Email)
	if err := row.Scan(&users, &mails, &registrations, &hash); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d accounts, %d jobs, %d registrations: %s", users, mails, registrations, hash)
}

// forged are ways to tell a server that it is called evil.example.
var forged = [][]string{
	{"Host", "evil.example"}, {"Host", "evil.example:443"}, {"Host", "auth.example.org.evil.example"}, {"X-Forwarded-Host", "evil.example"},
	{"Forwarded", "host=evil.example;proto=https;for=10.0.0.1"}, {"X-Host", "evil.example"}, {"X-Original-Host", "evil.example"},
	{"X-Original-URL", "//evil.example/"}, {"X-Rewrite-Url", "//evil.example/"}, {"X-Forwarded-Proto", "evil.example://"},
	{"X-Forwarded-Prefix", "//evil.example"}, {"X-Forwarded-Server", "evil.example"}, {"X-Forwarded-Port", "1@evil.example"},
	{"Origin", "https://evil.example"}, {"Referer", "https://evil.example/"},
}

// Links in mails and what pages say of themselves come from PUBLIC_URL alone.
func TestForgedHost_D7(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		var header []string
		for _, f := range forged[3:] {
			header = append(header, f...)
		}
		for _, host := range forged[:3] {
			ada := testenv.Newcomer()
			header := append(header, host...)
			mustSay(t, postJSON(t, s.URL(), variablesBody(registerRequest(ada)), append(header, "X-Forwarded-For", ada.Client)...), "register")
			mustSay(t, postJSON(t, s.URL(), variablesBody(resendRequest(ada.Email, "")), append(header, "X-Forwarded-For", ada.Client)...), "resendConfirmation")
			for _, mail := range s.AwaitMails(t, ada.Email, 2) {
				if all := mail.Subject + mail.Text + mail.HTML + mail.From; strings.Contains(all, "evil") {
					t.Errorf("a mail names the forged host:\n%s", all)
				}
				for _, link := range append(mail.Links, hrefs(mail.HTML)...) {
					if !strings.HasPrefix(link, public(s)+"/") && link != appURL {
						t.Errorf("a mail links to %s", link)
					}
				}
				at(t, s, mail.Links[0])
			}
		}
		for _, f := range forged {
			for _, path := range []string{"/", linkPath, linkPath + "?token=x&email=ada@example.org", "/nowhere", "/dev/mail", "//dev//mail", "/dev/../email/confirm-email"} {
				p := exchange(t, "GET", s.URL()+path, "", f...)
				mustStayHere(t, f[0]+", "+path, p)
			}
		}
		// A request line may name a host as well.
		for _, host := range []string{"localhost", "evil.example"} {
			p := rawExchange(t, s.URL(), strings.NewReader("GET http://evil.example"+linkPath+"?token=x HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n"))
			mustStayHere(t, "an absolute request line", p)
		}
	})
}

var attributes = regexp.MustCompile(`(?:href|src|action|formaction|content)="([^"]*)"`)

// hrefs lists where a page or a mail leads to.
func hrefs(text string) (all []string) {
	for _, found := range attributes.FindAllStringSubmatch(text, -1) {
		if target := html.UnescapeString(found[1]); strings.Contains(target, "/") {
			all = append(all, target)
		}
	}
	return all
}

// mustStayHere fails the test if an answer names evil.example or sends people
// elsewhere than to a path of ours.
func mustStayHere(t *testing.T, what string, p page) {
	t.Helper()
	for name, values := range p.header {
		if strings.Contains(strings.Join(values, " "), "evil.example") && !ourPath(strings.Join(values, " ")) {
			t.Errorf("%s: %s is %q", what, name, values)
		}
	}
	if p.status/100 == 3 && !ourPath(p.header.Get("Location")) {
		t.Errorf("%s: %d to %q", what, p.status, p.header.Get("Location"))
	}
	for _, target := range hrefs(p.body) {
		if strings.Contains(target, "evil.example") && !ourPath(target) {
			t.Errorf("%s: the page leads to %q", what, target)
		}
	}
	if p.header.Get("Refresh") != "" || p.header.Get("Link") != "" || strings.Contains(strings.ToLower(p.body), `http-equiv="refresh"`) {
		t.Errorf("%s: the page moves on by itself", what)
	}
}

// ourPath says whether browsers take a target for a path on the same host.
func ourPath(target string) bool {
	return strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") && !strings.HasPrefix(target, `/\`)
}

// No parameter and no path sends people to another site; APP_URL is the only
// target, as it is configured.
func TestNoOpenRedirect_D8(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := testenv.Newcomer()
		s.Register(t, ada)
		link := s.Mails(t, ada.Email)[0].Links[0]
		for _, target := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, `\\evil.example`, "https:evil.example", "javascript:alert('evil.example')"} {
			query := url.Values{}
			for _, name := range []string{"next", "redirect", "redirect_uri", "redirect_url", "return_to", "returnTo", "url", "continue", "app_url", "callback", "to", "email"} {
				query.Set(name, target)
			}
			for _, path := range []string{"/", linkPath, "/graphql", "/nowhere", "/dev/mail"} {
				for _, method := range []string{"GET", "POST"} {
					mustStayHere(t, method+" "+path, exchange(t, method, s.URL()+path+"?"+query.Encode(), ""))
				}
			}
			token := testenv.LinkToken(t, link)
			p := exchange(t, "GET", at(t, s, link)+"&"+strings.ReplaceAll(query.Encode(), "email=", "x="), "")
			mustStayHere(t, "the form", p.mustShow(t, http.StatusOK, ada.Username))
			fields := []string{"token", token, "email", ada.Email, "do", "x"}
			for name := range query {
				if name != "email" {
					fields = append(fields, name, target)
				}
			}
			mustStayHere(t, "a post", postForm(t, s, fields))
		}
		for _, path := range []string{
			"//evil.example", "//evil.example/", "///evil.example/x/..", `/\evil.example`, "/%5cevil.example/..", "/%2f%2fevil.example", "//evil.example/%2e%2e",
			"/email/..//evil.example", "/.//evil.example", "//evil.example//email/confirm-email", "/@evil.example", "/https://evil.example",
		} {
			mustStayHere(t, path, rawExchange(t, s.URL(), strings.NewReader("GET "+path+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")))
		}
		done := postForm(t, s, []string{"token", testenv.LinkToken(t, link), "email", ada.Email, "do", "confirm", "next", foreignOrigin, "app_url", foreignOrigin})
		done.mustShow(t, http.StatusOK, `href="`+appURL+`"`)
		mustStayHere(t, "the end", done)
	})
}

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
		mustBeDiscreet(t, "a form that is broken", exchange(t, "POST", s.URL()+linkPath, "token=%zz", "Content-Type", "application/x-www-form-urlencoded"), http.StatusBadRequest)
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
		mustBeDiscreet(t, "home", exchange(t, "GET", sharedProduction.use(t).URL()+"/", ""), http.StatusOK)
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

// A page of another site cannot press the buttons; one of ours can, and so can a
// program that is no browser.
func TestCrossSitePost_D5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := testenv.Newcomer()
		token := s.Register(t, ada)
		before := rows(t, s, ada)
		for _, header := range [][]string{
			{"Sec-Fetch-Site", "cross-site", "Origin", foreignOrigin}, {"Sec-Fetch-Site", "same-site", "Origin", allowedOrigin}, {"Origin", foreignOrigin},
			{"Origin", allowedOrigin}, {"Sec-Fetch-Site", "cross-site", "Origin", "null"}, {"Sec-Fetch-Site", "same-site", "Origin", "null"},
			{"Sec-Fetch-Site", "cross-site"}, {"Origin", public(s) + ".evil.example"}, {"Origin", "https://127.0.0.1.evil.example"},
		} {
			for _, do := range []string{"confirm", "decline", "resend"} {
				p := postForm(t, s, []string{"token", token, "email", ada.Email, "do", do}, append(header, "X-Forwarded-For", ada.Client)...)
				p.mustShow(t, http.StatusForbidden, "Nothing was done")
			}
		}
		if after := rows(t, s, ada); after != before || len(s.Mails(t, ada.Email)) != 1 {
			t.Errorf("the database says %q after, %q before", after, before)
		}
		people := []*testenv.Person{ada}
		tokens := []string{token}
		ours := [][]string{{"Sec-Fetch-Site", "same-origin", "Origin", public(s)}, {"Sec-Fetch-Site", "same-origin", "Origin", "null"}, {"Origin", public(s)}, {}}
		for range ours[1:] {
			people = append(people, testenv.Newcomer())
			tokens = append(tokens, s.Register(t, people[len(people)-1]))
		}
		for i, header := range ours {
			postForm(t, s, []string{"token", tokens[i], "email", people[i].Email, "do", "confirm"}, header...).mustShow(t, http.StatusOK, "Your email is confirmed")
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
			mustSay(t, postJSON(t, s.URL(), variablesBody(registerRequest(ada)), "User-Agent", agent, "X-Forwarded-For", ada.Client), "register")
			mustSay(t, postJSON(t, s.URL(), variablesBody(resendRequest(strings.ToUpper(ada.Email), "")), "User-Agent", agent, "X-Forwarded-For", ada.Client), "resendConfirmation")
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
	if found := regexp.MustCompile(`(?i)<script|<img src=https|<b>Evil|alert\(1\)<`).FindString(text); found != "" {
		t.Errorf("markup that was typed, %q, in:\n%s", found, text)
	}
}

// Slow readers of a form get no more time for it: what is never finished is
// never done.
func TestHalfAForm_D5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := testenv.Newcomer()
		token := s.Register(t, ada)
		form := url.Values{"token": {token}, "email": {ada.Email}, "do": {"confirm"}}.Encode()
		request := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\nnot a chunk", linkPath, len(form), form)
		p := rawExchange(t, s.URL(), io.MultiReader(strings.NewReader(request), strings.NewReader("\r\n")))
		mustBeDiscreet(t, "half a form", p, http.StatusBadRequest)
		if got := rows(t, s, ada); !strings.HasPrefix(got, "0 accounts, 0 jobs, 1 registrations") {
			t.Errorf("the database says %q after half a form", got)
		}
	})
}
