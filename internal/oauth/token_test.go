package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/internal/oauth"
)

func TestGrants_G1(t *testing.T) {
	f := setup(t)
	a := f.post(oauth.TokenPath, adaPairs()...)
	access, refresh := f.tokens(a)
	if a.JSON["token_type"] != "Bearer" || a.JSON["expires_in"] != 900.0 || len(a.JSON) != 5 {
		t.Errorf("password: %s", a.Body)
	}
	h := a.Header()
	if h.Get("Cache-Control") != "no-store" || h.Get("Pragma") != "no-cache" || h.Get("Content-Type") != "application/json" || h.Get("Set-Cookie") != "" {
		t.Errorf("password: the header is %v", h)
	}
	claims, err := f.keys.Verify(access, f.now)
	if err != nil || claims.ClientID != "latchkey" || claims.Subject != f.ada.ID {
		t.Errorf("password: %+v, %v", claims, err)
	}
	b := f.post(oauth.TokenPath, "grant_type", "refresh_token", "refresh_token", refresh, "client_id", "latchkey")
	_, next := f.tokens(b)
	if next == refresh || len(b.JSON) != 4 {
		t.Errorf("refresh_token: %s", b.Body)
	}
	// An address is a username too, unknown parameters are ignored, empty ones are
	// none (RFC 6749 section 3.2).
	f.tokens(f.post(oauth.TokenPath, "grant_type", "password", "username", "Ada@Example.org", "password", goodPassword,
		"resource", "x", "client_id", "", "client_secret", "", "scope", ""))
	f.tokens(f.do(form(oauth.TokenPath, encode(adaPairs()...), "Content-Type", "Application/X-WWW-Form-URLencoded; charset=UTF-8")))
}

// A page elsewhere may send a form without asking; it uses up nobody's tries.
func TestForeignPages_G1_I5(t *testing.T) {
	f := setup(t)
	for _, path := range []string{oauth.TokenPath, oauth.RevokePath, oauth.IntrospectPath} {
		for _, origin := range []string{"https://evil.example", "null", "https://auth.example.org.evil.example"} {
			for range 12 {
				a := f.do(form(path, encode("grant_type", "password", "username", "ada", "password", "wrong", "token", "x"), "Origin", origin))
				if a.Code != http.StatusForbidden || a.JSON["error"] != "invalid_request" {
					t.Fatalf("%s from %s: %d %s", path, origin, a.Code, a.Body)
				}
			}
		}
	}
	f.tokens(f.post(oauth.TokenPath, adaPairs()...)) // was not limited by them
	f.tokens(f.do(form(oauth.TokenPath, encode(adaPairs()...), "Origin", "https://app.example.org")))
}

