package auth_test

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
	"latchkey/internal/mail"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// Tries from anywhere do not lock the owner out.
func TestOwnerIsNotLockedOut_C5(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		for range 50 {
			_ = f.try("ada", wrongPassword, client(1))
		}
		f.pass(5 * time.Second)
		expect(t, "from another address, after 50 tries from one", f.try("ada", goodPassword, client(2)), "ok")
		for i := range 1000 {
			_ = f.try("ada", wrongPassword, client(100+i))
		}
		expect(t, "from one in use, after 1,000 from 1,000", f.try("ada", goodPassword, client(2)), "ok")
		expect(t, "by address", f.try("ada@example.org", goodPassword, client(2)), "ok")
		expect(t, "from a new one", f.try("ada", goodPassword, client(3)), "RATE_LIMITED")
	})
}

// A guesser with 1,000 addresses and a stolen session has 300 tries at one
// account in any hour, over its username, its address and its id, and whenever he
// tries, its owner gets in from where they did before.
func TestGuessesFromThousand_C4_C5(t *testing.T) {
	eachCounters(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		home := client(1)
		stolen := f.viewer(f.login("ada", home))
		var heard []time.Time // when each try was that was not refused
		ways := []func(c auth.Actor) error{
			func(c auth.Actor) error { return f.try("ada", wrongPassword, c) },
			func(c auth.Actor) error { return f.try("ADA@example.org", wrongPassword, c) },
			func(c auth.Actor) error { return f.changePassword(stolen, wrongPassword, newPassword, c) },
		}
		guess := func(from, to int) {
			for i := from; i < to; i++ {
				switch got := outcome(ways[i%len(ways)](client(100 + i%1000))); got {
				case "INVALID_CREDENTIALS", "WRONG_PASSWORD":
					heard = append(heard, f.Now())
				case "RATE_LIMITED":
				default:
					t.Fatalf("a guess: %s", got)
				}
			}
		}
		guess(0, 1000) // as fast as he can, and then on for three hours
		for step := range 36 {
			expect(t, "the owner at home", f.try("ada", goodPassword, home), "ok")
			f.pass(5 * time.Minute)
			guess(step*60, step*60+60)
		}
		for i, at := range heard {
			n := 0
			for _, other := range heard[i:] {
				if other.Sub(at) < time.Hour {
					n++
				}
			}
			if n > 300 {
				t.Fatalf("%d guesses were heard within an hour, want 300 at most", n)
			}
		}
		if len(heard) < 600 {
			t.Errorf("only %d guesses were heard in three hours: this tried no limit", len(heard))
		}
	})
}

// An office behind one address logs in while somebody there sprays new names, as
// fast as he is answered.
func TestOffice_C5(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const people = 300
		office := client(1)
		f.staff(people, office)
		var guesses, refused atomic.Int64
		guess := func() {
			n := guesses.Add(1)
			if outcome(f.try(fmt.Sprintf("nobody-%d", n), wrongPassword, office)) == "RATE_LIMITED" {
				refused.Add(1)
			}
		}
		for range 300 {
			guess()
		}
		end := make(chan struct{})
		var spraying sync.WaitGroup
		for range 4 {
			spraying.Go(func() {
				for {
					select {
					case <-end:
						return
					default:
						guess()
					}
				}
			})
		}
		for i := range people {
			expect(t, fmt.Sprintf("person %d", i), f.try(fmt.Sprintf("person-%d", 1+i), goodPassword, office), "ok")
			f.pass(10 * time.Minute / people)
		}
		close(end)
		spraying.Wait()
		t.Logf("%d people logged in, %d of %d guesses were refused", people, refused.Load(), guesses.Load())
		if heard := guesses.Load() - refused.Load(); heard > 600 || refused.Load() == 0 {
			t.Errorf("%d of %d guesses were heard in 10 minutes after the first 300, want 600 at most and some refused", heard, guesses.Load())
		}
	})
}

