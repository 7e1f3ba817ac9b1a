package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// allSubjects are what the mails of an account's life are called, one a kind.
var allSubjects = []string{
	"A change of your email was requested", "A new login to your account", "Another device uses your login", "Confirm your email", "Confirm your new email", "Set a new password",
	"The administrators changed", "You already have an account", "Your account was deleted", "Your account was disabled", "Your email was changed",
	"Your email was removed from an account", "Your password was changed", "Your role was changed", "Your username was changed",
}

// lifeOf lives a life that causes a mail of every kind, each request with this
// header, and returns them all. The local parts of the addresses are as given.
func lifeOf(t *testing.T, s *testenv.Stack, local string, header ...string) (all []testenv.Inbound) {
	t.Helper()
	at := "@" + domain()
	first, second := local+"1"+at, local+"2"+at
	ada := testenv.Newcomer()
	ada.Email = first
	ask := func(r testenv.Request, more ...string) *testenv.Answer {
		t.Helper()
		h := []string{"X-Forwarded-For", ada.Client}
		for i := 0; i+1 < len(header); i += 2 {
			if len(more) == 0 || header[i] != more[0] {
				h = append(h, header[i], header[i+1])
			}
		}
		if r.Bearer != "" {
			h = append(h, "Authorization", "Bearer "+r.Bearer)
		}
		return postJSON(t, s.URL(), variablesBody(r), append(h, more...)...)
	}
	do := func(field, access string, input ...any) {
		t.Helper()
		mustSay(t, ask(asking(field, access, "", input...)), field)
	}
	token := func(to, subject string) string {
		t.Helper()
		return testenv.LinkToken(t, awaitMail(t, s, to, subject, 0).Links[0])
	}
	confirm := func(token string) *testenv.Answer { return ask(confirmRequest(token, "", "")) }

	mustSay(t, ask(registerRequest(ada)), "register")
	confirmed := confirm(token(first, "Confirm your email")).Payload(t, "confirmEmail")
	if confirmed.Tokens == nil {
		t.Fatalf("confirmEmail: %+v", confirmed)
	}
	ada.ID, ada.Access = confirmed.User.ID, confirmed.Tokens.AccessToken
	eve := testenv.Newcomer()
	eve.Email = first
	mustSay(t, ask(registerRequest(eve)), "register")
	device := testenv.Input("login", ada.Username, "password", ada.Password, "deviceName", strings.Join(header, " "))
	for _, more := range [][]string{{}, {"User-Agent", iphone}, {}} { // the second from another device
		if got := ask(testenv.Request{Query: testenv.LoginOp, Variables: device}, more...).Payload(t, "login"); got.Tokens == nil {
			t.Fatalf("login: %+v", got)
		}
	}
	if got := ask(refreshRequest(confirmed.Tokens.RefreshToken), "User-Agent", "curl/8.14.1").Payload(t, "refresh"); got.Tokens == nil {
		t.Fatalf("refresh: %+v", got)
	}
	do("changeUsername", ada.Access, "username", testenv.Username())
	do("changeEmail", ada.Access, "email", second, "password", ada.Password)
	if a := confirm(token(second, "Confirm your new email")); len(a.Errors) > 0 || len(a.Payload(t, "confirmEmail").Errors) > 0 {
		t.Fatalf("confirmEmail: %s", a.Body)
	}
	do("changePassword", ada.Access, "currentPassword", ada.Password, "newPassword", "a fine new horse")
	do("requestPasswordReset", "", "email", second)
	awaitMail(t, s, second, "Set a new password", 0)
	awaitMail(t, s, second, "Your password was changed", 0)
	undo := awaitMail(t, s, first, "Your email was changed", 0).Links[0]
	browse(t, s.URL(), http.MethodGet, undo).press(t, s.URL(), ada.Client, "undo", "").mustShow(t, http.StatusOK, "yours again")
	awaitMail(t, s, second, "Your email was removed from an account", 0)
	_, admin := makeAdmin(t, s)
	setRole(t, s, admin, ada.ID, "ADMIN")
	awaitMail(t, s, first, "Your role was changed", 0)
	makeAdmin(t, s)
	awaitMail(t, s, first, "The administrators changed", 0)
	for _, field := range []string{"disableUser", "enableUser"} {
		mustSay(t, testenv.Post(t, s.URL(), administer(field, admin, ada.ID)), field)
	}
	awaitMail(t, s, first, "Your account was disabled", 0)
	mustSay(t, testenv.Post(t, s.URL(), administer("deleteUser", admin, ada.ID)), "deleteUser")
	for _, subject := range []string{"You already have an account", "A new login to your account", "Another device uses your login", "Your username was changed", "Your account was deleted"} {
		awaitMail(t, s, first, subject, 0)
	}
	all = append(s.Mails(t, first), s.Mails(t, second)...)
	seen := map[string]bool{}
	for _, mail := range all {
		if seen[mail.Subject] = true; mail.To != first && mail.To != second {
			t.Errorf("%q went to %q", mail.Subject, mail.To)
		}
	}
	for _, subject := range allSubjects {
		if !seen[subject] {
			t.Errorf("no mail %q", subject)
		}
		delete(seen, subject)
	}
	if len(seen) > 0 {
		t.Errorf("mails of other subjects: %v", seen)
	}
	return all
}

