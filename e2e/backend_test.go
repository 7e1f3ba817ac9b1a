package e2e_test

import (
	"net/http"
	"testing"

	"latchkey/internal/testenv"
)

// A program of OAUTH_CLIENTS that names the addresses of its users has each of them
// bound by their own tries: a guesser behind it locks nobody out but themselves. Whoever
// shows no secret names nobody.
func TestBackendNamesItsUsers_C4_C5_G1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada, backend, guesser := s.Join(t), testenv.ClientAddress(), testenv.ClientAddress()
		guess := func(from string, more ...string) spoken {
			return speak(t, s, tokenPath, formOf(append([]string{"grant_type", "password", "username", ada.Username, "password", "wrong horse battery"}, more...)...), from)
		}
		// Ten of the pair, or as many again while Redis is given up for a moment.
		refused := func(what, from string, more ...string) {
			t.Helper()
			for range 40 {
				if a := guess(from, more...); a.status == http.StatusTooManyRequests {
					return
				}
			}
			t.Errorf("%s: 40 tries and no limit", what)
		}
		refused("a guesser behind the backend", guesser+", "+backend, asShop...)
		// What the guesser claims to be counts for nothing.
		mustDeny(t, "another claim", guess(testenv.ClientAddress()+", "+guesser+", "+backend, asShop...), http.StatusTooManyRequests, "temporarily_unavailable")
		// The owner behind the same backend is let in, and is known by their address.
		access, _ := granted(t, speak(t, s, tokenPath, passwordForm(ada, asShop...), ada.Client+", "+backend))
		at := ""
		for _, d := range devices(t, s.URL(), access) {
			if d.Current && d.IPAddress != nil {
				at = *d.IPAddress
			}
		}
		if at != ada.Client {
			t.Errorf("the session is from %q, want %q", at, ada.Client)
		}
		// Without a secret the backend's address counts, whatever it names.
		stranger := testenv.ClientAddress()
		for range 40 {
			if a := guess(testenv.ClientAddress() + ", " + stranger); a.status == http.StatusTooManyRequests {
				return
			}
		}
		t.Error("40 tries of a stranger who names other addresses, and no limit")
	})
}

// What the explorer offers as a password is nobody's in production.
func TestSamplePassword_A3(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		for _, sample := range []string{"a quiet lamp by the river", "A Quiet Lamp By The River", "a brisk walk along the shore"} {
			ada := testenv.Newcomer()
			ada.Password = sample
			if secure(s) {
				mustSay(t, testenv.Post(t, s.URL(), registerRequest(ada)), "register", "PASSWORD_TOO_COMMON")
			} else {
				mustSay(t, testenv.Post(t, s.URL(), registerRequest(ada)), "register")
			}
		}
	})
}
