package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"

	"latchkey/internal/testenv"
)

const openIDPath = "/.well-known/openid-configuration"

// Libraries of OpenID Connect find endpoints and keys by the issuer alone, and have access
// tokens verified by them; with HS256 they find no key, and believe no token.
func TestOpenIDConfiguration_G1_F4(t *testing.T) {
	t.Parallel()
	node, script := testenv.Need(t, "TEST_NODE"), filepath.Join(testenv.Need(t, "TEST_E2E"), "openid.mjs")
	for name, c := range map[string]struct{ keys, algorithms, verified string }{
		"keys of its own": {"auto", `["ES256"]`, ""},
		"a secret":        {"hs256", `[]`, "ERR_JOSE_ALG_NOT_ALLOWED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testenv.Embedded(t, "JWT_PRIVATE_KEYS="+c.keys, "OAUTH_CLIENTS="+oauthClients)
			ada := s.Join(t)
			mustDiscover(t, http.DefaultClient, public(s), ada.Access, ada.ID, c.keys == "auto")
			out, err := exec.CommandContext(t.Context(), node, script, public(s), billingID, billingSecret, ada.Username, ada.Password).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			var got struct {
				Algorithms    json.RawMessage
				Verified, Sub string
				Active, After bool
				IDToken       any
			}
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			verified := c.verified
			if verified == "" {
				verified = ada.ID
			}
			if string(got.Algorithms) != c.algorithms || got.Verified != verified || got.Sub != ada.ID || !got.Active || got.After || got.IDToken != nil {
				t.Errorf("openid-client: %s", out)
			}
		})
	}
}

// mustDiscover fails the test unless go-oidc finds the service at public, and verifies an
// access token there if it is signed by a key that is published, and else refuses it.
func mustDiscover(t *testing.T, client *http.Client, public, access, id string, published bool) {
	t.Helper()
	ctx := oidc.ClientContext(context.Background(), client)
	provider, err := oidc.NewProvider(ctx, public)
	if err != nil {
		t.Fatalf("go-oidc: %v", err)
	}
	if at := provider.Endpoint(); at.TokenURL != public+tokenPath || at.AuthURL != "" {
		t.Errorf("go-oidc finds %+v", at)
	}
	token, err := provider.Verifier(&oidc.Config{ClientID: public}).Verify(ctx, access)
	switch {
	case published && (err != nil || token.Subject != id):
		t.Errorf("go-oidc: %v", err)
	case !published && err == nil:
		t.Error("go-oidc takes a token that no published key signed")
	}
}