// staff makes person-1 to person-n, who logged in at the client with goodPassword.
func (f *fixture) staff(n int, at auth.Actor) {
	f.t.Helper()
	const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) `
	u := f.user("model")
	f.exec(numbers+`
		INSERT INTO users (id, email, email_key, username, password_hash, role, security_version, created_at, updated_at)
		SELECT 'id-' || i, 'p' || i || '@example.org', 'p' || i || '@example.org', 'person-' || i, $2, 'USER', 1, $3, $3 FROM n`,
		n, u.PasswordHash, f.Now())
	f.exec(numbers+`INSERT INTO usernames (key, user_id) SELECT 'person-' || i, 'id-' || i FROM n`, n)
	f.exec(numbers+`INSERT INTO familiar (user_id, kind, value, last_seen_at) SELECT 'id-' || i, 'client', $2, $3 FROM n`,
		n, at.Client.Key(), f.Now())
}

// What a guesser is left with, as docs/security.md says it.
func TestTriesAYear_C4(t *testing.T) {
	page, err := os.ReadFile("../../docs/security.md")
	must(t, err)
	const hoursAYear = 8766
	for _, c := range []struct {
		path  string
		hour  int // tries that are heard in an hour, once it has gone on for one
		pause time.Duration
		try   func(f *fixture, i int) error
	}{
		{"One account, by one of its names, from one address", 19, 10 * time.Second, func(f *fixture, _ int) error {
			return f.try("ada", wrongPassword, client(1))
		}},
		{"One account, by one of its names, from an IPv6 /48", 40, 10 * time.Second, func(f *fixture, i int) error {
			return f.try("ada", wrongPassword, at(netip.MustParseAddr(fmt.Sprintf("2001:db8:1:%x::1", i*256%65536)), ""))
		}},
		{"One account, from any number of addresses", 200, 3 * time.Second, func(f *fixture, i int) error {
			return f.try([]string{"ada", "ada@example.org"}[i%2], wrongPassword, client(100+i))
		}},
		{"All accounts, from one address", 1800, time.Second, func(f *fixture, i int) error {
			return f.try(fmt.Sprintf("nobody-%d", i), wrongPassword, client(1))
		}},
	} {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()
			f := setup(t, testenv.SQLite(t))
			f.user("ada")
			heard := 0
			for began, i := f.Now(), 0; f.Now().Sub(began) < 2*time.Hour; i++ {
				if outcome(c.try(f, i)) == "INVALID_CREDENTIALS" && f.Now().Sub(began) >= time.Hour {
					heard++
				}
				f.pass(c.pause)
			}
			if heard != c.hour {
				t.Errorf("%d tries in the second hour, want %d", heard, c.hour)
			}
			if row := fmt.Sprintf("| %s | %s | %s |", c.path, thousands(heard), thousands(heard*hoursAYear)); !strings.Contains(string(page), row) {
				t.Errorf("docs/security.md has no row\n%s", row)
			}
		})
	}
}

// thousands writes a number as people read it.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return thousands(n/1000) + fmt.Sprintf(",%03d", n%1000)
}

// Strangers who ask for the owner's reset from 200 addresses leave the owner
// theirs: at once where they are known, and else with the next slot. All of it is
// at most ten mails an hour, and the owner's own three.
func TestMailsAreNotUsedUp_C6(t *testing.T) {
	eachCounters(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.login("ada", client(1))
		words, err := templates()
		must(t, err)
		log := zerolog.Nop()
		w, err := mail.NewWorker(mail.Config{
			Store: f.store, Sender: f.inbox, Links: f.deps.Links, Counters: f.deps.Counters, Templates: words,
			From: "noreply@example.org", Log: &log, Now: f.Now,
		})
		must(t, err)
		resets := func() int { // sent so far
			t.Helper()
			must(t, w.Tick(t.Context()))
			n := 0
			for _, m := range f.sent("ada@example.org") {
				if m.Kind == store.MailPasswordReset {
					n++
				}
			}
			return n
		}
		asks := func(c auth.Actor) {
			t.Helper()
			must(t, f.RequestPasswordReset(t.Context(), c, auth.RequestPasswordResetInput{Email: "ada@example.org"}))
		}
		for i := range 200 {
			asks(client(100 + i))
		}
		if n := resets(); n != 10 {
			t.Errorf("%d mails after 200 strangers, want 10", n)
		}
		for want := 11; want <= 13; want++ {
			asks(client(1))
			if n := resets(); n != want {
				t.Fatalf("%d mails after the owner asked at home, want %d", n, want)
			}
		}
		asks(client(1))
		if n := resets(); n != 13 {
			t.Errorf("%d mails after the owner's fourth, want 13", n)
		}
		before := resets()
		asks(client(2)) // the owner, on the road
		for i := range 100 {
			asks(client(5000 + i))
		}
		for range 60 {
			f.pass(time.Minute)
			if resets() > before {
				break
			}
		}
		if n := resets(); n <= before {
			t.Error("the owner on the road got nothing within the hour")
		}
	})
}
