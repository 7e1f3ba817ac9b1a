package e2e_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

const (
	tokenPath      = "/auth/token"
	revokePath     = "/auth/revoke"
	introspectPath = "/auth/introspect"
)

// formOf are parameters in pairs, as a body.
func formOf(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func passwordForm(p *testenv.Person, more ...string) string {
	return formOf(append([]string{"grant_type", "password", "username", p.Username, "password", p.Password}, more...)...)
}

func refreshForm(token string, more ...string) string {
	return formOf(append([]string{"grant_type", "refresh_token", "refresh_token", token}, more...)...)
}

// asShop and asBilling are the parameters by which the clients authenticate.
var (
	asShop    = []string{"client_id", shopID, "client_secret", shopSecret}
	asBilling = []string{"client_id", billingID, "client_secret", billingSecret}
)

// spoken is an answer of an OAuth endpoint.
type spoken struct {
	page
	json map[string]any
}

func (s spoken) text(name string) string {
	text, _ := s.json[name].(string)
	return text
}

// speak posts a form to an OAuth endpoint of the stack, from p's address, and
// asks again while the server is busy.
func speak(t *testing.T, s *testenv.Stack, path, body, client string, header ...string) (a spoken) {
	t.Helper()
	header = append([]string{"Content-Type", "application/x-www-form-urlencoded", "X-Forwarded-For", client}, header...)
	testenv.Await(t, patience, "a busy server", func() bool {
		a = spoken{page: exchange(t, http.MethodPost, s.URL()+path, body, header...)}
		return a.status != http.StatusServiceUnavailable
	})
	if a.body != "" {
		if err := json.Unmarshal([]byte(a.body), &a.json); err != nil {
			t.Fatalf("%s: %v in %d %s", path, err, a.status, a.body)
		}
	}
	return a
}

// mustDeny fails the test unless the answer is this error.
func mustDeny(t *testing.T, what string, a spoken, status int, code string) {
	t.Helper()
	if a.status != status || a.text("error") != code || a.text("error_description") == "" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: got %d %s, want %d %s", what, a.status, cut(a.body), status, code)
	}
	if challenge := a.header.Get("WWW-Authenticate"); (challenge != "") != (status == http.StatusUnauthorized) {
		t.Errorf("%s: WWW-Authenticate is %q", what, challenge)
	}
}

// granted are the tokens of an answer that must hold some.
func granted(t *testing.T, a spoken) (access, refresh string) {
	t.Helper()
	access, refresh = a.text("access_token"), a.text("refresh_token")
	if a.status != http.StatusOK || access == "" || refresh == "" || a.text("token_type") != "Bearer" || a.json["expires_in"] != 900.0 ||
		a.header.Get("Cache-Control") != "no-store" || a.header.Get("Pragma") != "no-cache" {
		t.Fatalf("no tokens: %d %v %s", a.status, a.header, a.body)
	}
	return access, refresh
}

// A session that OAuth opened is one like any other: the API knows its token,
// lists it and ends it.
func TestPasswordGrant_G1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		access, token := granted(t, speak(t, s, tokenPath, passwordForm(ada), ada.Client))
		mustBe(t, s.URL(), access, ada.ID)
		if _, claims := parts(t, access); claims["client_id"] != "latchkey" {
			t.Errorf("client_id is %v", claims["client_id"])
		}
		if n := len(devices(t, s.URL(), access)); n != 2 {
			t.Errorf("%d devices, want 2", n)
		}
		// Both ways to refresh are one: a token of either is traded at the other.
		_, token = refresh(t, s.URL(), token)
		access, token = granted(t, speak(t, s, tokenPath, refreshForm(token, "client_id", "latchkey"), ada.Client))
		again, same := granted(t, speak(t, s, tokenPath, refreshForm(token), ada.Client))
		if same == token || again == access {
			t.Error("refreshing gave the same tokens")
		}
		if a := speak(t, s, revokePath, formOf("token", same), ada.Client); a.status != 200 || a.body != "" {
			t.Errorf("revoke: %d %s", a.status, a.body)
		}
		mustBeRevoked(t, s.URL(), again)
		mustDeny(t, "refresh after revoke", speak(t, s, tokenPath, refreshForm(same), ada.Client), 400, "invalid_grant")
		if n := len(devices(t, s.URL(), ada.Access)); n != 1 {
			t.Errorf("%d devices after revoking, want 1", n)
		}
	})
}

