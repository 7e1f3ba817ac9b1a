package keyring

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/db"
	"latchkey/internal/jwt"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// Replicas that start together on an empty database have the same keys.
func TestStartTogether_F4_R6(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		w := newWorld(t, d)
		var all []*replica
		for range 8 {
			all = append(all, w.replica())
		}
		var starting sync.WaitGroup
		for _, r := range all {
			starting.Go(func() {
				if err := r.Load(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		starting.Wait()
		if rows := w.rows(); len(rows) != 2 || rows[0].Number != 1 || rows[1].Number != 2 {
			t.Fatalf("%d keys, want 2", len(rows))
		}
		token, _ := all[0].token()
		for i, r := range all {
			if _, err := r.issuer.Verify(token, noon); err != nil || len(r.published()) != 2 {
				t.Errorf("replica %d: %v, publishes %v", i, err, r.published())
			}
			mine, _ := r.token()
			if _, err := all[0].issuer.Verify(mine, noon); err != nil {
				t.Errorf("a token of replica %d: %v", i, err)
			}
		}
	})
}

// backend verifies by what it fetched up to five minutes ago, and by nothing else.
type backend struct {
	kids    map[string]bool
	fetched time.Time
}

func (b *backend) knows(token string) bool {
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err != nil {
		return false
	}
	var h struct{ Kid string }
	return json.Unmarshal(header, &h) == nil && b.kids[h.Kid]
}

// live is a token that has not expired.
type live struct {
	token   string
	expires time.Time
}

// story is two replicas and a backend, and the tokens that are in force.
type story struct {
	*world
	replicas []*replica
	backend  backend
	tokens   []live
	kids     []string // that signed, in order
}

// smallStep is shorter than it takes replicas to read the keys anew.
const smallStep = 7 * time.Second

// step lets d go by. The replicas read the keys at different times, sign, and verify what
// any of them signed; so does the backend.
func (s *story) step(n int, d time.Duration) {
	s.t.Helper()
	s.pass(d)
	now := s.now()
	for i, r := range s.replicas {
		if d > pollEvery || (n+i)%2 == 0 {
			must(s.t, r.poll())
		}
	}
	if now.Sub(s.backend.fetched) >= public {
		s.backend = backend{s.replicas[n%len(s.replicas)].published(), now}
	}
	for len(s.tokens) > 0 && !now.Before(s.tokens[0].expires) {
		s.tokens = s.tokens[1:]
	}
	for _, r := range s.replicas {
		token, expires := r.token()
		s.tokens = append(s.tokens, live{token, expires})
		if kid := r.signer; len(s.kids) == 0 || s.kids[len(s.kids)-1] != kid {
			s.kids = append(s.kids, kid)
		}
	}
	for _, one := range []live{s.tokens[0], s.tokens[len(s.tokens)/2], s.tokens[len(s.tokens)-2], s.tokens[len(s.tokens)-1]} {
		for i, r := range s.replicas {
			if _, err := r.issuer.Verify(one.token, now); err != nil {
				s.t.Fatalf("%v: replica %d refuses a token that expires at %v: %v", now, i, one.expires, err)
			}
		}
		if !s.backend.knows(one.token) {
			s.t.Fatalf("%v: a backend does not know the key of a token that expires at %v", now, one.expires)
		}
	}
}

// until goes on until a time: in large steps, and in small ones in the last minutes.
func (s *story) until(at time.Time) {
	s.t.Helper()
	for n := 0; s.now().Before(at); n++ {
		d := 6 * time.Hour
		if left := at.Sub(s.now()); left <= d+3*time.Minute {
			d = max(left-3*time.Minute, smallStep)
		}
		s.step(n, d)
	}
}

// behind goes on in small steps until all tokens of before have expired.
func (s *story) behind() {
	s.t.Helper()
	for n := range int((accessTTL + 2*time.Minute) / smallStep) {
		s.step(n, smallStep)
	}
}

func newStory(t *testing.T, d db.DB) *story {
	w := newWorld(t, d)
	return &story{world: w, replicas: []*replica{w.loaded(), w.loaded()}}
}

// next is when the next key signs.
func (s *story) next() time.Time {
	rows := s.rows()
	return rows[len(rows)-1].SignsAt
}

// For 200 days keys change by themselves, and no valid token is refused: neither by a
// replica, which reads the keys every ten seconds, nor by a backend that keeps them for
// five minutes. Then all that is left are the keys whose tokens somebody may still show.
func TestLifeOfKeys_F4(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		s := newStory(t, d)
		first, expired := s.replicas[0].token()
		for range 2 {
			at := s.next()
			s.until(at)
			s.behind()
			if at := s.next(); !at.After(s.now().Add(89 * day)) {
				t.Errorf("the next key signs at %v, want 90 days on", at)
			}
		}
		if len(s.kids) < 3 {
			t.Errorf("%d keys signed", len(s.kids))
		}
		// Of the first key only its name was kept for a while, and nothing is left.
		if rows := s.rows(); len(rows) != 3 || rows[0].Number != 2 {
			t.Errorf("%d keys are left, want an old one, the one that signs and the next", len(rows))
		}
		if _, err := s.replicas[1].issuer.Verify(first, expired); !errors.Is(err, jwt.ErrInvalid) {
			t.Errorf("a token of half a year ago: %v", err)
		}
	})
}

