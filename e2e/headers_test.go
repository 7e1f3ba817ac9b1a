package e2e_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// visit is a request and the status of its answer.
type visit struct {
	method, path string
	status       int
	header       []string
	body         string
}

// visits lead to every path and every status that the stack has.
func visits(t *testing.T, s *testenv.Stack) []visit {
	t.Helper()
	ada, bob := testenv.Newcomer(), testenv.Newcomer()
	token := s.Register(t, ada)
	s.Register(t, bob)
	link := linkPath + "?" + url.Values{"token": {token}, "email": {ada.Email}}.Encode()
	asForm, asJSON := []string{"Content-Type", "application/x-www-form-urlencoded"}, []string{"Content-Type", "application/json"}
	form := func(do string) string { return url.Values{"token": {token}, "email": {ada.Email}, "do": {do}}.Encode() }
	with := func(header []string, more ...string) []string { return append(append([]string{}, header...), more...) }
	client := testenv.ClientAddress()
	cleo := s.Join(t)
	list := []visit{
		{"POST", "/graphql", 200, asJSON, typenameBody},
		{"POST", "/graphql", 200, asJSON, document("{ nothing }")},
		{"POST", "/graphql", 200, with(asJSON, "Authorization", "Bearer x"), document(testenv.MeOp)},
		{"POST", "/graphql", 200, with(asJSON, "Origin", public(s), "X-Forwarded-For", client), document(loginText)},
		{"POST", "/graphql", 200, with(asJSON, "Origin", allowedOrigin), typenameBody},
		{"POST", "/graphql", 400, with(asJSON, "Accept", "application/graphql-response+json"), document("{")},
		{"POST", "/graphql", 400, asJSON, "{"},
		{"GET", "/graphql", 400, nil, ""},
		{"HEAD", "/graphql", 400, nil, ""},
		{"PUT", "/graphql", 405, nil, ""},
		{"OPTIONS", "/graphql", 405, nil, ""},
		{"OPTIONS", "/graphql", 204, []string{"Origin", allowedOrigin, "Access-Control-Request-Method", "POST"}, ""},
		{"OPTIONS", "/graphql", 204, []string{"Origin", foreignOrigin, "Access-Control-Request-Method", "POST"}, ""},
		{"POST", "/graphql", 406, with(asJSON, "Accept", "text/html"), typenameBody},
		{"POST", "/graphql", 413, asJSON, strings.Repeat("x", 200<<10)},
		{"POST", "/graphql", 415, nil, typenameBody},
		{"GET", link, 200, nil, ""},
		{"HEAD", link, 200, nil, ""},
		{"OPTIONS", link, 204, nil, ""},
		{"DELETE", link, 405, nil, ""},
		{"POST", linkPath, 400, asForm, form("x")},
		{"POST", linkPath, 403, with(asForm, "Origin", foreignOrigin), form("confirm")},
		{"POST", linkPath, 413, asForm, strings.Repeat("x", 20<<10)},
		{"POST", linkPath, 415, asJSON, "{}"},
		{"POST", linkPath, 422, with(asForm, "X-Forwarded-For", client), url.Values{"email": {"x"}, "do": {"resend"}}.Encode()},
		{"POST", linkPath, 200, with(asForm, "X-Forwarded-For", client), url.Values{"email": {ada.Email}, "do": {"resend"}}.Encode()},
		{"POST", linkPath, 200, asForm, form("confirm")},
		{"POST", linkPath, 410, asForm, form("confirm")},
		{"GET", link, 410, nil, ""},
		{"HEAD", link, 410, nil, ""},
		{"GET", linkPath, 410, nil, ""},
		{"GET", "/", 200, nil, ""},
		{"HEAD", "/", 200, nil, ""},
		{"POST", "/", 405, nil, ""},
		{"OPTIONS", "/", 204, nil, ""},
		{"POST", "/auth/token", 200, with(asForm, "X-Forwarded-For", client), passwordForm(cleo)},
		{"POST", "/auth/token", 400, with(asForm, "X-Forwarded-For", client), "grant_type=password&username=nobody&password=wrong+one"},
		{"POST", "/auth/token", 401, asForm, "client_id=nobody"},
		{"GET", "/auth/token", 405, nil, ""},
		{"OPTIONS", "/auth/token", 204, nil, ""},
		{"OPTIONS", "/auth/token", 204, []string{"Origin", allowedOrigin, "Access-Control-Request-Method", "POST"}, ""},
		{"POST", "/auth/token", 413, asForm, strings.Repeat("x", 20<<10)},
		{"POST", "/auth/revoke", 200, asForm, "token=x"},
		{"POST", "/auth/introspect", 401, asForm, "token=x"},
		{"POST", "/auth/introspect", 200, asForm, url.Values{"token": {"x"}, "client_id": {shopID}, "client_secret": {shopSecret}}.Encode()},
		{"GET", "/auth/verify", 200, []string{"Authorization", "Bearer " + cleo.Access}, ""},
		{"HEAD", "/auth/verify", 401, nil, ""},
		{"GET", "/auth/verify?role=ADMIN", 403, []string{"Authorization", "Bearer " + cleo.Access}, ""},
		{"GET", "/auth/verify?x=1", 400, nil, ""},
		{"POST", "/auth/verify", 405, nil, ""},
		{"GET", "/.well-known/jwks.json", 200, nil, ""},
		{"HEAD", "/.well-known/jwks.json", 200, nil, ""},
		{"POST", "/.well-known/jwks.json", 405, nil, ""},
		{"GET", "/.well-known/oauth-authorization-server", 200, nil, ""},
		{"GET", "/.well-known/openid-configuration", 200, nil, ""},
		{"GET", "/auth/", 404, nil, ""},
		{"GET", "/.well-known/", 404, nil, ""},
		{"GET", "/livez", 200, nil, ""},
		{"POST", "/livez", 405, nil, ""},
		{"GET", "/readyz", 200, nil, ""},
		{"GET", "/nowhere", 404, nil, ""},
		{"POST", "/nowhere", 404, asJSON, "{}"},
		{"FROBNICATE", "/nowhere", 404, nil, ""},
		{"GET", "/graphql/", 404, nil, ""},
		{"GET", "/email/", 404, nil, ""},
		{"GET", "/assets/", 404, nil, ""},
		{"GET", "//nowhere", 307, nil, ""},
		{"GET", "/favicon.ico", 404, nil, ""},
		{"GET", "/metrics", 404, nil, ""},
		{"GET", "/debug/pprof/", 404, nil, ""},
	}
	for _, path := range assets(t, s, "/", linkPath) {
		list = append(list, visit{"GET", path, 200, nil, ""}, visit{"DELETE", path, 405, nil, ""})
	}
	if secure(s) {
		return append(list, visit{"GET", "/dev/mail", 404, nil, ""}, visit{"GET", "/dev/mail.json", 404, nil, ""}, visit{"GET", "/dev/mail/1", 404, nil, ""})
	}
	var mail string
	for _, id := range regexp.MustCompile(`href="(/dev/mail/[^"]+)"`).FindAllStringSubmatch(exchange(t, "GET", s.URL()+"/dev/mail", "").body, -1) {
		mail = id[1]
	}
	return append(list,
		visit{"GET", "/dev/mail", 200, nil, ""}, visit{"GET", "/dev/mail?to=nobody", 200, nil, ""}, visit{"GET", "/dev/mail.json", 200, nil, ""},
		visit{"GET", mail, 200, nil, ""}, visit{"GET", "/dev/mail/none", 404, nil, ""},
		visit{"GET", "/dev/mail", 421, []string{"Host", "evil.example"}, ""}, visit{"POST", "/dev/mail", 405, nil, ""})
}

