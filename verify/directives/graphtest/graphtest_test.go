package graphtest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/verify"
	"latchkey/verify/directives/graphtest"
)

const subject = "01a211bb-7070-725d-92c0-3c3a38247b72"

var b64 = base64.RawURLEncoding.EncodeToString

// issuer publishes one key and signs by it.
type issuer struct {
	*httptest.Server
	private *ecdsa.PrivateKey
	kid     string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{private: private, kid: strings.Repeat("k", 43)}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{
			"kty": "EC", "crv": "P-256", "kid": i.kid, "alg": "ES256", "use": "sig", "x": b64(point[1:33]), "y": b64(point[33:]),
		}}})
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) token(t *testing.T, role, level string, life time.Duration) string {
	t.Helper()
	now := time.Now()
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b64(text)
	}
	text := part(map[string]string{"alg": "ES256", "typ": "at+jwt", "kid": i.kid}) + "." + part(map[string]any{
		"iss": i.URL, "aud": i.URL, "sub": subject, "sid": subject, "jti": subject, "client_id": "latchkey",
		"iat": now.Unix(), "exp": now.Add(life).Unix(), "auth_time": now.Unix(), "role": role, "acr": level,
	})
	hash := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, i.private, hash[:])
	if err != nil {
		t.Fatal(err)
	}
	pad := func(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }
	return text + "." + b64(append(pad(r), pad(s)...))
}

// Each field asks for what its directive says, and fails with the codes of Latchkey's API;
// fields beside it are answered.
func TestDirectives(t *testing.T) {
	i := newIssuer(t)
	v, err := verify.New(verify.Config{Issuer: i.URL, JWKSURL: i.URL})
	if err != nil {
		t.Fatal(err)
	}
	server := graphtest.New(v)
	user, admin, strong := i.token(t, "USER", "aal1", time.Minute), i.token(t, "ADMIN", "aal1", time.Minute), i.token(t, "USER", "aal2", time.Minute)
	for _, c := range []struct {
		what, field, token string
		want               string // the extensions; "" is the field's answer
	}{
		{"a user", "mine", user, ""},
		{"nobody", "mine", "", `{"code":"UNAUTHENTICATED","reason":"MISSING"}`},
		{"garbage", "mine", "x", `{"code":"UNAUTHENTICATED","reason":"INVALID"}`},
		{"too late", "mine", i.token(t, "USER", "aal1", -time.Second), `{"code":"UNAUTHENTICATED","reason":"EXPIRED"}`},
		{"an administrator", "admins", admin, ""},
		{"a user for administrators", "admins", user, `{"code":"FORBIDDEN","reason":"ROLE"}`},
		{"two factors", "payout", strong, ""},
		{"one factor", "payout", user, `{"code":"FORBIDDEN","level":"aal2","maxAge":600,"reason":"STEP_UP"}`},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"query":"{ open `+c.field+` }"}`))
		r.Header.Set("Content-Type", "application/json")
		if c.token != "" {
			r.Header.Set("Authorization", "Bearer "+c.token)
		}
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		want := `{"data":{"open":"everybody","` + c.field + `":"` + subject + `"}}`
		if c.want != "" {
			want = `"extensions":` + c.want + `}],"data":{"open":"everybody","` + c.field + `":null}}`
		}
		if got := w.Body.String(); w.Code != http.StatusOK || !strings.HasSuffix(got, want) {
			t.Errorf("%s: got %d %s, want %s", c.what, w.Code, got, want)
		}
	}
}