// A device that slept over the change comes with a token that has expired, and is told
// that: INVALID would log it out. A key that signs no longer makes no token either.
func TestSleeperOverRotation_F4(t *testing.T) {
	s := newStory(t, testenv.SQLite(t))
	a, b := s.replicas[0], s.replicas[1]
	s.until(s.next().Add(-10 * time.Second))
	token, _ := a.token()
	kid := a.signer
	s.pass(10 * day)
	must(t, a.poll())
	must(t, b.poll())
	for _, r := range s.replicas {
		if _, err := r.issuer.Verify(token, s.now()); !errors.Is(err, jwt.ErrExpired) {
			t.Errorf("a token from before the change: %v, want ErrExpired", err)
		}
		if r.published()[kid] {
			t.Error("a key whose tokens have all expired is published")
		}
	}
	key, err := a.open(s.rows()[0])
	must(t, err)
	thief, err := jwt.New("https://auth.example.org", "https://auth.example.org", [][]byte{oldSecret}, key)
	must(t, err)
	forged, err := thief.Sign(jwt.Claims{Subject: uuid.NewString(), SessionID: uuid.NewString(), ClientID: jwt.OwnClient, ID: uuid.NewString(),
		IssuedAt: s.now(), ExpiresAt: s.now().Add(accessTTL)})
	must(t, err)
	if _, err := a.issuer.Verify(forged, s.now()); !errors.Is(err, jwt.ErrInvalid) {
		t.Errorf("a new token by an old key: %v, want ErrInvalid", err)
	}
}

// All replicas are away for longer than a key signs: the next one takes over at the start.
func TestLongPause_F4(t *testing.T) {
	w := newWorld(t, testenv.SQLite(t))
	w.loaded()
	before := w.rows()
	w.pass(400 * day)
	r := w.loaded()
	rows := w.rows()
	if r.signer != before[1].ID || len(rows) < 2 || rows[len(rows)-1].SignsAt.Sub(w.now()) < periods.Lead {
		t.Errorf("%s signs, want %s; the next is %+v", r.signer, before[1].ID, rows[len(rows)-1])
	}
}

// A clock that was set back leaves a key that signs.
func TestClockBack_F4(t *testing.T) {
	w := newWorld(t, testenv.SQLite(t))
	r := w.loaded()
	w.pass(-365 * day)
	must(t, r.poll())
	if r.signer != w.rows()[0].ID || len(w.rows()) != 2 {
		t.Errorf("%s signs, of %d keys", r.signer, len(w.rows()))
	}
}

// Tokens by unknown keys, which strangers can write, make no queries but one in a few
// seconds. A new key is found by that one.
func TestUnknownKeyFlood_F4(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		counting := &testenv.Counting{DB: d}
		w := newWorld(t, counting)
		r, other := w.loaded(), w.loaded()
		began, before := time.Now(), counting.Statements.Load()
		var flood sync.WaitGroup
		for range 20 {
			flood.Go(func() {
				for range 500 {
					if err := r.Look(t.Context()); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		flood.Wait()
		looks := int64(time.Since(began)/lookEvery) + 1
		if n := counting.Statements.Load() - before; n > looks {
			t.Errorf("10,000 tokens made %d statements, want %d at most", n, looks)
		}
		_, err := other.ReplaceAll(t.Context(), "test")
		must(t, err)
		must(t, other.poll())
		token, _ := other.token()
		if _, err := r.issuer.Verify(token, noon); !errors.Is(err, jwt.ErrUnknownKey) {
			t.Fatalf("before the look: %v", err)
		}
		r.looked = time.Now().Add(-lookEvery)
		must(t, r.Look(t.Context()))
		if _, err := r.issuer.Verify(token, noon); err != nil {
			t.Errorf("after the look: %v", err)
		}
	})
}

// Before the keys are read, and while they cannot be, it is not said that a token is none
// of ours. What is known goes on.
func TestKeysAway_F4_R1(t *testing.T) {
	d := testenv.SQLite(t)
	w := newWorld(t, d)
	waiting := w.replica()
	if err := waiting.Look(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("before the keys are read: %v", err)
	}
	r := w.loaded()
	token, _ := r.token()
	d.Close()
	r.looked = time.Time{}
	for range 2 {
		if err := r.Look(t.Context()); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("while the database is away: %v", err)
		}
	}
	if _, err := r.issuer.Verify(token, noon); err != nil || len(r.published()) != 2 {
		t.Errorf("a token by a known key: %v", err)
	}
	if err := waiting.Load(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Load: %v, want one that is tried again", err)
	}
}