func TestTokenErrors_G1(t *testing.T) {
	f := setup(t)
	good := encode(adaPairs()...)
	for name, c := range map[string]struct {
		r      *http.Request
		status int
		code   string
	}{
		"no body":                   {form(oauth.TokenPath, ""), 400, "invalid_request"},
		"no grant_type":             {form(oauth.TokenPath, "username=ada&password=x"), 400, "invalid_request"},
		"an empty grant_type":       {form(oauth.TokenPath, "grant_type=&username=ada&password=x"), 400, "invalid_request"},
		"no username":               {form(oauth.TokenPath, "grant_type=password&password=x"), 400, "invalid_request"},
		"no password":               {form(oauth.TokenPath, "grant_type=password&username=ada"), 400, "invalid_request"},
		"an empty password":         {form(oauth.TokenPath, "grant_type=password&username=ada&password="), 400, "invalid_request"},
		"no refresh_token":          {form(oauth.TokenPath, "grant_type=refresh_token"), 400, "invalid_request"},
		"a known one twice":         {form(oauth.TokenPath, good+"&username=bob"), 400, "invalid_request"},
		"the same twice":            {form(oauth.TokenPath, good+"&grant_type=password"), 400, "invalid_request"},
		"an unknown one twice":      {form(oauth.TokenPath, good+"&x=1&x=1"), 400, "invalid_request"},
		"an empty one twice":        {form(oauth.TokenPath, good+"&scope=&scope="), 400, "invalid_request"},
		"in the query":              {form(oauth.TokenPath+"?grant_type=password", good), 400, "invalid_request"},
		"a token in the query":      {form(oauth.TokenPath+"?refresh_token=lkr_x", "grant_type=refresh_token"), 400, "invalid_request"},
		"an empty query":            {form(oauth.TokenPath+"?", good), 400, "invalid_request"},
		"NUL in the password":       {form(oauth.TokenPath, "grant_type=password&username=ada&password=a%00b"), 400, "invalid_request"},
		"NUL in the username":       {form(oauth.TokenPath, "grant_type=password&username=%00&password=ab"), 400, "invalid_request"},
		"NUL in a name":             {form(oauth.TokenPath, good+"&%00=1"), 400, "invalid_request"},
		"bad UTF-8":                 {form(oauth.TokenPath, "grant_type=password&username=ada&password=%ff"), 400, "invalid_request"},
		"a lone surrogate":          {form(oauth.TokenPath, "grant_type=password&username=%ED%A0%80&password=a"), 400, "invalid_request"},
		"bad UTF-8 in a token":      {form(oauth.TokenPath, "grant_type=refresh_token&refresh_token=lkr_%c3%28"), 400, "invalid_request"},
		"a broken escape":           {form(oauth.TokenPath, good+"&x=%zz"), 400, "invalid_request"},
		"JSON":                      {form(oauth.TokenPath, `{"grant_type":"password"}`, "Content-Type", "application/json"), 400, "invalid_request"},
		"multipart":                 {form(oauth.TokenPath, good, "Content-Type", "multipart/form-data; boundary=x"), 400, "invalid_request"},
		"no type":                   {form(oauth.TokenPath, good, "Content-Type", ""), 400, "invalid_request"},
		"too large":                 {form(oauth.TokenPath, good+"&x="+strings.Repeat("x", 20<<10)), 413, "invalid_request"},
		"an unknown grant":          {form(oauth.TokenPath, "grant_type=client_credentials"), 400, "unsupported_grant_type"},
		"a code":                    {form(oauth.TokenPath, "grant_type=authorization_code&code=x"), 400, "unsupported_grant_type"},
		"a grant in capitals":       {form(oauth.TokenPath, "grant_type=Password&username=ada&password=x"), 400, "unsupported_grant_type"},
		"a scope":                   {form(oauth.TokenPath, good+"&scope=openid"), 400, "invalid_scope"},
		"a wrong password":          {form(oauth.TokenPath, "grant_type=password&username=ada&password=wrong+one"), 400, "invalid_grant"},
		"nobody":                    {form(oauth.TokenPath, "grant_type=password&username=bob&password=wrong+one"), 400, "invalid_grant"},
		"garbage":                   {form(oauth.TokenPath, "grant_type=refresh_token&refresh_token=lkr_x"), 400, "invalid_grant"},
		"an unknown client":         {form(oauth.TokenPath, good+"&client_id=nobody"), 401, "invalid_client"},
		"an unknown one's secret":   {form(oauth.TokenPath, good+"&client_id=nobody&client_secret="+shopSecret), 401, "invalid_client"},
		"a secret without a client": {form(oauth.TokenPath, good+"&client_secret="+shopSecret), 401, "invalid_client"},
		"a client without secret":   {form(oauth.TokenPath, good+"&client_id=shop"), 401, "invalid_client"},
		"a wrong secret":            {form(oauth.TokenPath, good+"&client_id=shop&client_secret=x"), 401, "invalid_client"},
		"another client's secret":   {form(oauth.TokenPath, good+"&client_id=billing&client_secret="+shopSecret), 401, "invalid_client"},
		"latchkey with a secret":    {form(oauth.TokenPath, good+"&client_id=latchkey&client_secret="+shopSecret), 401, "invalid_client"},
		"Latchkey":                  {form(oauth.TokenPath, good+"&client_id=Latchkey"), 401, "invalid_client"},
		"a bearer":                  {form(oauth.TokenPath, good, "Authorization", "Bearer x"), 401, "invalid_client"},
		"Basic of nothing":          {form(oauth.TokenPath, good, "Authorization", "Basic"), 401, "invalid_client"},
		"Basic that is no base64":   {form(oauth.TokenPath, good, "Authorization", "Basic !!"), 401, "invalid_client"},
		"Basic without a colon":     {form(oauth.TokenPath, good, "Authorization", "Basic c2hvcA=="), 401, "invalid_client"},
		"Basic of a wrong secret":   {form(oauth.TokenPath, good, "Authorization", "Basic c2hvcDp4"), 401, "invalid_client"},
		"Basic of an empty client":  {form(oauth.TokenPath, good, "Authorization", "Basic Og=="), 401, "invalid_client"},
		"two ways at once":          {withBasic(form(oauth.TokenPath, good+"&client_id=shop&client_secret="+shopSecret)), 400, "invalid_request"},
		"two clients at once":       {withBasic(form(oauth.TokenPath, good+"&client_id=billing")), 400, "invalid_request"},
		"GET":                       {httptest.NewRequest("GET", oauth.TokenPath, nil), 405, "invalid_request"},
		"PUT":                       {httptest.NewRequest("PUT", oauth.TokenPath, strings.NewReader(good)), 405, "invalid_request"},
	} {
		a := f.do(c.r)
		wants(t, name, a, c.status, c.code)
		if allow := a.Header().Get("Allow"); (allow == "OPTIONS, POST") != (c.status == 405) {
			t.Errorf("%s: Allow is %q", name, allow)
		}
		for _, secret := range []string{goodPassword, shopSecret, "lkr_"} {
			if strings.Contains(a.Body.String(), secret) {
				t.Errorf("%s: the answer repeats what was sent: %s", name, a.Body)
			}
		}
	}
	if a := f.do(httptest.NewRequest("OPTIONS", oauth.TokenPath, nil)); a.Code != 204 || a.Header().Get("Allow") != "OPTIONS, POST" {
		t.Errorf("OPTIONS: %d, Allow is %q", a.Code, a.Header().Get("Allow"))
	}
}

