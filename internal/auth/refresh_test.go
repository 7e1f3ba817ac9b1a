package auth_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/mail"
	"latchkey/internal/store"
)

// refresh trades a login's refresh token.
func (f *fixture) refresh(l *auth.Login) (*auth.Login, error) {
	return f.Refresh(f.t.Context(), client(1), *l.Tokens.RefreshToken)
}

// row returns generation and rotations of a session.
func (f *fixture) row(id string) (generation int64, rotations []byte) {
	f.t.Helper()
	must(f.t, f.db.QueryRow(f.t.Context(), `SELECT generation, rotations FROM sessions WHERE id = $1`, id).Scan(&generation, &rotations))
	return generation, rotations
}

// A step presents one of a session's refresh tokens after some time. The login's
// is number 0, and each new one that an answer brings gets the next number.
type step struct {
	wait    time.Duration
	present int
	want    int // the number of the token in the answer; ends: TOKEN_INVALID and an ended session
}

const ends = -1

// What becomes of a refresh token, by how old it is.
func TestRefresh_E2(t *testing.T) {
	const grace, tick = 30 * time.Second, time.Microsecond
	tests := []struct {
		name  string
		grace time.Duration
		steps []step
	}{
		{"one after the other", grace, []step{{0, 0, 1}, {time.Hour, 1, 2}, {day, 2, 3}}},
		{"another tab", grace, []step{{0, 0, 1}, {0, 0, 1}, {grace, 0, 1}, {0, 1, 2}}},
		{"a lost answer", grace, []step{{0, 0, 1}, {grace + tick, 0, 1}, {time.Hour, 0, 1}, {0, 1, 2}}},
		{"a lost answer, a day later", grace, []step{{0, 0, 1}, {day, 0, 1}, {tick, 0, ends}}},
		{"a lost answer is not prolonged", grace, []step{{0, 0, 1}, {23 * time.Hour, 0, 1}, {23 * time.Hour, 0, ends}}},
		{"a lost answer later on", grace, []step{{0, 0, 1}, {time.Hour, 1, 2}, {time.Hour, 1, 2}, {0, 2, 3}}},
		{"the successor was presented", grace, []step{{0, 0, 1}, {0, 1, 2}, {grace + tick, 0, ends}}},
		{"the successor was presented after a lost answer", grace, []step{{0, 0, 1}, {time.Hour, 0, 1}, {0, 1, 2}, {0, 0, ends}}},
		{"grace runs from its own rotation", grace, []step{{0, 0, 1}, {20 * time.Second, 1, 2}, {10 * time.Second, 0, 2}, {tick, 0, ends}}},
		{"four back", grace, []step{{0, 0, 1}, {0, 1, 2}, {0, 2, 3}, {0, 3, 4}, {grace, 0, 4}, {0, 4, 5}}},
		{"five back", grace, []step{{0, 0, 1}, {0, 1, 2}, {0, 2, 3}, {0, 3, 4}, {0, 4, 5}, {0, 0, ends}}},
		{"four back among many", grace, []step{{0, 0, 1}, {0, 1, 2}, {0, 2, 3}, {0, 3, 4}, {0, 4, 5}, {0, 5, 6}, {0, 2, 6}, {0, 1, ends}}},
		{"the clock was set back", grace, []step{{0, 0, 1}, {-time.Hour, 0, 1}, {0, 1, 2}, {0, 0, 2}}},
		{"strict, one after the other", 0, []step{{0, 0, 1}, {time.Hour, 1, 2}}},
		{"strict, at once", 0, []step{{0, 0, 1}, {0, 0, ends}}},
		{"strict, a clock set back", 0, []step{{0, 0, 1}, {-time.Hour, 0, ends}}},
	}
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		other := f.login("ada", client(2))
		for _, tt := range tests {
			cfg := f.cfg
			cfg.RefreshGrace = tt.grace
			f.Service = f.replica(cfg)
			answers := []*auth.Login{f.login("ada", client(1))}
			for i, s := range tt.steps {
				what := fmt.Sprintf("%s, step %d", tt.name, i)
				f.pass(s.wait)
				l, err := f.refresh(answers[s.present])
				if s.want == ends {
					expect(t, what, err, "TOKEN_INVALID")
					for i := range answers {
						_, err := f.refresh(answers[i])
						expect(t, fmt.Sprintf("%s, token %d then", what, i), err, "TOKEN_INVALID")
					}
					_, err = f.Identify(t.Context(), f.access(answers[0]))
					expect(t, what+", access token then", err, "UNAUTHENTICATED REVOKED")
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", what, err)
					break
				}
				if s.want == len(answers) {
					answers = append(answers, l)
				}
				if *l.Tokens.RefreshToken != *answers[s.want].Tokens.RefreshToken {
					t.Errorf("%s: the answer is not token %d", what, s.want)
				}
				_, err = f.Identify(t.Context(), l.Tokens.AccessToken)
				expect(t, what+", its access token", err, "ok")
			}
			if n := f.count(`sessions WHERE id = $1`, other.Session.ID); n != 1 {
				t.Fatalf("%s: another device's session is gone", tt.name)
			}
		}
	})
}

