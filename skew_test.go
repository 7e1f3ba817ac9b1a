package main

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/config"
	"latchkey/internal/password"
	"latchkey/internal/testenv"
)

// ahead is a clock that goes right but for being set wrong; negative is behind.
type ahead time.Duration

func (d ahead) now() time.Time { return time.Now().Add(time.Duration(d)) }

// replica is the service as server.go wires it, in this process, on a clock of the
// test's own.
type replica struct {
	*app
	url string
	end func() // like a kill: at once, with nothing left to do
}

// replicas starts one with a right clock and one with a wrong one on the databases
// and the mail server of a production stack.
func replicas(t *testing.T, wrong time.Duration) (s *testenv.Stack, right, skewed *replica) {
	t.Helper()
	s = testenv.NewProduction(t, "LATCHKEY_ENV=development") // which does not linger when it ends
	s.OwnMailpit(t)
	var all []*replica
	for _, clock := range []ahead{0, ahead(wrong)} {
		r := start(t, s, clock)
		s.Replicas = append(s.Replicas, &testenv.Process{URL: r.url})
		all = append(all, r)
	}
	return s, all[0], all[1]
}

func start(t *testing.T, s *testenv.Stack, clock ahead) *replica {
	t.Helper()
	cfg, _, err := config.Load(s.Env, "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := build(cfg, zerolog.Nop(), clock.now, password.Here(2))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := a.run(ctx, listener); err != nil {
			t.Error(err)
		}
	})
	r := &replica{app: a, url: "http://" + listener.Addr().String(), end: sync.OnceFunc(func() {
		cancel()
		running.Wait()
		a.close()
	})}
	t.Cleanup(r.end)
	testenv.Await(t, time.Minute, "the replica to be ready", func() bool {
		res, err := http.Get(r.url + "/readyz")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return r
}

func ask(t *testing.T, r *replica, op, client string, input ...any) *testenv.Answer {
	t.Helper()
	return testenv.Post(t, r.url, testenv.Request{Query: op, Variables: testenv.Input(input...), Client: client})
}

// reason is why me is refused to the bearer, or "".
func reason(t *testing.T, r *replica, access string) string {
	t.Helper()
	a := testenv.Post(t, r.url, testenv.Request{Query: testenv.MeOp, Bearer: access})
	if len(a.Errors) > 0 {
		return a.Errors[0].Extensions.Reason
	}
	return ""
}

// Two replicas whose clocks are minutes or hours apart, as docs/trouble.md tells
// it: nobody is logged out or comes back, links work once, every mail goes, guesses
// are limited, and nothing is deleted that the right clock still honours.
func TestSkewedClocks_C4_D2_D10_E2_E5_F2(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{90 * time.Second, -90 * time.Second, 3 * time.Hour, -3 * time.Hour} {
		t.Run(skew.String(), func(t *testing.T) {
			t.Parallel()
			s, right, wrong := replicas(t, skew)
			ada := s.Join(t)
			pairs := map[*replica]*replica{right: wrong, wrong: right}
			for one, other := range pairs {
				later := skew // by the other's clock
				if other == right {
					later = -skew
				}
				skewedAccess(t, one, other, ada, later)
				skewedRefresh(t, one, other, ada, later)
			}
			if skew == 3*time.Hour { // which of them is ahead is nothing to a guesser who asks both
				skewedGuesses(t, wrong, right, ada)
			}
			// Whoever mistyped at one gets in at the other.
			if skew.Abs() < 4*time.Minute { // else it takes as long as they are apart
				owner := *ada
				owner.Client = testenv.ClientAddress()
				ask(t, wrong, testenv.LoginOp, owner.Client, "login", ada.Username, "password", "wrong horse")
				login(t, right, &owner)
			}
			behind, first := right, wrong
			if skew < 0 {
				behind, first = wrong, right
			}
			skewedLinks(t, s, behind, first)
			skewedMail(t, s, right, wrong)
			skewedSweep(t, s, right, wrong)
		})
	}
}

func login(t *testing.T, r *replica, p *testenv.Person) (access, refresh string) {
	t.Helper()
	a := ask(t, r, testenv.LoginOp, p.Client, "login", p.Username, "password", p.Password)
	got := a.Payload(t, "login")
	if got.Tokens == nil {
		t.Fatalf("login: %s", a.Body)
	}
	return got.Tokens.AccessToken, got.Tokens.RefreshToken
}

// trade refreshes and returns the successor, or "" if there is none any more.
func trade(t *testing.T, r *replica, token string) string {
	t.Helper()
	a := ask(t, r, testenv.RefreshOp, "", "refreshToken", token)
	got := a.Payload(t, "refresh")
	if got.Tokens == nil {
		if len(got.Errors) != 1 || got.Errors[0].Code != "TOKEN_INVALID" {
			t.Fatalf("refresh: %s", a.Body)
		}
		return ""
	}
	return got.Tokens.RefreshToken
}

// An access token of one is good at the other, also from what is the future there,
// until it expires by the clock of who looks. Ended it is good nowhere.
func skewedAccess(t *testing.T, one, other *replica, p *testenv.Person, later time.Duration) {
	t.Helper()
	access, refresh := login(t, one, p)
	want := ""
	if later >= one.cfg.AccessTokenTTL {
		want = "EXPIRED"
	}
	if got := reason(t, other, access); got != want {
		t.Errorf("an access token, %v later: %q, want %q", later, got, want)
	}
	if got := reason(t, one, access); got != "" {
		t.Errorf("an access token where it was made: %q", got)
	}
	if want == "" {
		want = "REVOKED"
	}
	ask(t, other, testenv.LogoutOp, "", "refreshToken", refresh)
	if got := reason(t, other, access); got != want {
		t.Errorf("after a logout there: %q, want %q", got, want)
	}
	if got := reason(t, one, access); got != "REVOKED" {
		t.Errorf("after a logout elsewhere: %q, want REVOKED", got)
	}
	if trade(t, one, refresh) != "" || trade(t, other, refresh) != "" {
		t.Error("a session comes back")
	}
}

// A device whose every answer is lost once, and that meets the replicas in turn,
// stays logged in. A token of two generations ago ends its session unless by the
// clock of who looks it was rotated away within the grace: a negative age is none.
func skewedRefresh(t *testing.T, one, other *replica, p *testenv.Person, later time.Duration) {
	t.Helper()
	_, token := login(t, one, p)
	for i := range 8 {
		first, second := one, other
		if i%2 == 1 {
			first, second = other, one
		}
		next := trade(t, first, token)
		if again := trade(t, second, token); next == "" || next == token || again != next {
			t.Fatalf("refresh %d, %v apart: the same token has no successor, or two", i, later)
		}
		token = next
	}
	_, oldest := login(t, one, p)
	current := trade(t, one, trade(t, one, oldest))
	got := trade(t, other, oldest)
	if inGrace := later <= one.cfg.RefreshGrace; inGrace && got != current || !inGrace && got != "" {
		t.Errorf("a token of two generations ago, %v later: answered %v", later, got != "")
	}
	if got == "" && trade(t, one, current) != "" {
		t.Error("its session lives on")
	}
}

// A guesser has no more than the tries of two.
func skewedGuesses(t *testing.T, one, other *replica, p *testenv.Person) {
	t.Helper()
	guesser, heard, began := testenv.ClientAddress(), 0, time.Now()
	for before := -1; heard > before; { // until neither hears one
		before = heard
		for _, r := range []*replica{one, other} {
			a := ask(t, r, testenv.LoginOp, guesser, "login", p.Username, "password", "wrong horse")
			switch a.Code() {
			case "":
				heard++
			case "RATE_LIMITED":
			default:
				t.Fatalf("a guess: %s", a.Body)
			}
		}
		// Ten, and one each 30 s; as many again where Redis was too slow for a moment
		// on a busy machine, so that both sides counted: see throttle.Fallback.
		if most := 2 * 2 * (10 + int(time.Since(began)/(200*time.Second))); heard > most {
			t.Fatalf("%d guesses were heard, want %d at most", heard, most)
		}
	}
	if heard < 10 {
		t.Errorf("%d guesses were heard, want 10 at least", heard)
	}
}
