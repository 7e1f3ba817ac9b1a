package oauth_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/jwt"
	"latchkey/internal/oauth"
)

// What others ask of the API, from where these tests' HTTP requests come from.
var (
	testClient = auth.Actor{Way: auth.ByOAuth, Client: auth.Client{Addr: netip.MustParseAddr("192.0.2.1")}}
	wrongLogin = auth.LoginInput{Login: "ada", Password: "wrong one"}
	rightLogin = auth.LoginInput{Login: "ada", Password: goodPassword}
)

func TestIntrospect_G1(t *testing.T) {
	f := setup(t)
	access, refresh := f.tokens(f.as(shop, shopSecret, oauth.TokenPath, adaPairs()...))
	claims, err := f.keys.Verify(access, f.now)
	must(t, err)
	ask := func(token string) map[string]any {
		t.Helper()
		a := f.as(billing, billingSecret, oauth.IntrospectPath, "token", token, "token_type_hint", "whatever")
		if a.Code != 200 || a.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("introspect: %d %s", a.Code, a.Body)
		}
		return a.JSON
	}
	wantAccess := map[string]any{
		"active": true, "client_id": shop, "username": "ada", "token_type": "Bearer", "sub": f.ada.ID, "aud": "https://api.example.org",
		"iss": "https://auth.example.org", "exp": float64(claims.ExpiresAt.Unix()), "iat": float64(claims.IssuedAt.Unix()),
		"jti": claims.ID, "sid": claims.SessionID, "role": "USER", "email": "ada@example.org", "email_verified": true,
		"auth_time": float64(f.now.Unix()), "acr": "aal1", "amr": []any{"pwd"},
	}
	if got := ask(access); !reflect.DeepEqual(got, wantAccess) {
		t.Errorf("access: got %v, want %v", got, wantAccess)
	}
	wantRefresh := map[string]any{"active": true, "client_id": shop, "sub": f.ada.ID, "exp": float64(f.now.Add(time.Hour).Unix())}
	if got := ask(refresh); !maps.Equal(got, wantRefresh) {
		t.Errorf("refresh: got %v, want %v", got, wantRefresh)
	}
	inactive := func(what, token string) {
		t.Helper()
		if got := ask(token); len(got) != 1 || got["active"] != false {
			t.Errorf("%s: %v, want only active: false", what, got)
		}
	}
	inactive("garbage", "x")
	inactive("a forged access token", access[:len(access)-4]+"AAAA")
	inactive("a forged refresh token", refresh[:len(refresh)-4]+"AAAA")

	// E5: what ended counts at once.
	f.exec(`UPDATE users SET disabled_at = $2 WHERE id = $1`, f.ada.ID, f.now)
	inactive("access of a disabled user", access)
	inactive("refresh of a disabled user", refresh)
	f.exec(`UPDATE users SET disabled_at = NULL WHERE id = $1`, f.ada.ID)

	f.now = f.now.Add(16 * time.Minute)
	inactive("an expired access token", access)
	_, second := f.tokens(f.as(shop, shopSecret, oauth.TokenPath, "grant_type", "refresh_token", "refresh_token", refresh))
	if got := ask(refresh); got["active"] != true {
		t.Errorf("a refresh token within its grace: %v", got)
	}
	f.tokens(f.as(shop, shopSecret, oauth.TokenPath, "grant_type", "refresh_token", "refresh_token", second))
	f.now = f.now.Add(time.Minute)
	inactive("an old refresh token", refresh)
	if got := ask(second); got["active"] != true { // asking about the old one ended nothing
		t.Errorf("the one after it: %v", got)
	}
	f.now = f.now.Add(2 * time.Hour)
	inactive("a refresh token of a session that was not used", second)

	access, refresh = f.tokens(f.post(oauth.TokenPath, adaPairs()...))
	f.exec(`DELETE FROM sessions`)
	inactive("access of a session that ended", access)
	inactive("refresh of a session that ended", refresh)
}

// Only clients with a secret may ask.
func TestIntrospectIsForClients_G1(t *testing.T) {
	f := setup(t)
	access, _ := f.tokens(f.post(oauth.TokenPath, adaPairs()...))
	wants(t, "nobody", f.post(oauth.IntrospectPath, "token", access), 401, "invalid_client")
	wants(t, "nobody without a token", f.post(oauth.IntrospectPath), 401, "invalid_client")
	wants(t, "latchkey", f.post(oauth.IntrospectPath, "token", access, "client_id", "latchkey"), 401, "invalid_client")
	wants(t, "the token's own bearer", f.do(form(oauth.IntrospectPath, encode("token", access), "Authorization", "Bearer "+access)), 401, "invalid_client")
	wants(t, "a wrong secret", f.as(shop, billingSecret, oauth.IntrospectPath, "token", access), 401, "invalid_client")
	wants(t, "no token", f.as(shop, shopSecret, oauth.IntrospectPath), 400, "invalid_request")
	wants(t, "two tokens", f.as(shop, shopSecret, oauth.IntrospectPath, "token", access, "token", access), 400, "invalid_request")
	wants(t, "NUL", f.as(shop, shopSecret, oauth.IntrospectPath, "token", "\x00"), 400, "invalid_request")
	if a := f.post(oauth.IntrospectPath, "token", access, "client_id", shop, "client_secret", shopSecret); a.JSON["active"] != true {
		t.Errorf("credentials in the form: %s", a.Body)
	}
	none := setup(t, func(c *oauth.Config) { c.Clients = nil })
	wants(t, "no client is configured", none.as(shop, shopSecret, oauth.IntrospectPath, "token", access), 401, "invalid_client")
}