// access returns an access token of a session as if it were made now.
func (f *fixture) access(l *auth.Login) string {
	f.t.Helper()
	claims, err := f.keys.Verify(l.Tokens.AccessToken, l.Tokens.AccessTokenExpiresAt.Add(-time.Second))
	must(f.t, err)
	claims.IssuedAt, claims.ExpiresAt = f.Now(), f.Now().Add(time.Minute)
	token, err := f.keys.Sign(claims)
	must(f.t, err)
	return token
}

// The database came back from a backup that is older than a device's token.
func TestRefreshAfterARestore_E2(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		answers := []*auth.Login{f.login("ada", client(1))}
		trade := func() {
			l, err := f.refresh(answers[len(answers)-1])
			must(t, err)
			answers = append(answers, l)
		}
		trade()
		id := answers[0].Session.ID
		generation, rotations := f.row(id)
		for range 3 {
			trade()
		}
		f.exec(`UPDATE sessions SET generation = $2, rotations = $3 WHERE id = $1`, id, generation, rotations)
		before := len(answers)
		trade()
		if now, _ := f.row(id); now != int64(before)+1 {
			t.Errorf("generation %d, want %d", now, before+1)
		}
		l, err := f.refresh(answers[before-1])
		must(t, err)
		if *l.Tokens.RefreshToken != *answers[before].Tokens.RefreshToken {
			t.Error("another tab does not get the same successor")
		}
		_, err = f.refresh(answers[1])
		expect(t, "one whose rotation is not known", err, "TOKEN_INVALID")
		_, err = f.refresh(l)
		expect(t, "the current one then", err, "TOKEN_INVALID")
	})
}

// Many refreshes at once, through two replicas, with the same token: nobody
// sees an error, and there is one successor.
func TestRefreshAtOnce_E3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		services := []*auth.Service{f.Service, f.replica(f.cfg)}
		l := f.login("ada", client(1))
		id := l.Session.ID
		for round := range 20 {
			const n = 40
			answers := make([]*auth.Login, n)
			token := *l.Tokens.RefreshToken
			errs := parallel(n, func(i int) (err error) {
				answers[i], err = services[i%2].Refresh(t.Context(), client(i), token)
				return err
			})
			if expectAll(t, fmt.Sprintf("round %d", round), errs, n, ""); t.Failed() {
				return
			}
			l = answers[round%n]
			for _, a := range answers {
				if *a.Tokens.RefreshToken != *l.Tokens.RefreshToken {
					t.Errorf("round %d: two successors", round)
				}
			}
			for i := 0; i < n; i += 5 {
				_, err := f.Identify(t.Context(), answers[i].Tokens.AccessToken)
				expect(t, fmt.Sprintf("access token of round %d", round), err, "ok")
			}
			if g, _ := f.row(id); g != int64(round)+2 {
				t.Errorf("round %d: generation %d, want %d", round, g, round+2)
			}
			f.pass(time.Minute)
		}
	})
}

