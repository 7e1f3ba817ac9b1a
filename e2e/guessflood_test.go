package e2e_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// guessers guess at names that nobody has, over some connections from each of some
// clients, as fast as they are answered; told that there is no room they ask again
// half a second later. Every fourth connection hangs up at once, and leaves what
// it asked for behind.
type guessers struct {
	clients, connections int // connections of each client
}

// run does so until stop is closed.
func (g guessers) run(base string, stop <-chan struct{}) {
	var all sync.WaitGroup
	for range g.clients {
		client := testenv.ClientAddress()
		for i := range g.connections {
			all.Go(func() {
				for {
					r := loginRequest(testenv.Username(), typed, client)
					pause := time.Duration(0)
					if i%4 == 3 {
						r.Patience, pause = 100*time.Millisecond, 100*time.Millisecond
					}
					if a, err := testenv.TryPost(base, r); err == nil && a.Code() == "UNAVAILABLE" {
						pause = time.Second / 2
					}
					select {
					case <-stop:
						return
					case <-time.After(pause):
					}
				}
			})
		}
	}
	all.Wait()
}

// getsIn logs p in, coming again as often as told to, and returns how long that
// took. It brings a device's token, if one is given.
func getsIn(t *testing.T, base string, p *testenv.Person, client string, device ...string) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		r := loginRequest(p.Username, p.Password, client)
		if len(device) > 0 {
			r = bringing(device[0], p, p.Password, client)
		}
		a := testenv.Post(t, base, r)
		if a.Code() == "UNAVAILABLE" && time.Since(began) < patience {
			<-time.After(time.Duration(a.Errors[0].Extensions.RetryAfter) * time.Second)
			continue
		}
		if a.Code() != "" || a.Payload(t, "login").Tokens == nil {
			t.Fatalf("after %v: %s", time.Since(began), a.Body)
		}
		return time.Since(began)
	}
}

// Whoever floods the logins with guesses, the owner gets in: at once at a client where
// they did before or with a device that keeps its token, and soon at a new one.
func TestGuessFlood_C5_R7(t *testing.T) {
	for _, kind := range []string{"argon2id", "bcrypt"} {
		s := testenv.NewEmbedded(t, "PASSWORD_HASH="+kind)
		s.Plain = true
		base := s.Add(t).URL
		s.AwaitReady(t)
		ada := s.Join(t)
		token := s.Login(t, ada).DeviceToken
		quiet := getsIn(t, base, ada, ada.Client) // on a machine that others use too
		for _, g := range []guessers{{1, 40}, {5, 34}, {256, 1}} {
			t.Run(fmt.Sprintf("%s, %d clients", kind, g.clients), func(t *testing.T) {
				stop := make(chan struct{})
				var flooding sync.WaitGroup
				flooding.Go(func() { g.run(base, stop) })
				defer flooding.Wait()
				defer close(stop)
				testenv.Await(t, patience, "the flood to rise", func() bool {
					a, err := testenv.TryPost(base, loginRequest(testenv.Username(), typed, testenv.ClientAddress()))
					return err == nil && a != nil
				})
				for i := range 5 {
					known := getsIn(t, base, ada, ada.Client)
					device := getsIn(t, base, ada, testenv.ClientAddress(), token)
					fresh := getsIn(t, base, ada, testenv.ClientAddress())
					t.Logf("login %d: %v at a known client, %v with a known device, %v at a new one", 1+i, known.Round(time.Millisecond), device.Round(time.Millisecond), fresh.Round(time.Millisecond))
					if known > 5*time.Second+2*quiet || device > 5*time.Second+2*quiet || fresh > 30*time.Second {
						t.Errorf("the owner waited %v at a known client, %v with a known device, %v at a new one, want 5, 5 and 30 s at most", known, device, fresh)
					}
				}
			})
		}
	}
}