// Every mail says where help is, and answers to it go there.
func TestHelpInEveryMail(t *testing.T) {
	t.Parallel()
	const help = "help@example.org"
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		for _, mail := range lifeOf(t, s, "ada") {
			if mail.ReplyTo != help || !strings.Contains(mail.Text, "Help: "+help) || !strings.Contains(mail.HTML, "Help: "+help) {
				t.Errorf("%q: answers go to %q\n%s", mail.Subject, mail.ReplyTo, mail.Text)
			}
		}
	}, "SUPPORT_EMAIL="+help)
}

// However a server is told that it is called otherwise, every mail links to
// PUBLIC_URL, and says nothing of the other name.
func TestForgedHostInEveryMail_D7(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		header := otherName(s)
		for _, f := range forged[3:] {
			header = append(header, f...)
		}
		// The device's name is what these tests send as one.
		mustBeOurs(t, s, lifeOf(t, s, "ada", header...), "evil")
	})
}

// What people type and what their devices say is text in every mail: no markup,
// no header, no link, and no template.
func TestTypedTextInEveryMail_D9(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		for _, agent := range []string{
			`<img src=https://evil.example/x>{{.}}/1.0 (<b>Evil</b>)`,
			`"><script>alert(1)</script> https://evil.example/ www.evil.example evil@evil.example %0d%0aBcc: eve@evil.example`,
		} {
			mustBeOurs(t, s, lifeOf(t, s, "o'hara{{.}}${x}#", "User-Agent", agent), "")
		}
	})
}

// mustBeOurs fails the test if a mail says this word, links elsewhere or holds
// what was typed as markup.
func mustBeOurs(t *testing.T, s *testenv.Stack, mails []testenv.Inbound, word string) {
	t.Helper()
	for _, mail := range mails {
		mustHoldNoMarkup(t, mail.HTML)
		for _, link := range append(slices.Clone(mail.Links), hrefs(mail.HTML)...) {
			if !strings.HasPrefix(link, public(s)+"/") && link != appURL {
				t.Errorf("%q links to %s", mail.Subject, link)
			}
		}
		if found := regexp.MustCompile(`(?i)https?://evil|www\.evil|@evil`).FindString(mail.Text + mail.HTML); found != "" {
			t.Errorf("%q has what mail clients make a link of, %q:\n%s", mail.Subject, found, mail.Text)
		}
		if word != "" && strings.Contains(withoutDevice(mail.Text), word) {
			t.Errorf("%q says %s:\n%s", mail.Subject, word, mail.Text)
		}
		if !slices.Contains(allSubjects, mail.Subject) {
			t.Errorf("the subject %q", mail.Subject)
		}
	}
}