// withBasic authenticates as shop.
func withBasic(r *http.Request) *http.Request {
	r.SetBasicAuth(shop, shopSecret)
	return r
}

// Each way to authenticate gives the session to the client, and nobody else can
// refresh it.
func TestClients_G1(t *testing.T) {
	f := setup(t)
	raw := form(oauth.TokenPath, encode(adaPairs()...))
	raw.SetBasicAuth(billing, billingSecret) // as curl -u does, without encoding
	named := form(oauth.TokenPath, encode(adaPairs("client_id", billing)...))
	named.SetBasicAuth(billing, billingSecret)
	for name, a := range map[string]reply{
		"Basic, encoded":         f.as(billing, billingSecret, oauth.TokenPath, adaPairs()...),
		"Basic as it is":         f.do(raw),
		"Basic and the same id":  f.do(named),
		"in the form":            f.post(oauth.TokenPath, adaPairs("client_id", billing, "client_secret", billingSecret)...),
		"a scheme in small type": f.do(form(oauth.TokenPath, encode(adaPairs()...), "Authorization", strings.Replace(raw.Header.Get("Authorization"), "Basic", "basic", 1))),
	} {
		access, refresh := f.tokens(a)
		if claims, err := f.keys.Verify(access, f.now); err != nil || claims.ClientID != billing {
			t.Errorf("%s: %+v, %v", name, claims, err)
		}
		trade := []string{"grant_type", "refresh_token", "refresh_token", refresh}
		wants(t, name+", refreshed by nobody", f.post(oauth.TokenPath, trade...), 400, "invalid_grant")
		wants(t, name+", refreshed by shop", f.as(shop, shopSecret, oauth.TokenPath, trade...), 400, "invalid_grant")
		if _, err := f.auth.Refresh(t.Context(), testClient, refresh); err == nil {
			t.Errorf("%s: the API refreshed it", name)
		}
		if !f.live(access) {
			t.Errorf("%s: refreshing by another client ended the session", name)
		}
		_, next := f.tokens(f.as(billing, billingSecret, oauth.TokenPath, trade...))
		// An old one ends the session, but only where its own client presents it.
		f.now = f.now.Add(time.Minute)
		f.tokens(f.as(billing, billingSecret, oauth.TokenPath, "grant_type", "refresh_token", "refresh_token", next))
		wants(t, name+", an old one by nobody", f.post(oauth.TokenPath, trade...), 400, "invalid_grant")
		if !f.live(access) {
			t.Errorf("%s: an old token of another client ended the session", name)
		}
		wants(t, name+", an old one", f.as(billing, billingSecret, oauth.TokenPath, trade...), 400, "invalid_grant")
		if f.live(access) {
			t.Errorf("%s: an old token did not end the session", name)
		}
	}
	// The public client may say so by Basic with no secret, as libraries do.
	r := form(oauth.TokenPath, encode(adaPairs()...))
	r.SetBasicAuth("latchkey", "")
	_, refresh := f.tokens(f.do(r))
	wants(t, "a public session by shop", f.as(shop, shopSecret, oauth.TokenPath, "grant_type", "refresh_token", "refresh_token", refresh), 400, "invalid_grant")
	f.tokens(f.post(oauth.TokenPath, "grant_type", "refresh_token", "refresh_token", refresh))
}

