package auth_test

import (
	"errors"
	"testing"
	"time"

	"latchkey/internal/auth"
)

// A session belongs to the OAuth client that opened it: what another one does
// with its tokens changes nothing (RFC 6749 section 6, RFC 7009 section 2.1).
func TestSessionOfAClient_G1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		own := f.login("ada", client(1))
		shop, err := f.Login(t.Context(), by("shop", client(1)), auth.LoginInput{Login: "ada", Password: goodPassword})
		must(t, err)
		if own.Session.ClientID != auth.OwnClient || shop.Session.ClientID != "shop" {
			t.Errorf("sessions of %q and %q", own.Session.ClientID, shop.Session.ClientID)
		}
		all := []*auth.Login{own, shop}
		token := *shop.Tokens.RefreshToken
		for _, other := range []string{auth.OwnClient, "billing", ""} {
			if _, err := f.Refresh(t.Context(), by(other, client(1)), token); !hasCode(err, auth.TokenInvalid) {
				t.Errorf("%q refreshes: %v, want TOKEN_INVALID", other, err)
			}
			for _, presented := range []string{token, shop.Tokens.AccessToken} {
				if err := f.Revoke(t.Context(), by(other, client(1)), presented); auth.AsError(err).Reason != auth.ReasonOtherClient {
					t.Errorf("%q revokes: %v, want OTHER_CLIENT", other, err)
				}
			}
		}
		f.live("others tried", all, 0, 1)
		next, err := f.Refresh(t.Context(), by("shop", client(1)), token)
		if err != nil || next.Session.Generation != 2 {
			t.Fatalf("shop refreshes: %v", err)
		}
		// Long used: it ends the session, but not in the hands of another.
		f.pass(time.Hour)
		_, err = f.Refresh(t.Context(), by("shop", client(1)), *next.Tokens.RefreshToken)
		must(t, err)
		f.pass(time.Hour)
		if i, err := f.Introspect(t.Context(), token); err != nil || i.Active {
			t.Errorf("introspecting a used token: %+v, %v", i, err)
		}
		if _, err := f.Refresh(t.Context(), client(1), token); !hasCode(err, auth.TokenInvalid) {
			t.Errorf("a used token by another: %v", err)
		}
		f.live("another one's used token", all, 0, 1)
		must(t, f.Revoke(t.Context(), by("shop", client(1)), token))
		f.live("revoked", all, 0)
		must(t, f.Revoke(t.Context(), by(auth.OwnClient, client(1)), "garbage"))
	})
}

func hasCode(err error, code auth.UserErrorCode) bool {
	mistakes, ok := errors.AsType[auth.UserErrors](err)
	return ok && mistakes.Has(code)
}
