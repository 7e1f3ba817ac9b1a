package redisstore_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/redisstore"
	"latchkey/internal/testenv"
	"latchkey/internal/throttle"
)

var three = []throttle.Count{
	{Key: "ada@example.com at 192.0.2.1", Limit: pace},
	{Key: "192.0.2.1", Limit: window},
	{Key: "ada@example.com", Limit: window},
}

func TestOneRoundTrip_C4(t *testing.T) {
	for name, variable := range kinds {
		t.Run(name, func(t *testing.T) {
			rdb := open(t, testenv.Need(t, variable))
			s := redisstore.New(rdb, prefix())
			if _, _, err := s.Take(t.Context(), start, three...); err != nil { // connects, and brings the scripts
				t.Fatal(err)
			}
			giveBack(t, s, start, three...)
			sent := new(testenv.CountingRedis)
			rdb.AddHook(sent)
			const want = "3 commands in 1 round trips"
			count := func() string {
				return fmt.Sprintf("%d commands in %d round trips", sent.Commands.Swap(0), sent.RoundTrips.Swap(0))
			}
			if _, _, err := s.Take(t.Context(), start, three...); err != nil {
				t.Fatal(err)
			} else if got := count(); got != want {
				t.Errorf("take: %s, want %s", got, want)
			}
			giveBack(t, s, start, three...)
			if got := count(); got != want {
				t.Errorf("give back: %s, want %s", got, want)
			}
		})
	}
}

// A Redis that was restarted or flushed does not know the scripts. Each try
// counts once all the same, also where it knows one script and not the other.
func TestScriptsFlushed_C4(t *testing.T) {
	for name, variable := range kinds {
		t.Run(name, func(t *testing.T) {
			rdb := open(t, testenv.Need(t, variable))
			s := redisstore.New(rdb, prefix())
			one := func(key string) []throttle.Count {
				return []throttle.Count{
					{Key: key, Limit: throttle.Limit{N: 1, Window: time.Hour}},
					{Key: key, Limit: throttle.Limit{N: 1, Every: time.Hour}},
					{Key: key + "'", Limit: throttle.Limit{N: 1, Window: time.Hour}},
				}
			}
			for i, known := range [][]throttle.Count{nil, one("x")[:1], one("y")[1:2], one("z")} {
				if err := rdb.ScriptFlush(t.Context()).Err(); err != nil {
					t.Fatal(err)
				}
				if _, _, err := s.Take(t.Context(), start, known...); err != nil {
					t.Fatal(err)
				}
				counts := one(fmt.Sprint(i))
				for try := range 2 {
					waits, _, err := s.Take(t.Context(), start, counts...)
					if err != nil {
						t.Fatal(err)
					}
					for j, wait := range waits {
						if want := time.Duration(try) * time.Hour; wait != want {
							t.Errorf("%d known, try %d of count %d: wait %v, want %v", len(known), try+1, j, wait, want)
						}
					}
				}
				if err := rdb.ScriptFlush(t.Context()).Err(); err != nil {
					t.Fatal(err)
				}
				giveBack(t, s, start, counts...)
				if wait := take(t, s, start, counts[0]); wait != 0 {
					t.Errorf("after a give-back: wait %v, want 0", wait)
				}
			}
		})
	}
}

// Keys tell nobody's address or name, and none stays for ever.
func TestKeysInRedis_C4_D1(t *testing.T) {
	rdb := open(t, testenv.Need(t, "TEST_REDIS"))
	prefix := prefix()
	s := redisstore.New(rdb, prefix)
	if _, _, err := s.Take(t.Context(), time.Now(), three...); err != nil {
		t.Fatal(err)
	}
	take(t, s, time.Now(), three[0])
	giveBack(t, s, time.Now(), three[0]) // leaves one, for as long as it says something
	takeAndGiveBack(t, s, time.Now(), throttle.Count{Key: "nobody", Limit: window})
	takeAndGiveBack(t, s, time.Now(), throttle.Count{Key: "nobody", Limit: pace})
	take(t, s, time.Now().Add(-window.Window/2), throttle.Count{Key: "earlier", Limit: window})
	takeAndGiveBack(t, s, time.Now(), throttle.Count{Key: "earlier", Limit: window})
	if err := s.PutToken(t.Context(), []byte("0123456789abcdef0123456789abcdef"), []byte("{}"), time.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
	ttls := map[string]time.Duration{"pace:": 32 * time.Second, "window:": window.Window + 2*time.Second, "token:": time.Hour}
	keys := rdb.Keys(t.Context(), prefix+"*").Val()
	if len(keys) != 5 {
		t.Errorf("%d keys, want 5: %q", len(keys), keys)
	}
	half := 0
	for _, key := range keys {
		if strings.Contains(key, "ada") || strings.Contains(key, "192.0") || strings.Contains(key, "0123456789abcdef") {
			t.Errorf("key %q is in clear", key)
		}
		kind, _, _ := strings.Cut(strings.TrimPrefix(key, prefix), ":")
		ttl := rdb.PTTL(t.Context(), key).Val()
		if most := ttls[kind+":"]; ttl <= 0 || ttl > most {
			t.Errorf("key %q is kept for %v, want at most %v", key, ttl, most)
		}
		if kind == "window" && ttl < window.Window/2+2*time.Second {
			half++
		}
	}
	if half != 1 {
		t.Errorf("%d windows are kept for half of their length, want the 1 whose latest try was given back", half)
	}
	if kept := rdb.Get(t.Context(), prefix+"token:"+"3031323334353637383961626364656630313233343536373839616263646566").Val(); !strings.HasSuffix(kept, "{}") {
		t.Errorf("token kept as %q", kept)
	}
}