// assets lists the files of ours that pages load.
func assets(t *testing.T, s *testenv.Stack, pages ...string) (all []string) {
	t.Helper()
	for _, path := range pages {
		for _, found := range regexp.MustCompile(`"(/assets/[^"]+)"`).FindAllStringSubmatch(exchange(t, "GET", s.URL()+path, "").body, -1) {
			all = append(all, found[1])
		}
	}
	if len(all) == 0 {
		t.Error("the pages load nothing of ours")
	}
	return all
}

// Every answer carries the headers that browsers protect people by, and the id
// of the request, which is the server's own.
func TestSecurityHeaders_I8(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ids := map[string]bool{}
		for _, v := range visits(t, s) {
			p := exchange(t, v.method, s.URL()+v.path, v.body, append([]string{"X-Request-Id", "theirs"}, v.header...)...)
			what := v.method + " " + v.path
			if p.status != v.status {
				t.Errorf("%s: got %d, want %d: %s", what, p.status, v.status, cut(p.body))
			}
			mustProtect(t, what, s, p)
			id := p.header.Get("X-Request-Id")
			if len(p.header.Values("X-Request-Id")) != 1 || len(id) < 20 || ids[id] {
				t.Errorf("%s: the id of the request is %q", what, id)
			}
			ids[id] = true
		}
	})
}

func mustProtect(t *testing.T, what string, s *testenv.Stack, p page) {
	t.Helper()
	want := map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Strict-Transport-Security": "", "Server": "", "X-Powered-By": ""}
	if secure(s) {
		want["Strict-Transport-Security"] = "max-age=63072000"
	}
	for name, value := range want {
		if got := strings.Join(p.header.Values(name), ", "); got != value {
			t.Errorf("%s: %s is %q, want %q", what, name, got, value)
		}
	}
	policies := p.header.Values("Content-Security-Policy")
	if len(policies) != 1 || !strings.HasPrefix(policies[0], "default-src 'none'") || !strings.Contains(policies[0], "base-uri 'none'") ||
		!strings.Contains(policies[0], "frame-ancestors 'none'") {
		t.Errorf("%s: the policy is %q", what, policies)
	}
	inline := strings.Join(policies, "")
	if strings.HasPrefix(what, "GET /dev/mail/") { // a mail has styles of its own, and nothing that runs
		inline = strings.Replace(inline, "style-src 'self' 'unsafe-inline';", "", 1)
		if strings.Contains(inline, "script-src") {
			t.Errorf("%s: scripts run beside a mail: %q", what, policies)
		}
	}
	if strings.Contains(inline, "unsafe") {
		t.Errorf("%s: the policy %q lets inline code in", what, policies)
	}
	if kind := p.header.Get("Content-Type"); p.body != "" && kind == "" || strings.Contains(kind, "html") && !strings.Contains(kind, "charset=utf-8") {
		t.Errorf("%s: the type is %q", what, kind)
	}
}

// A server whose database is away answers under the same headers.
func TestSecurityHeadersInTrouble_I8(t *testing.T) {
	t.Parallel()
	s := testenv.NewProduction(t)
	postgres := s.Through(t, "DATABASE_URL")
	s.Add(t)
	s.AwaitReady(t)
	token := s.Register(t, testenv.Newcomer())
	postgres.Refuse()
	for path, status := range map[string]int{"/livez": 200, "/readyz": 503, linkPath + "?token=" + token: 503} {
		p := browse(t, s.URL(), http.MethodGet, path) // what is down may have a name here
		if p.status != status {
			t.Errorf("GET %s: got %d, want %d: %s", path, p.status, status, cut(p.body))
		}
		mustProtect(t, path, s, p)
	}
}
