package password

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

func newHasher(t testing.TB, p Params, workers, queueLen int, deadline time.Duration) *Hasher {
	t.Helper()
	h, err := NewHasher(p, Here(workers), queueLen, deadline)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// start runs h until the test ends.
func start(t testing.TB, h *Hasher) {
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { h.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
}

func TestNewHasherRefuses_R7(t *testing.T) {
	for _, c := range []struct {
		params            Params
		workers, queueLen int
		deadline          time.Duration
	}{
		{cheapBcrypt, 0, 1, time.Second},
		{cheapBcrypt, 1, 0, time.Second},
		{cheapBcrypt, 1, 1, 0},
		{Params{}, 1, 1, time.Second},
		{Params{Kind: Bcrypt, Cost: 15}, 1, 1, time.Second},
		{Params{Kind: Argon2id, Memory: 1 << 20, Time: 2, Threads: 1}, 1, 1, time.Second},
	} {
		if _, err := NewHasher(c.params, Here(c.workers), c.queueLen, c.deadline); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}

func TestHasher_A5(t *testing.T) {
	for kind, p := range cheap {
		h := newHasher(t, p, 2, 8, time.Minute)
		start(t, h)
		ctx := t.Context()
		phc, err := h.Hash(ctx, Caller{Known: true}, "cafe\u0301 au lait")
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if err := h.Verify(ctx, Caller{Known: true}, phc, "caf\u00e9 au lait"); err != nil {
			t.Errorf("%s: right password: %v", kind, err)
		}
		if err := h.Verify(ctx, Caller{Known: true}, phc, "cafe au lait"); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s: wrong password: got %v, want ErrMismatch", kind, err)
		}
		if err := h.Verify(ctx, Caller{Known: true}, phc[1:], "caf\u00e9 au lait"); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: malformed: got %v, want ErrMalformed", kind, err)
		}
		if h.NeedsRehash(phc) {
			t.Errorf("%s: its own hash is below its parameters", kind)
		}
	}
}

func TestHasherBcrypt73Bytes_A4(t *testing.T) {
	h := newHasher(t, cheapBcrypt, 1, 1, time.Minute) // refused before the queue: not started
	_, err := h.Hash(t.Context(), Caller{Known: true}, strings.Repeat("x", 73))
	if e, ok := errors.AsType[*TooLongError](err); !ok || e.Limit != 72 {
		t.Errorf("got %v, want a TooLongError of 72", err)
	}
}

// The stand-in costs what a hash in force costs and is the password of nothing.
func TestStandIn_C2(t *testing.T) {
	long := strings.Repeat("x", 73)
	for kind, p := range cheap {
		real, err := parse(mustHash(t, p, "correct horse"))
		if err != nil {
			t.Fatal(err)
		}
		standIn, err := parse(p.standIn().String())
		if err != nil {
			t.Fatalf("%s: the stand-in does not parse: %v", kind, err)
		}
		if got, want := cost(standIn), cost(real); got != want {
			t.Errorf("%s: the stand-in costs %+v, a hash %+v", kind, got, want)
		}
		h := newHasher(t, p, 1, 1, time.Minute)
		start(t, h)
		for _, password := range []string{"correct horse", "", long, "\x00", "\xff"} {
			if err := h.VerifyStandIn(t.Context(), Caller{Known: true}, password); !errors.Is(err, ErrMismatch) {
				t.Errorf("%s: %.20q: got %v, want ErrMismatch", kind, password, err)
			}
		}
	}
}

// cost is all of a hash that its time depends on.
func cost(h hash) any {
	switch h := h.(type) {
	case argon2idHash:
		return [...]int{int(h.memory), int(h.time), int(h.threads), len(h.salt), len(h.key)}
	case bcryptHash:
		return h.cost
	}
	return nil
}

// Real hashes, more callers than places, some of whom leave.
func TestFlood_R7(t *testing.T) {
	h := newHasher(t, cheapArgon2id, 2, 4, time.Minute)
	start(t, h)
	phc := mustHash(t, cheapArgon2id, "correct horse")
	var callers sync.WaitGroup
	for i := range 64 {
		callers.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%4 == 0 {
				go cancel()
			}
			err := h.Verify(ctx, Caller{Known: true}, phc, "correct horse")
			if err != nil && !errors.Is(err, ErrBusy) && !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want nil, ErrBusy or Canceled", err)
			}
			if _, err := h.Hash(ctx, Caller{Known: true}, "correct horse"); err != nil && !errors.Is(err, ErrBusy) && !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want nil, ErrBusy or Canceled", err)
			}
		})
	}
	callers.Wait()
}