func TestRevoke_G1(t *testing.T) {
	f := setup(t)
	ok := func(what string, a reply) {
		t.Helper()
		if a.Code != 200 || a.Body.Len() != 0 || a.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s, want an empty 200", what, a.Code, a.Body)
		}
	}
	for _, hint := range []string{"", "access_token", "refresh_token", "bogus"} {
		access, refresh := f.tokens(f.post(oauth.TokenPath, adaPairs()...))
		other, _ := f.tokens(f.post(oauth.TokenPath, adaPairs()...))
		ok("an access token", f.post(oauth.RevokePath, "token", access, "token_type_hint", hint))
		if f.live(access) || !f.live(other) {
			t.Errorf("hint %q: revoking an access token left it %v, another %v", hint, f.live(access), f.live(other))
		}
		wants(t, "refresh after it", f.post(oauth.TokenPath, "grant_type", "refresh_token", "refresh_token", refresh), 400, "invalid_grant")
		ok("again", f.post(oauth.RevokePath, "token", access))

		access, refresh = f.tokens(f.post(oauth.TokenPath, adaPairs()...))
		ok("a refresh token", f.post(oauth.RevokePath, "token", refresh, "token_type_hint", hint, "client_id", "latchkey"))
		if f.live(access) {
			t.Errorf("hint %q: revoking a refresh token left its session", hint)
		}
		ok("again", f.post(oauth.RevokePath, "token", refresh))
	}
	access, _ := f.tokens(f.post(oauth.TokenPath, adaPairs()...))
	f.now = f.now.Add(20 * time.Minute)
	ok("an expired access token", f.post(oauth.RevokePath, "token", access))
	var left int
	must(t, f.db.QueryRow(t.Context(), `SELECT count(*) FROM sessions WHERE id = $1`, sessionOf(t, f, access)).Scan(&left))
	if left != 0 {
		t.Error("revoking an expired access token left its session")
	}
	ok("garbage", f.post(oauth.RevokePath, "token", "garbage"))

	// A token is revoked by the client that it was given to (RFC 7009 section 2.1).
	access, refresh := f.tokens(f.as(shop, shopSecret, oauth.TokenPath, adaPairs()...))
	for _, token := range []string{access, refresh} {
		wants(t, "by nobody", f.post(oauth.RevokePath, "token", token), 400, "invalid_grant")
		wants(t, "by another", f.as(billing, billingSecret, oauth.RevokePath, "token", token), 400, "invalid_grant")
		wants(t, "by a liar", f.as(shop, billingSecret, oauth.RevokePath, "token", token), 401, "invalid_client")
	}
	if !f.live(access) {
		t.Error("another client ended the session")
	}
	ok("its own client", f.as(shop, shopSecret, oauth.RevokePath, "token", refresh))
	if f.live(access) {
		t.Error("its own client did not end the session")
	}
	wants(t, "no token", f.post(oauth.RevokePath), 400, "invalid_request")
	wants(t, "an empty token", f.post(oauth.RevokePath, "token", ""), 400, "invalid_request")
	wants(t, "in the query", f.post(oauth.RevokePath+"?token=x", "token", "x"), 400, "invalid_request")
}

// sessionOf is the session that an access token names, whether it counts or not.
func sessionOf(t *testing.T, f *fixture, access string) string {
	t.Helper()
	claims, _ := f.keys.Verify(access, f.now)
	return claims.SessionID
}

