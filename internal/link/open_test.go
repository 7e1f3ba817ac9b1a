package link_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/link"
	"latchkey/internal/names"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

var token = regexp.MustCompile(`lko_[A-Za-z0-9_-]{43}`)

// Of a token only its SHA-256 is stored, and what it is for is sealed.
func TestTokenAsStored_D1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		to := link.Target{Purpose: link.ConfirmRegistration, Registration: &registration}
		first, second := f.make(to), f.make(to)
		random, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimPrefix(first, "lko_"))
		if first == second || !token.MatchString(first) || err != nil || len(random) != 256/8 {
			t.Errorf("token %q, then %q", first, second)
		}
		var n int
		must(t, f.db.QueryRow(t.Context(), `SELECT count(*) FROM tokens`).Scan(&n))
		if n != 2 {
			t.Errorf("%d tokens, want 2", n)
		}
		sum := sha256.Sum256([]byte(first))
		payload, err := f.store.Token(t.Context(), sum[:], f.now)
		must(t, err)
		for _, clear := range []string{"ada@example.org", "confirm", `"r"`, first[4:]} {
			if bytes.Contains(payload, []byte(clear)) {
				t.Errorf("%q is kept: %q", clear, payload)
			}
		}
		must(t, f.store.PutToken(t.Context(), sum[:], []byte(`{`), f.now, time.Hour))
		if _, err := f.Open(t.Context(), first, "", to.Purpose); err == nil || errors.Is(err, link.ErrDead) || strings.Contains(err.Error(), first) {
			t.Errorf("what cannot be read: %v", err)
		}
	})
}

// A token of one purpose, mailed to one address, is nothing to another, and no
// other text is a token.
func TestOpen_D1_D5(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		good := f.make(link.Target{Purpose: link.ResetPassword, User: &user})
		for _, email := range []string{"", "ada@example.org", "ADA@EXAMPLE.ORG", " ada@example.org "} {
			if c, err := f.Open(t.Context(), good, email, link.NotMe, link.ResetPassword); err != nil || c.User != "u" {
				t.Errorf("beside %q: %+v, %v", email, c, err)
			}
		}
		for _, email := range []string{"eve@example.org", "ada", "ada @example.org", "ada+new@example.org", "\x00"} {
			_, err := f.Open(t.Context(), good, email, link.ResetPassword)
			f.dead("beside "+email, err)
		}
		_, err := f.Open(t.Context(), good, "", link.ConfirmRegistration, link.ConfirmNewEmail, link.NotMe)
		f.dead("for other purposes", err)
		for _, garbage := range []string{"", "lko_", good[:len(good)-1], good + "A", strings.ToUpper(good), "lkr_" + good[4:], "lko_" + strings.Repeat("\n", 43), "lko_" + strings.Repeat("A", 43)} {
			_, err := f.Open(t.Context(), garbage, "", link.ResetPassword)
			f.dead("opening garbage", err)
			_, err = f.Take(t.Context(), garbage)
			f.dead("taking garbage", err)
		}
		if _, err := f.Open(t.Context(), good, "", link.ResetPassword); err != nil {
			t.Errorf("after all that: %v", err)
		}
	})
}

// Making another leaves a link working; using one up leaves the other working.
func TestTake_D2_D3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		to := link.Target{Purpose: link.ResetPassword, User: &user}
		first, second := f.make(to), f.make(to)
		if c, err := f.Take(t.Context(), first); err != nil || c != (link.Claim{Purpose: link.ResetPassword, User: "u", Version: 7, EmailKey: "ada@example.org"}) {
			t.Errorf("took %+v, %v", c, err)
		}
		_, err := f.Take(t.Context(), first)
		f.dead("taking it again", err)
		_, err = f.Open(t.Context(), first, "", link.ResetPassword)
		f.dead("opening it then", err)
		if _, err := f.Open(t.Context(), second, "", link.ResetPassword); err != nil {
			t.Errorf("the other: %v", err)
		}
		f.now = noon.Add(time.Hour)
		_, err = f.Take(t.Context(), second)
		f.dead("taking one that expired", err)
	})
}

// Of fifty who take a token at once, by two replicas, one gets its claim.
func TestOneTakesAtOnce_D2(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		other := setup(t, f.db)
		good := f.make(link.Target{Purpose: link.ResetPassword, User: &user})
		var claims [50]link.Claim
		var errs [50]error
		begin := make(chan struct{})
		var takers sync.WaitGroup
		for i := range claims {
			takers.Go(func() {
				<-begin
				claims[i], errs[i] = patient([]*fixture{f, other}[i%2], good)
			})
		}
		close(begin)
		takers.Wait()
		n := 0
		for i, err := range errs {
			if err == nil && claims[i].User == "u" {
				n++
			} else {
				f.dead("one of the others", err)
			}
		}
		if n != 1 {
			t.Errorf("%d took it, want 1", n)
		}
	})
}

// patient takes a token, and again while SQLite has no time: fifty writers may have
// to wait longer on a busy machine than a call may take.
func patient(f *fixture, token string) (c link.Claim, err error) {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if c, err = f.Take(f.t.Context(), token); !errors.Is(err, store.ErrUnavailable) {
			break
		}
	}
	return c, err
}

// A one-time token is the one that was made, byte for byte, from the address
// that it was mailed to; all else is dead.
func FuzzOneTimeToken(f *testing.F) {
	fix := setup(f, testenv.SQLite(f))
	good := fix.make(link.Target{Purpose: link.ResetPassword, User: &user})
	refresh := "lkr_" + strings.Repeat("A", 100)
	// The token differs from run to run, so a seed has * for it.
	for _, seed := range [][2]string{
		{"*", ""}, {"*", "ada@example.org"}, {"*", "ADA@example.org"}, {"*", "bob@example.org"}, {"*", "ada@example.org, bob@example.org"}, {"*", "\x00"},
		{"* ", ""}, {" *", ""}, {"*=", ""}, {"*A", ""}, {"*\x00", ""}, {"*\n", ""}, {"", ""}, {"lko_", ""}, {"lko_" + strings.Repeat("A", 43), ""},
		{strings.Repeat("\xff", 47), "\xff"}, {refresh, ""}, {"LKO_" + strings.Repeat("a", 43), ""}, {"lko_' OR 1=1 --" + strings.Repeat("a", 32), ""},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, token, email string) {
		token = strings.ReplaceAll(token, "*", good)
		claim, err := fix.Open(t.Context(), token, email, link.ResetPassword)
		key, _ := names.ParseEmail(email)
		want := token == good && (email == "" || key.Key == "ada@example.org")
		if want != (err == nil) || want && claim.User != "u" {
			t.Fatalf("%q, %q: got %+v, %v, want it taken: %t", token, email, claim, err, want)
		}
		if err != nil && err != link.ErrDead {
			t.Errorf("%q, %q: got %v, want %v", token, email, err, link.ErrDead)
		}
	})
}
