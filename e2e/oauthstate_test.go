package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

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
		for _, name := range []string{"iss", "aud", "sub", "sid", "jti", "iat", "exp", "client_id", "role", "email", "email_verified", "auth_time", "acr"} {
			if got[name] != claims[name] {
				t.Errorf("%s: got %v, want %v", name, got[name], claims[name])
			}
		}
		if got["active"] != true || got["username"] != ada.Username || got["token_type"] != "Bearer" || fmt.Sprint(got["amr"]) != "[pwd]" || len(got) != 17 {
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
	readAt := func(t *testing.T, s *testenv.Stack, path string) (m map[string]any) {
		t.Helper()
		p := exchange(t, "GET", s.URL()+path, "")
		if err := json.Unmarshal([]byte(p.body), &m); err != nil || p.status != 200 || p.header.Get("Content-Type") != "application/json" {
			t.Fatalf("metadata: %d %s", p.status, p.body)
		}
		return m
	}
	// read returns the metadata, of which OpenID Connect's are the same and two more.
	read := func(t *testing.T, s *testenv.Stack) map[string]any {
		t.Helper()
		m, openID := readAt(t, s, "/.well-known/oauth-authorization-server"), readAt(t, s, openIDPath)
		if subjects, _ := json.Marshal(openID["subject_types_supported"]); string(subjects) != `["public"]` {
			t.Errorf("subject types: %s", subjects)
		}
		if openID["id_token_signing_alg_values_supported"] == nil || openID["authorization_endpoint"] != nil {
			t.Errorf("OpenID Connect: %v", openID)
		}
		delete(openID, "subject_types_supported")
		delete(openID, "id_token_signing_alg_values_supported")
		if !reflect.DeepEqual(openID, m) {
			t.Errorf("OpenID Connect has %v, OAuth %v", openID, m)
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
			"/.well-known/jwks.json": {"GET"}, "/.well-known/oauth-authorization-server": {"GET"}, openIDPath: {"GET"},
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
					if method == "POST" && !strings.HasPrefix(path, "/.well-known") && (p.status == 403) != (origin != allowedOrigin) {
						t.Errorf("POST %s from %s: %d %s", path, origin, p.status, p.body)
					}
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
	if p := exchange(t, "GET", s.URL()+verifyPath, "", "Authorization", "Bearer "+ada.Access); p.status != 503 || p.header.Get("Retry-After") == "" || p.header.Get("X-User-Id") != "" {
		t.Errorf("verify: %d %v %s", p.status, p.header, p.body)
	}
	for _, path := range []string{"/.well-known/jwks.json", "/.well-known/oauth-authorization-server", openIDPath} {
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