// Until the password is proven, nothing tells a disabled account from none.
func TestDisabled_C1(t *testing.T) {
	f := setup(t)
	f.exec(`UPDATE users SET disabled_at = $2 WHERE id = $1`, f.ada.ID, f.now)
	nobody := f.post(oauth.TokenPath, "grant_type", "password", "username", "nobody", "password", "wrong one")
	wrong := f.post(oauth.TokenPath, "grant_type", "password", "username", "ada", "password", "wrong one")
	wants(t, "a wrong password", wrong, 400, "invalid_grant")
	if nobody.Body.String() != wrong.Body.String() {
		t.Errorf("nobody: %s, disabled: %s", nobody.Body, wrong.Body)
	}
	right := f.post(oauth.TokenPath, adaPairs()...)
	wants(t, "the right password", right, 400, "invalid_grant")
	if !strings.Contains(right.Body.String(), "disabled") {
		t.Errorf("the right password: %s", right.Body)
	}
}

// Tries count together with those of the API.
func TestThrottle_C7(t *testing.T) {
	f := setup(t)
	var a reply
	for range 5 {
		a = f.post(oauth.TokenPath, "grant_type", "password", "username", "ada", "password", "wrong one")
		if _, err := f.auth.Login(t.Context(), testClient, wrongLogin); err == nil {
			t.Fatal("logged in")
		}
	}
	wants(t, "the tenth try", a, 400, "invalid_grant")
	a = f.post(oauth.TokenPath, adaPairs()...)
	wants(t, "the eleventh", a, http.StatusTooManyRequests, "temporarily_unavailable")
	if a.Header().Get("Retry-After") != "200" {
		t.Errorf("Retry-After is %q, want 200", a.Header().Get("Retry-After"))
	}
	f.now = f.now.Add(201 * time.Second)
	f.tokens(f.post(oauth.TokenPath, adaPairs()...))
}

func TestPasswordGrantOff_G1(t *testing.T) {
	f := setup(t, func(c *oauth.Config) { c.PasswordGrant = false })
	wants(t, "off", f.post(oauth.TokenPath, adaPairs()...), 400, "unsupported_grant_type")
	wants(t, "off, incomplete", f.post(oauth.TokenPath, "grant_type", "password"), 400, "unsupported_grant_type")
	l, err := f.auth.Login(t.Context(), testClient, rightLogin)
	must(t, err)
	f.tokens(f.post(oauth.TokenPath, "grant_type", "refresh_token", "refresh_token", *l.Tokens.RefreshToken))
}

// A database that is away is nobody's wrong password.
func TestUnavailable_R1(t *testing.T) {
	f := setup(t)
	access, refresh := f.tokens(f.post(oauth.TokenPath, adaPairs()...))
	f.exec(`UPDATE sessions SET created_at = 'never'`) // which no code of ours writes
	for name, a := range map[string]reply{
		"refresh":    f.post(oauth.TokenPath, "grant_type", "refresh_token", "refresh_token", refresh),
		"revoke":     f.post(oauth.RevokePath, "token", refresh),
		"introspect": f.as(shop, shopSecret, oauth.IntrospectPath, "token", access),
	} {
		wants(t, name, a, http.StatusInternalServerError, "server_error")
		if strings.Contains(a.Body.String(), "never") || strings.Contains(a.Body.String(), "created_at") {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
	if strings.Contains(f.log.String(), refresh) || strings.Contains(f.log.String(), access) || !strings.Contains(f.log.String(), "internal error") {
		t.Errorf("the log: %s", f.log.String())
	}
	f.db.Close()
	a := f.as(shop, shopSecret, oauth.IntrospectPath, "token", access)
	wants(t, "a closed database", a, http.StatusServiceUnavailable, "temporarily_unavailable")
}
