package keyring

import (
	"errors"
	"sync"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/jwt"
	"latchkey/internal/testenv"
)

// Rotate by the shell: the next key signs as soon as it was published long enough, and no
// valid token is refused.
func TestRotate_F4(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		s := newStory(t, d)
		shell := s.replica()
		shell.Use = nil
		key, err := shell.Rotate(t.Context(), "test") // right after the first start
		must(t, err)
		if want := noon.Add(periods.Lead); !key.SignsAt.Equal(want) {
			t.Errorf("a key that was just made signs at %v, want %v", key.SignsAt, want)
		}
		again, err := shell.Rotate(t.Context(), "test")
		if err != nil || again.ID != key.ID || !again.SignsAt.Equal(key.SignsAt) {
			t.Errorf("once more: %+v, %v", again, err)
		}
		s.until(key.SignsAt)
		s.behind()
		s.pass(day)
		s.tokens = nil
		for _, r := range s.replicas {
			must(t, r.poll())
		}
		s.backend.fetched = time.Time{}
		s.step(0, time.Second)
		key, err = shell.Rotate(t.Context(), "test") // its next was made yesterday
		must(t, err)
		if !key.SignsAt.Equal(s.now()) {
			t.Errorf("a key of yesterday signs at %v, want now, %v", key.SignsAt, s.now())
		}
		s.behind()
		if s.kids[len(s.kids)-1] != key.ID {
			t.Errorf("%v signed, want %s last", s.kids, key.ID)
		}
	})
}

// After a leak: what the old keys signed is refused at once, by each replica that has read
// the keys, and neither an old key nor the next one signs again.
func TestReplaceAll_F4(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		w := newWorld(t, d)
		a, b, shell := w.loaded(), w.loaded(), w.replica()
		shell.Use = nil
		before := w.rows()
		token, _ := a.token()
		var others sync.WaitGroup
		for _, r := range []*replica{a, b} { // replicas read and write meanwhile
			others.Go(func() {
				for range 50 {
					if err := r.poll(); err != nil {
						t.Error(err)
					}
				}
			})
		}
		key, err := shell.ReplaceAll(t.Context(), "test")
		must(t, err)
		others.Wait()
		must(t, a.poll())
		must(t, b.poll())
		rows := w.rows()
		if len(rows) != 2 || rows[0].ID != key.ID || rows[0].Number != before[1].Number+1 {
			t.Fatalf("%d keys, the first %s, want %s", len(rows), rows[0].ID, key.ID)
		}
		for _, r := range []*replica{a, b} {
			if _, err := r.issuer.Verify(token, noon); !errors.Is(err, jwt.ErrInvalid) {
				t.Errorf("a token by a key that leaked: %v", err)
			}
			if kids := r.published(); kids[before[0].ID] || kids[before[1].ID] || r.signer != key.ID {
				t.Errorf("%s signs, published are %v", r.signer, kids)
			}
		}
	})
}

// The list shows what each key is for.
func TestList_F4(t *testing.T) {
	w := newWorld(t, testenv.SQLite(t))
	r := w.loaded()
	w.pass(90*day + time.Minute)
	must(t, r.poll())
	list, err := r.List(t.Context())
	must(t, err)
	var states []State
	for _, k := range list {
		states = append(states, k.State)
		if k.Problem != "" || (k.State == Old) != !k.Until.IsZero() {
			t.Errorf("%+v", k)
		}
	}
	if len(states) != 3 || states[0] != Old || states[1] != Signing || states[2] != Next {
		t.Errorf("got %v", states)
	}
	stranger := w.replica(newSecret)
	list, err = stranger.List(t.Context())
	if err != nil || len(list) != 3 || list[0].Problem != ErrSealed.Error() {
		t.Errorf("with another secret: %+v, %v", list, err)
	}
}