// Each mistake has the code and status of RFC 6749 section 5.2.
func TestTokenErrors_G1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		good := passwordForm(ada)
		for name, c := range map[string]struct {
			body   string
			status int
			code   string
		}{
			"nothing":                 {"", 400, "invalid_request"},
			"no grant_type":           {formOf("username", ada.Username, "password", typed), 400, "invalid_request"},
			"no password":             {formOf("grant_type", "password", "username", ada.Username), 400, "invalid_request"},
			"no username":             {formOf("grant_type", "password", "password", typed), 400, "invalid_request"},
			"no refresh_token":        {formOf("grant_type", "refresh_token"), 400, "invalid_request"},
			"twice":                   {good + "&password=" + typed, 400, "invalid_request"},
			"an unknown one twice":    {good + "&x=1&x=2", 400, "invalid_request"},
			"NUL":                     {good + "&x=%00", 400, "invalid_request"},
			"NUL in the username":     {formOf("grant_type", "password", "username", "\x00", "password", typed), 400, "invalid_request"},
			"bad UTF-8":               {"grant_type=password&username=%ff&password=" + typed, 400, "invalid_request"},
			"a surrogate":             {"grant_type=password&username=a&password=%ED%A0%80", 400, "invalid_request"},
			"too large":               {good + "&x=" + strings.Repeat("x", 100<<10), 413, "invalid_request"},
			"another grant":           {formOf("grant_type", "client_credentials"), 400, "unsupported_grant_type"},
			"a scope":                 {passwordForm(ada, "scope", "openid"), 400, "invalid_scope"},
			"a wrong password":        {formOf("grant_type", "password", "username", ada.Username, "password", typed), 400, "invalid_grant"},
			"nobody":                  {formOf("grant_type", "password", "username", testenv.Username(), "password", typed), 400, "invalid_grant"},
			"an access token":         {refreshForm(ada.Access), 400, "invalid_grant"},
			"another client":          {passwordForm(ada, "client_id", "nobody"), 401, "invalid_client"},
			"shop without its secret": {passwordForm(ada, "client_id", shopID), 401, "invalid_client"},
			"shop with another's":     {passwordForm(ada, "client_id", shopID, "client_secret", billingSecret), 401, "invalid_client"},
		} {
			mustDeny(t, name, speak(t, s, tokenPath, c.body, ada.Client), c.status, c.code)
		}
		for _, header := range [][]string{{"Authorization", "Bearer " + ada.Access}, {"Authorization", "Basic " + typed}, {"Authorization", "Basic Og=="}} {
			mustDeny(t, header[1], speak(t, s, tokenPath, good, ada.Client, header...), 401, "invalid_client")
		}
		for _, path := range []string{tokenPath, revokePath, introspectPath} {
			mustDeny(t, "a query at "+path, speak(t, s, path+"?token="+typed, formOf("token", "x"), ada.Client), 400, "invalid_request")
			p := exchange(t, "POST", s.URL()+path, `{"token":"x"}`, "Content-Type", "application/json")
			if p.status != 400 || !strings.Contains(p.body, `"error":"invalid_request"`) {
				t.Errorf("JSON at %s: %d %s", path, p.status, p.body)
			}
			if p := exchange(t, "GET", s.URL()+path, ""); p.status != 405 || p.header.Get("Allow") != "OPTIONS, POST" {
				t.Errorf("GET %s: %d, Allow is %q", path, p.status, p.header.Get("Allow"))
			}
		}
		mustBe(t, s.URL(), ada.Access, ada.ID) // nothing of this ended a session
	})
}

// A session belongs to the client that opened it. Another one's try to refresh
// or revoke it changes nothing.
func TestBoundToItsClient_G1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		access, token := granted(t, speak(t, s, tokenPath, passwordForm(ada, asShop...), ada.Client))
		if _, claims := parts(t, access); claims["client_id"] != shopID {
			t.Errorf("client_id is %v, want %s", claims["client_id"], shopID)
		}
		for range 2 {
			mustDeny(t, "nobody refreshes", speak(t, s, tokenPath, refreshForm(token), ada.Client), 400, "invalid_grant")
			mustDeny(t, "billing refreshes", speak(t, s, tokenPath, refreshForm(token, asBilling...), ada.Client), 400, "invalid_grant")
			mustSay(t, testenv.Post(t, s.URL(), refreshRequest(token)), "refresh", "TOKEN_INVALID")
			mustDeny(t, "nobody revokes", speak(t, s, revokePath, formOf("token", token), ada.Client), 400, "invalid_grant")
			mustDeny(t, "billing revokes", speak(t, s, revokePath, formOf(append(asBilling, "token", access)...), ada.Client), 400, "invalid_grant")
		}
		mustBe(t, s.URL(), access, ada.ID)
		_, token = granted(t, speak(t, s, tokenPath, refreshForm(token, asShop...), ada.Client))
		mustDeny(t, "shop refreshes a session of nobody's", speak(t, s, tokenPath, refreshForm(ada.Refresh, asShop...), ada.Client), 400, "invalid_grant")
		if _, next := refresh(t, s.URL(), ada.Refresh); next == "" {
			t.Error("the session of the API was rotated by shop")
		}
		if a := speak(t, s, revokePath, formOf(append(asShop, "token", token)...), ada.Client); a.status != 200 {
			t.Errorf("shop revokes: %d %s", a.status, a.body)
		}
		mustBeRevoked(t, s.URL(), access)
	})
}