// A session lives until it was not used for the idle limit, and never longer
// than the absolute one.
func TestLimitsOfASession_E4(t *testing.T) {
	const idle, absolute, tick = time.Hour, 150 * time.Minute, time.Microsecond
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		l := f.login("ada", client(1))
		f.pass(idle - tick)
		l, err := f.refresh(l)
		must(t, err)
		f.pass(idle)
		_, err = f.refresh(l)
		expect(t, "without use", err, "TOKEN_INVALID")
		_, err = f.Identify(t.Context(), l.Tokens.AccessToken)
		expect(t, "its access token", err, "UNAUTHENTICATED REVOKED")

		l = f.login("ada", client(1))
		begin := f.Now()
		for _, tt := range []struct{ wait, ends time.Duration }{
			{0, idle}, {50 * time.Minute, 110 * time.Minute}, {50 * time.Minute, absolute}, {50*time.Minute - tick, absolute},
		} {
			f.pass(tt.wait)
			l, err = f.refresh(l)
			must(t, err)
			if got := l.Tokens.RefreshTokenExpiresAt; !got.Equal(begin.Add(tt.ends)) || !l.Session.ExpiresAt.Equal(got) {
				t.Errorf("after %v it ends after %v, want %v", f.Now().Sub(begin), got.Sub(begin), tt.ends)
			}
		}
		f.pass(tick)
		_, err = f.refresh(l)
		expect(t, "in use", err, "TOKEN_INVALID")
		_, err = f.Identify(t.Context(), l.Tokens.AccessToken)
		expect(t, "its access token", err, "UNAUTHENTICATED REVOKED")
	}, func(f *fixture) { f.cfg.AccessTTL, f.cfg.IdleTTL, f.cfg.MaxTTL = day, idle, absolute })
}

// refreshAt trades a login's refresh token with a browser at the n-th client.
func (f *fixture) refreshAt(l *auth.Login, n int, userAgent string) *auth.Login {
	f.t.Helper()
	next, err := f.Refresh(f.t.Context(), at(client(n).Client.Addr, userAgent), *l.Tokens.RefreshToken)
	must(f.t, err)
	return next
}

// moved returns the mails of sessions that went on at another kind of device, and how
// many of these are in history.
func (f *fixture) moved(to string) (mails []*mail.Message, events int) {
	f.t.Helper()
	for _, m := range f.mails(to) {
		if m.Kind == store.MailSessionMoved {
			mails = append(mails, m)
		}
	}
	return mails, f.count(`security_events WHERE kind = 'SESSION_MOVED'`)
}

// A stolen refresh token shows where it is used, and its owner is told by mail, with a
// link that ends what the thief has (A8).
func TestStolenRefreshTokenIsTold_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l := f.login("ada", client(1))
		if f.LastRefresh(l.Session) != nil {
			t.Error("a session that was not refreshed has a last refresh")
		}
		other := f.login("ada", client(1))
		f.pass(time.Minute)
		own := f.refreshAt(l, 2, strings.ReplaceAll(firefox, "140", "141"))
		if mails, events := f.moved("ada@example.org"); len(mails) != 0 || events != 0 {
			t.Errorf("a newer version elsewhere: %d mails, %d events", len(mails), events)
		}
		f.pass(time.Minute)
		f.refreshAt(own, 66, "curl/8.14.1")
		sessions, err := f.Sessions(t.Context(), u.ID)
		must(t, err)
		i := slices.IndexFunc(sessions, func(s store.Session) bool { return s.ID == l.Session.ID })
		r := f.LastRefresh(&sessions[i])
		if r == nil || *r.UserAgent != "curl/8.14.1" || *r.IPAddress != "10.0.0.66" || *r.Device != "curl" || !r.At.Equal(f.Now()) || *sessions[i].UserAgent != firefox {
			t.Errorf("the list of devices has %+v of %+v", r, sessions[i])
		}
		mails, events := f.moved("ada@example.org")
		if len(mails) != 1 || events != 1 {
			t.Fatalf("%d mails, %d events, want one of each", len(mails), events)
		}
		for _, part := range []string{"Device: curl\n", "10.0.0.66", "Firefox on Linux. Another kind of device uses that login"} {
			if !strings.Contains(mails[0].Text, part) {
				t.Errorf("the mail lacks %q:\n%s", part, mails[0].Text)
			}
		}
		must(t, f.notMe(f.token("ada@example.org", store.MailSessionMoved)))
		for _, s := range []*auth.Login{l, other} {
			_, err = f.Identify(t.Context(), f.access(s))
			expect(t, "a device after the link", err, "UNAUTHENTICATED REVOKED")
		}
		expect(t, "the password then", f.try("ada", goodPassword, client(1)), "INVALID_CREDENTIALS")
	})
}

