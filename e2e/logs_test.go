package e2e_test

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// secrets are what no log may hold, by what they are.
type secrets map[string]string

// person adds what belongs to somebody.
func (all secrets) person(name string, p *testenv.Person) {
	all[name+"'s address"], all[name+"'s username"], all[name+"'s password"] = p.Email, p.Username, p.Password
	all[name+"'s access token"], all[name+"'s refresh token"] = p.Access, p.Refresh
}

// mustBeMissingIn fails the test if a log holds one of them, in whatever case and
// as people and programs write it.
func (all secrets) mustBeMissingIn(t *testing.T, log string) {
	t.Helper()
	log = strings.ToLower(log)
	for name, secret := range all {
		if secret == "" {
			continue
		}
		forms := []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))}
		if local, _, ok := strings.Cut(secret, "@"); ok {
			forms = append(forms, local)
		}
		if parts := strings.Split(secret, "."); len(parts) == 3 && len(secret) > 100 { // a JWT: none of its parts
			forms = append(forms, parts[1], parts[2])
		}
		for _, form := range forms {
			if at := strings.Index(log, strings.ToLower(form)); at >= 0 {
				t.Errorf("it holds %s: …%s…", name, log[max(0, at-200):min(len(log), at+len(form)+100)])
			}
		}
	}
}

// useEverything does what people, their mistakes and attackers do, and returns
// what went by that is a secret.
func useEverything(t *testing.T, s *testenv.Stack) secrets {
	t.Helper()
	ada, bob := s.Join(t), testenv.Newcomer()
	all := secrets{"what was typed": typed, "the secret key": s.Setting("SECRET_KEY"), "the mail password": s.Setting("MAIL_PASSWORD")}
	all.person("ada", ada)
	all["bob's link"] = s.Register(t, bob)
	all.person("bob", bob)
	client := []string{"X-Forwarded-For", ada.Client}

	// Logging in and out, rightly and wrongly; people type passwords where the name belongs.
	access, cookie := loginByCookie(t, s, ada)
	all["a cookie"], all["its access token"] = cookie[strings.Index(cookie, "=")+1:], access
	for _, r := range []testenv.Request{
		loginRequest(ada.Username, typed, ""), loginRequest(ada.Email, ada.Password, ""), loginRequest(ada.Password, ada.Username, ""),
		loginRequest(typed, typed, ""), loginRequest(strings.ToUpper(ada.Username), typed, ""), loginRequest(bob.Email, bob.Password, ""),
		registerRequest(ada), registerRequest(&testenv.Person{Email: ada.Email, Username: typed, Password: typed}),
		registerRequest(&testenv.Person{Email: typed, Username: ada.Email, Password: "short"}),
		resendRequest(bob.Email, ""), resendRequest(ada.Email, ""), resendRequest(typed, ""),
		confirmRequest(all["bob's link"]+"x", typed, ""), confirmRequest(ada.Refresh, typed, ""), refreshRequest(all["bob's link"]), refreshRequest(typed),
		{Query: revokeOp, Variables: testenv.Input("sessionId", ada.Refresh)}, {Query: userOp, Variables: map[string]any{"id": ada.Email}},
	} {
		postJSON(t, s.URL(), variablesBody(r), append(client, "Authorization", "Bearer "+ada.Access)...)
	}
	token := ada.Refresh
	for i := range 6 { // the sixth makes the first too old
		_, token = refresh(t, s.URL(), token)
		all["a refresh token, "+string(rune('a'+i))] = token
	}
	mustSay(t, testenv.Post(t, s.URL(), refreshRequest(ada.Refresh)), "refresh", "TOKEN_INVALID")
	mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input("refreshToken", "lkr_"+typed), Bearer: access}), "logout")

	// Bodies that cannot be read, and documents that cannot run.
	whole := variablesBody(loginRequest(ada.Username, ada.Password, ""))
	for _, body := range []string{
		whole[:len(whole)-3], whole + whole, "[" + whole + "]", strings.ReplaceAll(whole, `"query"`, `"Query"`),
		strings.ReplaceAll(whole, ada.Password, ada.Password+`\u0000`), strings.ReplaceAll(whole, ada.Password, ada.Password+"\xff"),
		document(loginText), document(loginText + "}"), document(strings.ReplaceAll(loginText, "password:", "passwort:")), whole + strings.Repeat(" ", 200<<10),
	} {
		postJSON(t, s.URL(), body, client...)
	}
	exchange(t, "POST", s.URL()+"/graphql", whole, "Content-Type", "text/plain")

	// Tokens where they do not belong: addresses, header fields, methods.
	all["a stray password"] = "sesame-for-hunters" // a page fills in what stands in its address, as the email
	strays := []string{ada.Access, ada.Refresh, all["bob's link"], ada.Password, ada.Email, ada.Username, all["a stray password"]}
	for _, stray := range strays {
		q := url.Values{"query": {stray}, "token": {stray}, "email": {stray}, "to": {stray}}.Encode()
		for _, path := range []string{
			"/graphql", "/", "/nowhere", linkPath, "/email/" + url.PathEscape(stray), "/" + url.PathEscape(stray), "/livez", "/dev/mail", "/dev/mail.json", "//x",
		} {
			exchange(t, "GET", s.URL()+path+"?"+q, "")
		}
		for _, name := range []string{"Authorization", "Cookie", "User-Agent", "Referer", "Origin", "X-Forwarded-For", "X-Request-Id", "Traceparent", "Tracestate", "Baggage", "Accept", "Content-Type"} {
			if name == "X-Request-Id" && idOfProxies.MatchString(stray) {
				continue // the tests come from a trusted proxy, whose ids are believed
			}
			exchange(t, "POST", s.URL()+"/graphql", document(testenv.MeOp), name, stray)
		}
		basic := base64.StdEncoding.EncodeToString([]byte(ada.Username + ":" + stray))
		all["basic, "+stray] = basic
		exchange(t, "POST", s.URL()+"/graphql", document(testenv.MeOp), "Content-Type", "application/json", "Authorization", "Basic "+basic)
		exchange(t, "POST", s.URL()+"/graphql", document(testenv.MeOp), "Content-Type", "application/json", "Authorization", "Bearer "+stray+"x",
			"Cookie", "latchkey="+stray+"; __Host-latchkey="+stray, "Origin", public(s))
		rawExchange(t, s.URL(), strings.NewReader("GET /"+url.PathEscape(stray)+" HTTP/9.9\r\nHost: "+url.PathEscape(stray)+"\r\n\r\n"))
	}
	exchange(t, strings.ToUpper(strings.ReplaceAll(typed, "-", "")), s.URL()+"/", "")
	all["the method"] = strings.ToUpper(strings.ReplaceAll(typed, "-", ""))

	// The page.
	for _, fields := range [][]string{
		{"token", all["bob's link"], "email", ada.Email, "do", "confirm", "password", typed}, {"token", all["bob's link"], "email", bob.Email, "do", typed},
		{"token", typed, "email", bob.Email, "do", "resend"}, {"token", all["bob's link"], "email", bob.Email, "do", "confirm", "password", "a\x00"},
		{"token", all["bob's link"], "email", bob.Email, "do", "confirm", "password", bob.Password},
	} {
		postForm(t, s, fields, client...)
	}
	useAccount(t, s, all)
	return all
}