func TestMetadata_G1(t *testing.T) {
	const golden = `{"issuer":"https://auth.example.org","token_endpoint":"https://auth.example.org/auth/token",` +
		`"revocation_endpoint":"https://auth.example.org/auth/revoke","introspection_endpoint":"https://auth.example.org/auth/introspect",` +
		`"jwks_uri":"https://auth.example.org/.well-known/jwks.json","response_types_supported":[],` +
		`"grant_types_supported":["password","refresh_token"],` +
		`"token_endpoint_auth_methods_supported":["none","client_secret_basic","client_secret_post"],` +
		`"revocation_endpoint_auth_methods_supported":["none","client_secret_basic","client_secret_post"],` +
		`"introspection_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"]}`
	f := setup(t)
	a := f.do(httptest.NewRequest("GET", oauth.MetadataPath, nil))
	if a.Code != 200 || a.Body.String() != golden || a.Header().Get("Content-Type") != "application/json" {
		t.Errorf("got %d %s, want %s", a.Code, a.Body, golden)
	}
	bare := setup(t, func(c *oauth.Config) { c.PasswordGrant, c.Clients = false, nil }).do(httptest.NewRequest("GET", oauth.MetadataPath, nil))
	names := slices.Sorted(maps.Keys(bare.JSON))
	if strings.Contains(bare.Body.String(), "password") || strings.Contains(strings.Join(names, " "), "introspection") {
		t.Errorf("without grant and clients: %s", bare.Body)
	}
	if methods, _ := json.Marshal(bare.JSON["token_endpoint_auth_methods_supported"]); string(methods) != `["none"]` {
		t.Errorf("without clients: %s", bare.Body)
	}
}

// Where OpenID Connect has libraries look is the same document, and what of the rest is
// true: the kind of sub, and the algorithms of published keys.
func TestOpenID_G1_F4(t *testing.T) {
	f := setup(t)
	metadata := f.do(httptest.NewRequest("GET", oauth.MetadataPath, nil)).Body.String()
	ask := func(want string) {
		t.Helper()
		a := f.do(httptest.NewRequest("GET", oauth.OpenIDPath, nil))
		if a.Code != 200 || a.Body.String() != want || a.Header().Get("Content-Type") != "application/json" || a.Header().Get("Cache-Control") != "public, max-age=300" {
			t.Errorf("got %d %s, want %s", a.Code, a.Body, want)
		}
	}
	with := func(algorithms string) string {
		return strings.TrimSuffix(metadata, "}") + `,"subject_types_supported":["public"],"id_token_signing_alg_values_supported":` + algorithms + `}`
	}
	ask(with(`["ES256"]`))
	key := func(algorithm string) jwt.Key {
		t.Helper()
		k, err := jwt.NewKey(algorithm)
		must(t, err)
		return k
	}
	must(t, f.keys.Use(jwt.Secrets(), key(jwt.EdDSA), key(jwt.ES256), key(jwt.ES256), key(jwt.EdDSA).Retired(f.now)))
	ask(with(`["EdDSA","ES256"]`)) // once each, and not the secret's
	must(t, f.keys.Use())
	ask(with(`[]`))
}

func TestKeys_F4(t *testing.T) {
	f := setup(t)
	f.db.Close() // R1: backends verify on although the database is away
	a := f.do(httptest.NewRequest("GET", oauth.KeysPath, nil))
	want, err := f.keys.JWKS()
	if err != nil || a.Code != 200 || a.Body.String() != string(want) || !strings.Contains(a.Body.String(), `"alg":"ES256"`) {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if a.Header().Get("Cache-Control") != "public, max-age=300" || a.Header().Get("Content-Type") != "application/json" {
		t.Errorf("the header is %v", a.Header())
	}
	for _, path := range []string{oauth.KeysPath, oauth.MetadataPath, oauth.OpenIDPath} {
		if w := f.do(httptest.NewRequest("POST", path, nil)); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("POST %s: %d, Allow is %q", path, w.Code, w.Header().Get("Allow"))
		}
		if w := f.do(httptest.NewRequest("OPTIONS", path, nil)); w.Code != 204 || w.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("OPTIONS %s: %d", path, w.Code)
		}
		if w := f.do(httptest.NewRequest("HEAD", path, nil)); w.Code != 200 {
			t.Errorf("HEAD %s: %d", path, w.Code)
		}
	}
}

// Pages of allowed origins may use what pages need; introspection is for backends.
func TestCORS_G1_I5(t *testing.T) {
	f := setup(t)
	for path, method := range map[string]string{
		oauth.TokenPath: "POST", oauth.RevokePath: "POST", oauth.IntrospectPath: "", oauth.KeysPath: "GET", oauth.MetadataPath: "GET", oauth.OpenIDPath: "GET",
	} {
		for origin, allowed := range map[string]bool{"https://app.example.org": true, "https://evil.example": false, "null": false} {
			for _, asked := range []string{"GET", "POST"} {
				want := ""
				if allowed && asked == method {
					want = origin
				}
				preflight := httptest.NewRequest("OPTIONS", path, nil)
				preflight.Header.Set("Access-Control-Request-Method", asked)
				for what, r := range map[string]*http.Request{"preflight": preflight, "answer": httptest.NewRequest(asked, path, nil)} {
					r.Header.Set("Origin", origin)
					if got := f.do(r).Header().Get("Access-Control-Allow-Origin"); got != want {
						t.Errorf("%s %s from %s: the %s allows %q, want %q", asked, path, origin, what, got, want)
					}
				}
			}
		}
	}
}