// What introspection says is true at that moment, on every replica.
func TestIntrospect_E5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		ask := func(token string) map[string]any {
			t.Helper()
			a := speak(t, s, introspectPath, formOf(append(asBilling, "token", token)...), ada.Client)
			if a.status != 200 || a.header.Get("Cache-Control") != "no-store" {
				t.Fatalf("introspect: %d %s", a.status, a.body)
			}
			return a.json
		}
		inactive := func(what, token string) {
			t.Helper()
			for range s.Replicas {
				if got := ask(token); len(got) != 1 || got["active"] != false {
					t.Errorf("%s: %v", what, got)
				}
			}
		}
		access, token := granted(t, speak(t, s, tokenPath, passwordForm(ada, asShop...), ada.Client))
		_, claims := parts(t, access)
		got := ask(access)
		for _, name := range []string{"iss", "aud", "sub", "sid", "jti", "iat", "exp", "client_id"} {
			if got[name] != claims[name] {
				t.Errorf("%s: got %v, want %v", name, got[name], claims[name])
			}
		}
		if got["active"] != true || got["username"] != ada.Username || got["token_type"] != "Bearer" || len(got) != 11 {
			t.Errorf("access: %v", got)
		}
		if got := ask(token); got["active"] != true || got["sub"] != ada.ID || got["client_id"] != shopID || got["exp"] == nil || len(got) != 4 {
			t.Errorf("refresh: %v", got)
		}
		inactive("garbage", "x")
		inactive("a one-time token", "lko_"+typed)
		a := testenv.Post(t, s.URL(), testenv.Request{Query: revokeOthersOp, Bearer: ada.Access})
		if a.Code() != "" {
			t.Fatalf("revoke others: %s", a.Body)
		}
		inactive("access of a revoked session", access)
		inactive("refresh of a revoked session", token)
		if got := ask(ada.Access); got["active"] != true || got["client_id"] != "latchkey" {
			t.Errorf("a token of the API: %v", got)
		}
		if _, err := s.DB(t).Exec(t.Context(), `UPDATE users SET disabled_at = created_at WHERE id = $1`, ada.ID); err != nil {
			t.Fatal(err)
		}
		inactive("access of a disabled user", ada.Access)
		inactive("refresh of a disabled user", ada.Refresh)
		mustDeny(t, "a disabled user", speak(t, s, tokenPath, passwordForm(ada), ada.Client), 400, "invalid_grant")
		for name, header := range map[string][]string{"nobody": nil, "a bearer": {"Authorization", "Bearer " + ada.Access}, "a liar": {"Authorization", "Basic c2hvcDp4"}} {
			mustDeny(t, name, speak(t, s, introspectPath, formOf("token", access), ada.Client, header...), 401, "invalid_client")
		}
	})
}

// Tries at the token endpoint and at the API are counted together.
func TestTokenThrottle_C7(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, c *counted) {
		s, ada, client := c.Stack, c.Join(t), testenv.ClientAddress()
		began := time.Now()
		for range pairTries / 2 {
			mustDeny(t, "a wrong password", speak(t, s, tokenPath, formOf("grant_type", "password", "username", ada.Username, "password", typed), client), 400, "invalid_grant")
			mustSay(t, testenv.Post(t, s.URL(), loginRequest(ada.Username, typed, client)), "login", "INVALID_CREDENTIALS")
		}
		a := speak(t, s, tokenPath, passwordForm(ada), client)
		if a.status == http.StatusOK && (c.soonDisturbed() || time.Since(began) > pairWait*time.Second) {
			return // each replica counted for itself, or a try was given back by time
		}
		mustDeny(t, "the eleventh try", a, http.StatusTooManyRequests, "temporarily_unavailable")
		if wait, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || wait < 1 || wait > pairWait {
			t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
		}
		granted(t, speak(t, s, tokenPath, passwordForm(ada), ada.Client)) // from elsewhere the owner comes in (C5)
	})
}