// useAccount changes all of an account, follows the links of its mails and
// deletes it, rightly and wrongly.
func useAccount(t *testing.T, s *testenv.Stack, all secrets) {
	t.Helper()
	eve := s.Join(t)
	all.person("eve", eve)
	all["eve's next address"], all["eve's next name"], all["eve's next password"] = testenv.Address(), testenv.Username(), "next horse "+testenv.Username()
	link := func(name, to, subject string) string {
		m := awaitMail(t, s, to, subject, 0)
		for _, l := range m.Links {
			if strings.Contains(l, "token=") {
				all[name] = testenv.LinkToken(t, l)
				browse(t, s.URL(), "GET", l)
			}
		}
		return all[name]
	}
	ask := func(mutation string, input ...any) {
		testenv.Post(t, s.URL(), asking(mutation, eve.Access, eve.Client, input...))
	}
	ask("changeUsername", "username", typed)
	ask("changeUsername", "username", all["eve's next name"])
	link("the notice of the name", eve.Email, "Your username was changed")
	ask("changeEmail", "email", typed, "password", eve.Password)
	ask("changeEmail", "email", all["eve's next address"], "password", typed)
	ask("changeEmail", "email", all["eve's next address"], "password", eve.Password)
	link("the notice of the request", eve.Email, "A change of your email was requested")
	token := link("the change", all["eve's next address"], "Confirm your new email")
	ask("confirmEmail", "token", token+"x")
	testenv.Post(t, s.URL(), confirmRequest(token, typed, eve.Client))
	undo := link("the notice of the change", eve.Email, "Your email was changed")
	ask("changePassword", "currentPassword", typed, "newPassword", all["eve's next password"])
	ask("changePassword", "currentPassword", eve.Password, "newPassword", all["eve's next password"])
	link("the notice of the password", all["eve's next address"], "Your password was changed")
	ask("requestPasswordReset", "email", typed)
	ask("requestPasswordReset", "email", all["eve's next address"])
	token = link("the reset", all["eve's next address"], "Set a new password")
	ask("resetPassword", "token", token, "newPassword", typed[:5])
	made := exchange(t, "POST", s.URL()+"/email/reset-password", url.Values{"token": {token}, "do": {"make"}}.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "Accept", "application/json", "X-Forwarded-For", eve.Client)
	if _, rest, ok := strings.Cut(made.body, `"password":"`); ok {
		all["the password made"] = rest[:strings.Index(rest, `"`)]
	} else {
		t.Fatalf("no password made: %d", made.status)
	}
	for _, do := range []string{"undo", "undo", typed} {
		exchange(t, "POST", s.URL()+"/email/not-me", url.Values{"token": {undo}, "do": {do}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	}
	ask("deleteAccount", "password", all["the password made"])
}

// awaitLog waits until the log holds all of these.
func awaitLog(t *testing.T, s *testenv.Stack, texts ...string) {
	t.Helper()
	for _, text := range texts {
		testenv.Await(t, patience, text+" in the log", func() bool { return strings.Contains(s.Log(), text) })
	}
}

// idOfProxies is what a proxy may call a request.
var idOfProxies = regexp.MustCompile(`^[A-Za-z0-9-]{20,64}$`)

// No log holds a password, a token, a link, an address or a name, whatever is
// done to the service, also at the most talkative level; and no trace does.
func TestLogs_I7(t *testing.T) {
	t.Parallel()
	c := testenv.NewCollector(t)
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		all := useEverything(t, s)
		awaitLog(t, s, `"message":"request"`, `"message":"mail sent"`, `"message":"login"`, `"message":"registered"`,
			`"message":"account created"`, `"message":"used refresh token came again, session ended"`, `"method":"other"`)
		last := exchange(t, "GET", s.Replicas[0].URL+"/livez", "").header.Get("X-Request-Id")
		awaitLog(t, s, last, `"message":"username changed"`, `"message":"email changed"`, `"message":"password reset"`, `"message":"event taken back"`)
		all.mustBeMissingIn(t, s.Log())
		for _, p := range s.Replicas {
			const path = "/.well-known/jwks.json"
			c.Await(t, "the last request", called("GET "+path, exchange(t, "GET", p.URL+path, "").header.Get("X-Request-Id")))
		}
		all.mustBeMissingIn(t, c.Text())
	}, "LOG_LEVEL=debug", "SECRET_KEY="+knownSecret, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL)
}

