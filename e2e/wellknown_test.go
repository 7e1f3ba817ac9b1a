package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// The file of related origins lists the pages outside PASSKEY_DOMAIN that may use passkeys,
// and nobody else who may call the API. It is there under that domain alone.
func TestRelatedOriginsFile_K6(t *testing.T) {
	t.Parallel()
	const file = "/.well-known/webauthn"
	origins := "CORS_ORIGINS=https://app.example.org,https://app.example.com,https://two.example.net:8443,http://plain.example.net,https://10.0.0.1,capacitor://localhost,https://*.preview.example.net"
	const want = `["https://app.example.com","https://two.example.net:8443"]`
	for name, tt := range map[string]struct {
		start  func(testing.TB, ...string) *testenv.Stack
		env    []string
		status map[string]int // by the host that is asked for
	}{
		"production": {testenv.Production, []string{"PUBLIC_URL=https://auth.example.org", origins},
			map[string]int{"example.org": 200, "EXAMPLE.org:443": 200, "auth.example.org": 404, "app.example.com": 404, "127.0.0.1": 404}},
		"at the domain itself": {testenv.Production, []string{"PUBLIC_URL=https://example.org/id", origins},
			map[string]int{"example.org": 200, "127.0.0.1:8080": 200}},
		"nobody outside": {testenv.Production, []string{"PUBLIC_URL=https://example.org", "CORS_ORIGINS=https://app.example.org,https://*.example.com"},
			map[string]int{"example.org": 404}},
		"development": {testenv.Embedded, []string{"CORS_ORIGINS=https://app.example.com"},
			map[string]int{"localhost:8080": 404, "127.0.0.1": 404}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tt.start(t, tt.env...)
			for _, replica := range s.Replicas {
				for host, status := range tt.status {
					res, body := wellKnown(t, replica.URL+file, host)
					if res.StatusCode != status {
						t.Errorf("%s: %d, want %d", host, res.StatusCode, status)
					}
					if status != 200 {
						continue
					}
					var got map[string]json.RawMessage
					if err := json.Unmarshal([]byte(body), &got); err != nil || len(got) != 1 || string(got["origins"]) != want || res.Header.Get("Content-Type") != "application/json" {
						t.Errorf("%s: %s, %v, %v", host, body, res.Header, err)
					}
				}
			}
			// The doctor prints the same file, for the host that is not the service's.
			out, _, _ := testenv.Command(t, s.Replicas[0].Dir, "", s.Env, "doctor", "--json")
			if has := strings.Contains(strings.ReplaceAll(out, `\"`, `"`), `answer {"origins":`+want+`}`); has != (name == "production") {
				t.Errorf("the doctor prints it: %v\n%s", has, out)
			}
		})
	}
}

func TestAccountURL_D6_D7_D8(t *testing.T) {
	t.Parallel()
	const account = "https://app.example.org/account"
	for _, s := range []*testenv.Stack{testenv.Embedded(t, "ACCOUNT_URL="+account), testenv.Production(t, "ACCOUNT_URL="+account)} {
		url := s.Replicas[0].URL
		res, _ := wellKnown(t, url+"/.well-known/change-password?next=https://evil.example", "")
		if res.StatusCode != http.StatusSeeOther || !slices.Equal(res.Header.Values("Location"), []string{account}) {
			t.Errorf("change-password: %d, %v", res.StatusCode, res.Header)
		}
		res, body := wellKnown(t, url+"/.well-known/passkey-endpoints", "")
		if res.StatusCode != http.StatusOK || body != `{"enroll":"`+account+`","manage":"`+account+`"}` {
			t.Errorf("passkey-endpoints: %d, %s", res.StatusCode, body)
		}
	}
	s := testenv.Embedded(t)
	for _, path := range []string{"change-password", "passkey-endpoints", "webauthn"} {
		if res, _ := wellKnown(t, s.Replicas[0].URL+"/.well-known/"+path, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s without ACCOUNT_URL: %d", path, res.StatusCode)
		}
	}
}

// wellKnown asks for a path by another name of the host, unless that is "", and follows
// nothing.
func wellKnown(t *testing.T, url, host string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}
