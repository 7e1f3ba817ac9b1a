package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

const (
	tokenPath      = "/auth/token"
	revokePath     = "/auth/revoke"
	introspectPath = "/auth/introspect"
	verifyPath     = "/auth/verify"
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