// So it is while the mail server, Redis and the database fail, one after the
// other, and what fails is told.
func TestLogsInTrouble_I7(t *testing.T) {
	t.Parallel()
	s := testenv.NewProduction(t, "LOG_LEVEL=debug")
	smtp, redis, postgres := s.Through(t, "MAIL_SERVER"), s.Through(t, "REDIS_URL"), s.Through(t, "DATABASE_URL")
	s.Add(t)
	s.AwaitReady(t)
	ada, bob := s.Join(t), testenv.Newcomer()
	all := secrets{"what was typed": typed, "the secret key": s.Setting("SECRET_KEY"), "the mail password": s.Setting("MAIL_PASSWORD")}
	for _, name := range []string{"DATABASE_URL", "REDIS_URL"} {
		if u, err := url.Parse(s.Setting(name)); err == nil && u.User != nil {
			all["the password in "+name], _ = u.User.Password()
		}
	}
	all.person("ada", ada)
	all.person("bob", bob)
	all["bob's link"] = s.Register(t, bob)
	link := strings.TrimPrefix(s.Mails(t, bob.Email)[0].Links[0], public(s))
	ask := func() {
		browse(t, s.URL(), "GET", link)
		for _, r := range []testenv.Request{
			{Query: testenv.MeOp, Bearer: ada.Access}, loginRequest(ada.Username, typed, ada.Client), loginRequest(ada.Email, ada.Password, ada.Client), registerRequest(testenv.Newcomer()),
			resendRequest(bob.Email, bob.Client), confirmRequest(all["bob's link"]+"x", typed, bob.Client), refreshRequest(ada.Refresh),
			{Query: testenv.LogoutOp, Variables: testenv.Input("refreshToken", ada.Refresh+"x"), Bearer: "x"},
		} {
			if _, err := testenv.TryPost(s.URL(), r); err != nil {
				t.Fatal(err)
			}
		}
	}
	smtp.Refuse()
	ask()
	awaitLog(t, s, "mail server away")
	redis.Refuse()
	ask()
	awaitLog(t, s, "redis does not answer")
	redis.Pass(t)
	postgres.Refuse()
	ask()
	awaitLog(t, s, `"message":"unavailable"`, `"where":"me"`, `"where":"`+linkPath+`"`)
	for range 3 {
		ask()
	}
	if n := strings.Count(s.Log(), `"message":"unavailable"`); n > 18 { // nine a minute, and a minute may end meanwhile
		t.Errorf("%d lines of requests that failed", n)
	}
	all.mustBeMissingIn(t, s.Log())
}

// Every line of a log is one of JSON, so that no text that came from outside
// makes lines of its own.
func TestLogLines_I7(t *testing.T) {
	t.Parallel()
	s := sharedProduction.use(t)
	exchange(t, "GET", s.Replicas[0].URL+"/x%0a%7b%22level%22:%22fatal%22%7d?a=%0d%0aforged", "", "User-Agent", "forged", "X-Forwarded-For", "forged")
	last := exchange(t, "GET", s.Replicas[0].URL+"/livez", "").header.Get("X-Request-Id")
	awaitLog(t, s, last)
	for line := range strings.Lines(s.Replicas[0].Log()) {
		if !strings.HasPrefix(line, `{"level":"`) && strings.HasSuffix(line, "\n") || strings.Contains(line, "forged") {
			t.Errorf("a line of the log: %q", line)
		}
	}
	if levels := []string{"fatal", "panic"}; slices.ContainsFunc(levels, func(l string) bool { return strings.Contains(s.Log(), `"level":"`+l) }) {
		t.Error("the log was forged, or the server panicked")
	}
}