// It is told for whatever standing the token has: within the grace, and when an answer
// seems to be lost.
func TestStolenWithinTheGraceIsTold_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		for i, wait := range []time.Duration{0, time.Hour} {
			l := f.login("ada", client(1))
			next := f.refreshAt(l, 1, firefox)
			f.pass(wait)
			stolen := f.refreshAt(l, 66, chrome)
			if *stolen.Tokens.RefreshToken != *next.Tokens.RefreshToken {
				t.Errorf("after %v: another successor", wait)
			}
			if mails, events := f.moved("ada@example.org"); len(mails) != i+1 || events != i+1 {
				t.Errorf("after %v: %d mails and %d events, want %d", wait, len(mails), events, i+1)
			}
			if r := f.LastRefresh(stolen.Session); *r.Device != "Chrome on Windows" {
				t.Errorf("after %v: refreshed by %s", wait, *r.Device)
			}
		}
	})
}

// Each kind is told once, and a session tells of five: neither a thief nor a client that
// calls itself something else each time fills a mailbox.
func TestKindsOfASessionAreBounded_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		l := f.login("ada", client(1))
		want := 0
		for i, agent := range []string{chrome, firefox, chrome, "curl/8", "curl/9", chrome, "", "Alpha/1.0 (x)", "Beta 2", "alpha-2", "Gamma/1", "Delta/1", chrome} {
			if i == 0 || i == 3 || i == 6 || i == 7 || i == 8 {
				want++
			}
			f.pass(time.Minute)
			l = f.refreshAt(l, 2, agent)
			if mails, events := f.moved("ada@example.org"); len(mails) != want || events != want {
				t.Errorf("%q: %d mails and %d events, want %d", agent, len(mails), events, want)
			}
		}
	})
}

// A native app is itself whatever its version, and a program that took its token is not.
func TestNativeAppRefreshes_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		l, err := f.Login(t.Context(), at(client(1).Client.Addr, "Example/4.1 (a phone)"), auth.LoginInput{Login: "ada", Password: goodPassword, DeviceName: new("Ada's phone")})
		must(t, err)
		for _, agent := range []string{"Example/4.1 (a phone)", "Example/4.2 (a phone; build 7)", "example/5"} {
			f.pass(time.Minute)
			l = f.refreshAt(l, 2, agent)
		}
		if mails, _ := f.moved("ada@example.org"); len(mails) != 0 {
			t.Errorf("%d mails of the app's own updates", len(mails))
		}
		f.refreshAt(l, 66, "python-requests/2.31")
		mails, _ := f.moved("ada@example.org")
		if len(mails) != 1 || !strings.Contains(mails[0].Text, "Device: An unknown device\n") || strings.Contains(mails[0].Text, "python") {
			t.Errorf("%d mails of another program", len(mails))
		}
	})
}

// Of many refreshes at once by another kind of device, one is told.
func TestMovedAtOnce_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		l := f.login("ada", client(1))
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, err := f.Refresh(t.Context(), at(client(2).Client.Addr, chrome), *l.Tokens.RefreshToken); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if mails, events := f.moved("ada@example.org"); len(mails) != 1 || events != 1 {
			t.Errorf("%d mails and %d events, want one of each", len(mails), events)
		}
	})
}