// withoutDevice leaves out the lines about the device, which says what it likes.
func withoutDevice(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if !strings.Contains(strings.ToLower(line), "device") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// linksOf makes a link of each kind that an account's owner can hold, by name.
func linksOf(t *testing.T, s *testenv.Stack, p *testenv.Person) map[string]string {
	t.Helper()
	next := testenv.Address()
	mustSay(t, testenv.Post(t, s.URL(), asking("changeEmail", p.Access, p.Client, "email", next, "password", p.Password)), "changeEmail")
	mustSay(t, testenv.Post(t, s.URL(), asking("requestPasswordReset", "", p.Client, "email", p.Email)), "requestPasswordReset")
	all := map[string]string{}
	for name, m := range map[string]testenv.Inbound{
		"confirm": awaitMail(t, s, next, "Confirm your new email", 0),
		"undo":    awaitMail(t, s, p.Email, "A change of your email was requested", 0),
		"set":     awaitMail(t, s, p.Email, "Set a new password", 0),
	} {
		for _, link := range m.Links {
			if strings.Contains(link, "token=") {
				all[name] = link
			}
		}
		if !strings.HasPrefix(all[name], public(s)+"/email/") {
			t.Fatalf("the link of %q: %s", m.Subject, all[name])
		}
	}
	return all
}

// state is all that the database says about an account.
func state(t *testing.T, s *testenv.Stack, p *testenv.Person) string {
	t.Helper()
	testenv.Await(t, patience, "no mail to be on its way", func() bool {
		return count(t, s, `SELECT count(*) FROM outbox WHERE user_id = $1 OR recipient_key = $2`, p.ID, p.Email) == 0
	})
	var text string
	var sessions, events int
	err := s.DB(t).QueryRow(t.Context(), `SELECT email || ' ' || username || ' ' || password_hash || ' ' || security_version || ' ' || coalesce(pending_email, '-'),
		(SELECT count(*) FROM sessions WHERE user_id = $1), (SELECT count(*) FROM undo WHERE user_id = $1) FROM users WHERE id = $1`, p.ID).
		Scan(&text, &sessions, &events)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s, %d sessions, %d events", text, sessions, events)
}

// Looking at a link of any kind changes nothing, nor does a post that is no
// button's or comes from another site; its page is discreet, and the button does
// what it says.
func TestEveryLink_B5_D5_D6(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		links := linksOf(t, s, ada)
		before := state(t, s, ada)
		for name, link := range links {
			u, err := url.Parse(link)
			if err != nil {
				t.Fatal(err)
			}
			target := s.URL() + u.Path
			token := testenv.LinkToken(t, link)
			for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
				for i := range 20 {
					query := "?" + u.RawQuery + []string{"", "&do=" + name, "&do=make", "&do=set&password=correct+horse"}[i%4]
					p := exchange(t, method, target+query, "", "Origin", foreignOrigin, "X-Forwarded-For", testenv.ClientAddress())
					if p.status >= 300 || len(p.header.Values("Set-Cookie")) > 0 {
						t.Fatalf("%s %s: got %d, %d cookies", name, method, p.status, len(p.header.Values("Set-Cookie")))
					}
				}
			}
			form := browse(t, s.URL(), http.MethodGet, link)
			mustBeDiscreet(t, name, form, http.StatusOK)
			if n := strings.Count(form.body, token); n != 1 || !strings.Contains(form.body, `<input type="hidden" name="token" value="`+token+`">`) {
				t.Errorf("%s: the token stands %d times in the form", name, n)
			}
			post := func(query, body string, header ...string) page {
				t.Helper()
				return exchange(t, "POST", target+query, body, append([]string{"X-Forwarded-For", testenv.ClientAddress()}, header...)...)
			}
			const encoded = "application/x-www-form-urlencoded"
			fields := url.Values{"token": {token}, "email": {ada.Email}, "do": {name}, "password": {"a fine new horse"}}
			for _, c := range []struct {
				what   string
				p      page
				status int
			}{
				{"all in the address", post("?"+u.RawQuery+"&do="+name, "", "Content-Type", encoded), 400},
				{"no button", post("", "token="+token, "Content-Type", encoded), 400},
				{"an unknown button", post("", "do=x&token="+token, "Content-Type", encoded), 400},
				{"JSON", post("", `{"token":"`+token+`"}`, "Content-Type", "application/json"), 415},
				{"another site's form", post("", fields.Encode(), "Content-Type", encoded, "Origin", foreignOrigin), 403},
				{"a sandbox", post("", fields.Encode(), "Content-Type", encoded, "Origin", "null", "Sec-Fetch-Site", "cross-site"), 403},
				{"another site's form by its metadata", post("", fields.Encode(), "Content-Type", encoded, "Sec-Fetch-Site", "cross-site"), 403},
				{"NUL", post("", fields.Encode()+"%00", "Content-Type", encoded), 400},
				{"no UTF-8", post("", fields.Encode()+"%ff", "Content-Type", encoded), 400},
				{"too large", post("", fields.Encode()+times(20<<10, "x"), "Content-Type", encoded), 413},
			} {
				mustBeDiscreet(t, name+", "+c.what, c.p, c.status)
			}
			dead := browse(t, s.URL(), http.MethodGet, u.Path+"?token=lko_"+times(43, "A"))
			mustBeDiscreet(t, name+", a dead link", dead, http.StatusGone)
			for _, other := range links { // a link is of its kind alone
				if o, _ := url.Parse(other); o.Path != u.Path {
					mustBeDiscreet(t, name+" with another's token", browse(t, s.URL(), http.MethodGet, u.Path+"?"+o.RawQuery), http.StatusGone)
				}
			}
		}
		if after := state(t, s, ada); after != before {
			t.Errorf("the database says %q after, %q before", after, before)
		}
		browse(t, s.URL(), http.MethodGet, links["undo"]).press(t, s.URL(), ada.Client, "undo", "").mustShow(t, http.StatusOK, "yours again")
		mustBeRevoked(t, s.URL(), ada.Access)
		for _, name := range []string{"confirm", "set", "undo"} { // it kills them all
			browse(t, s.URL(), http.MethodGet, links[name]).mustShow(t, http.StatusGone, "This link no longer works")
		}
	})
}
