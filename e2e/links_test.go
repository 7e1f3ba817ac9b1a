package e2e_test

import (
	"fmt"
	"html"
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
	// A mail has arrived a moment before its job is gone.
	testenv.Await(t, patience, "no mail to be on its way", func() bool {
		return count(t, s, `SELECT count(*) FROM outbox WHERE recipient_key = $1`, p.Email) == 0
	})
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

// otherName tells a server that it is called by a name that is not its own, and
// under which it answers: one for development answers only under such as strangers
// cannot own.
func otherName(s *testenv.Stack) []string {
	if secure(s) {
		return []string{"Host", "evil.example"}
	}
	return []string{"Host", "evil"}
}

// Links in mails and what pages say of themselves come from PUBLIC_URL alone.
func TestForgedHost_D7(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		var header []string
		for _, f := range forged[3:] {
			header = append(header, f...)
		}
		hosts := forged[:3]
		if !secure(s) {
			for _, host := range hosts {
				ada := testenv.Newcomer()
				refused := append(append(header, host...), "X-Forwarded-For", ada.Client)
				if a := postJSON(t, s.URL(), variablesBody(registerRequest(ada)), refused...); a.Status != http.StatusMisdirectedRequest {
					t.Errorf("%v: %d %s", host, a.Status, a.Body)
				}
			}
			hosts = [][]string{otherName(s)}
		}
		for _, host := range hosts {
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
		for _, target := range []string{
			"https://evil.example/", "//evil.example/", `/\evil.example`, `\\evil.example`, "https:evil.example", "javascript:alert('evil.example')",
		} {
			query := url.Values{}
			for _, name := range []string{
				"next", "redirect", "redirect_uri", "redirect_url", "return_to", "returnTo", "url", "continue", "app_url", "callback", "to", "email",
			} {
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

// A form that does not come whole is not done by half.
func TestHalfAForm_D5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := testenv.Newcomer()
		token := s.Register(t, ada)
		form := url.Values{"token": {token}, "email": {ada.Email}, "do": {"confirm"}}.Encode()
		request := "POST " + linkPath + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n" +
			"Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\nnot a chunk\r\n", len(form), form)
		p := rawExchange(t, s.URL(), strings.NewReader(request))
		mustBeDiscreet(t, "half a form", p, http.StatusBadRequest)
		if got := rows(t, s, ada); !strings.HasPrefix(got, "0 accounts, 0 jobs, 1 registrations") {
			t.Errorf("the database says %q after half a form", got)
		}
	})
}
