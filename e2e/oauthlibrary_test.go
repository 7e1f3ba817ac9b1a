package e2e_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"latchkey/internal/testenv"
)

// fromClient sends requests from an address.
type fromClient string

func (c fromClient) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", string(c))
	return http.DefaultTransport.RoundTrip(r)
}

// The client library of the Go project gets tokens, refreshes them by itself and
// understands refusals, however it authenticates.
func TestClientLibrary_G1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		from := func(address string) context.Context {
			return context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: fromClient(address), Timeout: time.Minute})
		}
		for name, c := range map[string]struct {
			id, secret string
			style      oauth2.AuthStyle
		}{
			"no client":      {"", "", oauth2.AuthStyleInParams},
			"no client auto": {"", "", oauth2.AuthStyleAutoDetect},
			"public":         {"latchkey", "", oauth2.AuthStyleInParams},
			"public Basic":   {"latchkey", "", oauth2.AuthStyleInHeader},
			"public auto":    {"latchkey", "", oauth2.AuthStyleAutoDetect},
			"Basic":          {shopID, shopSecret, oauth2.AuthStyleInHeader},
			"form":           {shopID, shopSecret, oauth2.AuthStyleInParams},
			"auto":           {shopID, shopSecret, oauth2.AuthStyleAutoDetect},
		} {
			ctx := from(testenv.ClientAddress())
			conf := oauth2.Config{ClientID: c.id, ClientSecret: c.secret, Endpoint: oauth2.Endpoint{TokenURL: s.URL() + tokenPath, AuthStyle: c.style}}
			var token *oauth2.Token
			served(t, func() (err error) {
				token, err = conf.PasswordCredentialsToken(ctx, ada.Username, ada.Password)
				return err
			})
			if token.Type() != "Bearer" || token.RefreshToken == "" || time.Until(token.Expiry) > 15*time.Minute || time.Until(token.Expiry) < 14*time.Minute {
				t.Errorf("%s: a token of %s until %v", name, token.Type(), token.Expiry)
			}
			mustBe(t, s.URL(), token.AccessToken, ada.ID)
			old := *token
			old.Expiry = time.Now().Add(-time.Minute)
			var next *oauth2.Token
			served(t, func() (err error) { next, err = conf.TokenSource(ctx, &old).Token(); return err })
			if next.AccessToken == token.AccessToken || next.RefreshToken == token.RefreshToken {
				t.Errorf("%s: refreshing gave the same tokens", name)
			}
			mustBe(t, s.URL(), next.AccessToken, ada.ID)

			_, err := conf.PasswordCredentialsToken(ctx, ada.Username, typed)
			if refused, ok := errors.AsType[*oauth2.RetrieveError](err); !ok || refused.ErrorCode != "invalid_grant" || refused.Response.StatusCode != 400 {
				t.Errorf("%s: a wrong password: %v", name, err)
			}
		}
		conf := oauth2.Config{ClientID: shopID, ClientSecret: billingSecret, Endpoint: oauth2.Endpoint{TokenURL: s.URL() + tokenPath}}
		_, err := conf.PasswordCredentialsToken(from(ada.Client), ada.Username, ada.Password)
		if refused, ok := errors.AsType[*oauth2.RetrieveError](err); !ok || refused.ErrorCode != "invalid_client" || refused.Response.StatusCode != 401 {
			t.Errorf("a wrong secret: %v", err)
		}
	})
}

// served asks again while the server is busy.
func served(t *testing.T, ask func() error) {
	t.Helper()
	var err error
	testenv.Await(t, patience, "a busy server", func() bool {
		err = ask()
		refused, ok := errors.AsType[*oauth2.RetrieveError](err)
		return !ok || refused.Response.StatusCode != http.StatusServiceUnavailable
	})
	if err != nil {
		t.Fatal(err)
	}
}