// The metadata names what is there, and the grant goes when it is turned off.
func TestMetadata_G1(t *testing.T) {
	t.Parallel()
	read := func(t *testing.T, s *testenv.Stack) (m map[string]any) {
		t.Helper()
		p := exchange(t, "GET", s.URL()+"/.well-known/oauth-authorization-server", "")
		if err := json.Unmarshal([]byte(p.body), &m); err != nil || p.status != 200 || p.header.Get("Content-Type") != "application/json" {
			t.Fatalf("metadata: %d %s", p.status, p.body)
		}
		return m
	}
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		m := read(t, s)
		for name, want := range map[string]string{
			"issuer": "", "token_endpoint": tokenPath, "revocation_endpoint": revokePath, "introspection_endpoint": introspectPath,
			"jwks_uri": "/.well-known/jwks.json",
		} {
			if m[name] != public(s)+want {
				t.Errorf("%s is %v", name, m[name])
			}
		}
	})
	s := testenv.Embedded(t, "OAUTH_PASSWORD_GRANT=off")
	m := read(t, s)
	want := []string{"grant_types_supported", "issuer", "jwks_uri", "response_types_supported", "revocation_endpoint",
		"revocation_endpoint_auth_methods_supported", "token_endpoint", "token_endpoint_auth_methods_supported"}
	if got := slices.Sorted(maps.Keys(m)); !slices.Equal(got, want) {
		t.Errorf("without the grant and clients: got %v, want %v", got, want)
	}
	if grants, _ := m["grant_types_supported"].([]any); len(grants) != 1 || grants[0] != "refresh_token" {
		t.Errorf("grants: %v", grants)
	}
	ada := s.Join(t)
	mustDeny(t, "the grant is off", speak(t, s, tokenPath, passwordForm(ada), ada.Client), 400, "unsupported_grant_type")
	granted(t, speak(t, s, tokenPath, refreshForm(ada.Refresh), ada.Client))
}

// Pages of CORS_ORIGINS may use what pages need; introspection is for backends.
func TestOAuthCORS_I5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		for path, methods := range map[string][]string{
			tokenPath: {"POST"}, revokePath: {"POST"}, introspectPath: nil,
			"/.well-known/jwks.json": {"GET"}, "/.well-known/oauth-authorization-server": {"GET"},
		} {
			for _, origin := range []string{allowedOrigin, foreignOrigin, "null"} {
				for _, method := range []string{"GET", "POST"} {
					want := ""
					if origin == allowedOrigin && slices.Contains(methods, method) {
						want = origin
					}
					preflight := exchange(t, "OPTIONS", s.URL()+path, "", "Origin", origin, "Access-Control-Request-Method", method,
						"Access-Control-Request-Headers", "authorization,content-type")
					p := exchange(t, method, s.URL()+path, "", "Origin", origin, "Content-Type", "application/x-www-form-urlencoded")
					for what, got := range map[string]string{
						"preflight": preflight.header.Get("Access-Control-Allow-Origin"), "answer": p.header.Get("Access-Control-Allow-Origin"),
					} {
						if got != want {
							t.Errorf("%s %s from %s: the %s allows %q, want %q", method, path, origin, what, got, want)
						}
					}
				}
			}
		}
	})
}

// A database that is away is 503 and nobody's fault; keys and metadata stay up.
func TestOAuthWithoutDatabase_R1(t *testing.T) {
	t.Parallel()
	s := testenv.NewProduction(t, "OAUTH_CLIENTS="+oauthClients)
	postgres := s.Through(t, "DATABASE_URL")
	s.Add(t)
	s.AwaitReady(t)
	ada := s.Join(t)
	postgres.Refuse()
	for what, c := range map[string]struct{ path, body string }{
		"password": {tokenPath, passwordForm(ada)}, "refresh": {tokenPath, refreshForm(ada.Refresh)}, "revoke": {revokePath, formOf("token", ada.Refresh)},
		"introspect": {introspectPath, formOf(append(asShop, "token", ada.Access)...)},
	} {
		p := exchange(t, "POST", s.URL()+c.path, c.body, "Content-Type", "application/x-www-form-urlencoded")
		if p.status != 503 || p.header.Get("Retry-After") == "" || !strings.Contains(p.body, `"error":"temporarily_unavailable"`) || p.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v %s", what, p.status, p.header, p.body)
		}
	}
	for _, path := range []string{"/.well-known/jwks.json", "/.well-known/oauth-authorization-server"} {
		if p := exchange(t, "GET", s.URL()+path, ""); p.status != 200 {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	postgres.Pass(t)
	access, token := granted(t, speak(t, s, tokenPath, refreshForm(ada.Refresh), ada.Client)) // was not spent
	for _, secret := range []string{ada.Password, ada.Access, ada.Refresh, access, token, shopSecret, billingSecret} {
		if strings.Contains(s.Log(), secret) {
			t.Error("the log holds a secret (I7)")
		}
	}
}
