package auth_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"latchkey/internal/auth"
)

// What is not a refresh token of ours is refused and ends nothing.
func TestRefreshGarbage_E2_F2(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		mine, other := f.login("ada", client(1)), f.login("ada", client(2))
		good := *mine.Tokens.RefreshToken
		if bits(good, "lkr_") != (16+8+32)*8+2 { // and 2 of padding
			t.Errorf("the token is %q", good)
		}
		with := func(change func(b []byte)) string {
			b, err := base64.RawURLEncoding.DecodeString(good[4:])
			must(t, err)
			change(b)
			return "lkr_" + base64.RawURLEncoding.EncodeToString(b)
		}
		otherID, _, _, _ := auth.ParseRefreshToken(*other.Tokens.RefreshToken)
		for name, token := range map[string]string{
			"nothing":                  "",
			"prefix":                   "lkr_",
			"without it":               good[4:],
			"another prefix":           "lko_" + good[4:],
			"shorter":                  good[:len(good)-1],
			"longer":                   good + "A",
			"padded":                   good + "=",
			"another spelling":         good[:len(good)-1] + "_",
			"space":                    good + " ",
			"line breaks":              "lkr_" + strings.Repeat("\n", 75),
			"few bytes":                good[:4+30] + strings.Repeat("\n", 45),
			"upper case":               strings.ToUpper(good),
			"access token":             mine.Tokens.AccessToken,
			"another HMAC":             with(func(b []byte) { b[55] ^= 1 }),
			"no HMAC":                  with(func(b []byte) { clear(b[24:]) }),
			"the next generation":      with(func(b []byte) { b[23]++ }),
			"no generation":            with(func(b []byte) { clear(b[16:24]) }),
			"the last generation":      with(func(b []byte) { copy(b[16:24], bytes.Repeat([]byte{255}, 8)) }),
			"another device's session": with(func(b []byte) { copy(b, otherID[:]) }),
			"no session":               with(func(b []byte) { clear(b[:16]) }),
		} {
			_, err := f.Refresh(t.Context(), client(1), token)
			expect(t, name, err, "TOKEN_INVALID")
			must(t, f.Logout(t.Context(), client(1), "", token))
			_, err = f.Identify(t.Context(), token)
			if name != "access token" {
				expect(t, name+" as access token", err, "UNAUTHENTICATED INVALID")
			}
		}
		_, err := f.Identify(t.Context(), good)
		expect(t, "a refresh token as access token", err, "UNAUTHENTICATED INVALID")
		for _, l := range []*auth.Login{mine, other} {
			_, err := f.refresh(l)
			expect(t, "a device after all that", err, "ok")
		}
	})
}

// Tokens made with the old secret are good while it is still among the secrets.
func TestSecretRotation(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		with := func(secrets ...[]byte) *auth.Service {
			cfg := f.cfg
			cfg.Secrets = secrets
			return f.replica(cfg)
		}
		before, behind, front, after := f.Service, with(oldSecret, newSecret), with(newSecret, oldSecret), with(newSecret)
		old, idle := f.login("ada", client(1)), f.login("ada", client(1))
		refresh := func(s *auth.Service, l *auth.Login) (*auth.Login, error) {
			return s.Refresh(t.Context(), client(1), *l.Tokens.RefreshToken)
		}
		l, err := refresh(front, old)
		must(t, err)
		_, err = front.Identify(t.Context(), old.Tokens.AccessToken)
		expect(t, "an access token of before", err, "ok")
		_, err = behind.Identify(t.Context(), l.Tokens.AccessToken)
		expect(t, "a new one where the secret is not in front yet", err, "ok")
		again, err := refresh(behind, old)
		must(t, err)
		for _, l := range []*auth.Login{l, again} {
			next, err := refresh(front, l)
			expect(t, "either spelling of the successor", err, "ok")
			if err == nil {
				_, err = refresh(after, next)
				expect(t, "once the old secret is gone", err, "ok")
			}
		}
		_, err = refresh(before, l)
		expect(t, "where the new one is not known", err, "TOKEN_INVALID")
		_, err = refresh(after, idle)
		expect(t, "a token of before, once the old secret is gone", err, "TOKEN_INVALID")
		_, err = refresh(front, idle)
		expect(t, "which ended nothing", err, "ok")
	})
}
