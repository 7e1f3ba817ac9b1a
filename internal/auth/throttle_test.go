package auth_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/password"
	"latchkey/internal/redisstore"
	"latchkey/internal/testenv"
	"latchkey/internal/throttle"
)

// eachCounters runs a test with counters in memory, on both databases, and in
// Redis.
func eachCounters(t *testing.T, run func(t *testing.T, f *fixture)) {
	t.Helper()
	each(t, run)
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		run(t, setup(t, testenv.SQLite(t), countingIn(testenv.Need(t, "TEST_REDIS"))))
	})
}

// countingIn has tries counted in the Redis at url, under keys of its own.
func countingIn(url string) change {
	return func(f *fixture) {
		rdb, err := redisstore.Open(url)
		must(f.t, err)
		f.t.Cleanup(func() { _ = rdb.Close() })
		f.deps.Counters = redisstore.New(rdb, "latchkey-test-"+rand.Text()+":")
	}
}

// after returns how long a refused try has to wait.
func after(err error) time.Duration { return auth.AsError(err).RetryAfter }

// One client has ten tries at one identifier and then one each 200 s, the same
// whether or not there is such a user.
func TestPairLimit_C1_C4(t *testing.T) {
	eachCounters(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		for _, login := range []string{"ada", "nobody"} {
			for i := range 10 {
				expect(t, fmt.Sprintf("%s, try %d", login, 1+i), f.try(login, wrongPassword, client(1)), "INVALID_CREDENTIALS")
			}
			err := f.try(login, wrongPassword, client(1))
			if outcome(err) != "RATE_LIMITED" || after(err) != 200*time.Second {
				t.Errorf("%s, try 11: %v, again after %v, want RATE_LIMITED and 200s", login, err, after(err))
			}
		}
		expect(t, "the right password", f.try("ada", goodPassword, client(1)), "RATE_LIMITED")
		expect(t, "the name in capitals", f.try("ADA", goodPassword, client(1)), "RATE_LIMITED")
		expect(t, "another identifier", f.try("ada@example.org", wrongPassword, client(1)), "INVALID_CREDENTIALS")
		expect(t, "another client", f.try("ada", goodPassword, client(2)), "ok")
		f.pass(200*time.Second - time.Microsecond)
		expect(t, "just before 200 s", f.try("ada", goodPassword, client(1)), "RATE_LIMITED")
		f.pass(time.Microsecond)
		expect(t, "200 s later", f.try("ada", wrongPassword, client(1)), "INVALID_CREDENTIALS")
		expect(t, "once more", f.try("ada", wrongPassword, client(1)), "RATE_LIMITED")
		f.pass(200 * time.Second)
		expect(t, "200 s later again", f.try("ada", goodPassword, client(1)), "ok")
	})
}

func TestClientLimit_C4(t *testing.T) {
	eachCounters(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		network := func(i int) auth.Actor { // one customer's
			return at(netip.MustParseAddr(fmt.Sprintf("2001:db8:1:2::%x", i)), "")
		}
		for i := range 300 {
			expect(t, "within the limit", f.try(fmt.Sprintf("nobody-%d", i), wrongPassword, network(i)), "INVALID_CREDENTIALS")
		}
		err := f.try("ada", goodPassword, network(301))
		if outcome(err) != "RATE_LIMITED" || after(err) != 10*time.Minute {
			t.Errorf("beyond it: %v, again after %v, want RATE_LIMITED and 10m", err, after(err))
		}
		expect(t, "no such user", f.try("nobody-400", wrongPassword, network(1)), "RATE_LIMITED")
		expect(t, "another network", f.try("ada", wrongPassword, at(netip.MustParseAddr("2001:db8:1:3::1"), "")), "INVALID_CREDENTIALS")
		f.pass(10 * time.Minute)
		expect(t, "10 minutes later", f.try("ada", goodPassword, network(1)), "ok")
	})
}

func TestIdentifierLimit_C4(t *testing.T) {
	eachCounters(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		for _, login := range []string{"ada", "ADA@example.org", "nobody"} {
			for i := range 100 {
				expect(t, login+" within the limit", f.try(login, wrongPassword, client(i)), "INVALID_CREDENTIALS")
			}
			err := f.try(login, goodPassword, client(200))
			if outcome(err) != "RATE_LIMITED" || after(err) != time.Hour {
				t.Errorf("%s beyond it: %v, again after %v, want RATE_LIMITED and 1h", login, err, after(err))
			}
		}
		f.pass(time.Hour)
		expect(t, "an hour later", f.try("ada", goodPassword, client(200)), "ok")
	})
}

func TestRightPasswordIsGivenBack_C4(t *testing.T) {
	eachCounters(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		for range 9 {
			expect(t, "a wrong password", f.try("ada", wrongPassword, client(1)), "INVALID_CREDENTIALS")
		}
		for range 20 {
			f.login("ada", client(1))
		}
		for i := range 290 {
			expect(t, "others there", f.try(fmt.Sprintf("nobody-%d", i), wrongPassword, client(1)), "INVALID_CREDENTIALS")
		}
		f.login("ada", client(1))
		expect(t, "the tenth wrong password", f.try("ada", wrongPassword, client(1)), "INVALID_CREDENTIALS")
		expect(t, "the eleventh", f.try("ada", wrongPassword, client(1)), "RATE_LIMITED")
	})
}

// A try that is refused because of the pair counts for nobody else.
func TestRefusedTryCountsForNobody_C4_C5(t *testing.T) {
	eachCounters(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		for i := range 400 {
			want := "INVALID_CREDENTIALS"
			if i >= 10 {
				want = "RATE_LIMITED"
			}
			expect(t, "hammering", f.try("ada", wrongPassword, client(1)), want)
		}
		expect(t, "a colleague", f.try("bob", wrongPassword, client(1)), "INVALID_CREDENTIALS")
		expect(t, "the owner elsewhere", f.try("ada", goodPassword, client(2)), "ok")
		f.pass(200 * time.Second)
		expect(t, "200 s later", f.try("ada", goodPassword, client(1)), "ok")
	})
}

// The limits of client and identifier do not bind a user where they logged in
// within 30 days, but there is no more to guess there either.
func TestFamiliarClient_C4_C5(t *testing.T) {
	eachCounters(t, func(t *testing.T, f *fixture) {
		for _, name := range []string{"ada", "bob", "eve"} {
			f.user(name)
		}
		f.login("ada", client(1))
		f.pass(time.Microsecond)
		f.login("bob", client(1))
		f.pass(30*day - time.Microsecond)
		for i := range 300 {
			_ = f.try(fmt.Sprintf("nobody-%d", i), wrongPassword, client(1))
		}

		stranger := f.try("eve", goodPassword, client(1))
		expect(t, "a stranger to this client", stranger, "RATE_LIMITED")
		expect(t, "whose last login is 30 days ago", f.try("ada", goodPassword, client(1)), "RATE_LIMITED")
		expect(t, "whose is less", f.try("bob", goodPassword, client(1)), "ok")
		expect(t, "by address", f.try("bob@example.org", goodPassword, client(1)), "ok")
		wrong := f.try("bob", wrongPassword, client(1))
		expect(t, "a wrong password", wrong, "RATE_LIMITED")
		if after(wrong) != after(stranger) {
			t.Errorf("a wrong password has to wait %v, a stranger %v", after(wrong), after(stranger))
		}
		for range 9 {
			expect(t, "a wrong password again", f.try("bob", wrongPassword, client(1)), "RATE_LIMITED")
		}
		expect(t, "the pair binds all the same", f.try("bob", goodPassword, client(1)), "RATE_LIMITED")
		expect(t, "nobody is bound elsewhere", f.try("ada", goodPassword, client(2)), "ok")
	})
}

// While Redis is away, tries are counted in the process.
func TestCountersWithoutRedis_R2(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, listener.Close()) // it refuses from now on
	away := func(f *fixture) {
		countingIn("redis://" + listener.Addr().String())(f)
		f.deps.Counters = throttle.NewFallback(f.deps.Counters.(*redisstore.Store), f.deps.Log)
	}
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		for range 10 {
			expect(t, "within the limit", f.try("ada", wrongPassword, client(1)), "INVALID_CREDENTIALS")
		}
		expect(t, "beyond it", f.try("ada", wrongPassword, client(1)), "RATE_LIMITED")
		expect(t, "another client", f.try("ada", goodPassword, client(2)), "ok")
	}, away)
}

// Counters that fail without a stand-in let nobody try.
func TestNoCounters_R2(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, listener.Close())
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		if e := auth.AsError(f.try("ada", goodPassword, client(1))); e.Code != auth.Unavailable || e.RetryAfter <= 0 {
			t.Errorf("login: %v, again after %v, want %s", e, e.RetryAfter, auth.Unavailable)
		}
		if e := auth.AsError(f.registers("eve@example.org", "eve", client(1))); e.Code != auth.Unavailable {
			t.Errorf("register: %v, want %s", e, auth.Unavailable)
		}
	}, countingIn("redis://"+listener.Addr().String()))
}

// Who goes away in the middle has used the try: hanging up is no free guess.
func TestHangingUpCounts_C4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		refused := false
		for i := range 50 { // of which ten at least are being hashed when they are left
			_ = f.try("nobody", wrongPassword, client(100+i)) // by then a worker is free
			ctx, leave := context.WithTimeout(t.Context(), 40*time.Millisecond)
			_, err := f.Login(ctx, client(1), auth.LoginInput{Login: "nobody", Password: wrongPassword})
			leave()
			if refused = outcome(err) == "RATE_LIMITED"; refused {
				break
			}
			if outcome(err) == "ok" || outcome(err) == "INVALID_CREDENTIALS" {
				t.Fatal("somebody waited for the answer")
			}
		}
		if !refused {
			t.Error("of 50 tries that were left none was refused")
		}
		expect(t, "elsewhere", f.try("nobody", wrongPassword, client(2)), "INVALID_CREDENTIALS")
	}, hashing(password.Params{Kind: password.Bcrypt, Cost: 11}))
}

// What was never begun counts for nobody, and leaves nothing behind in Redis; nor
// does what a client tries beyond its limit.
func TestNothingIsLeftBehind_C4_R7(t *testing.T) {
	rdb, err := redisstore.Open(testenv.Need(t, "TEST_REDIS"))
	must(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	prefix := "latchkey-test-" + rand.Text() + ":"
	f := setup(t, testenv.SQLite(t), func(f *fixture) { f.deps.Counters = redisstore.New(rdb, prefix) })
	keys := func() int {
		t.Helper()
		list, err := rdb.Keys(t.Context(), prefix+"*").Result()
		must(t, err)
		return len(list)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range 50 {
		_, err := f.Login(gone, client(1), auth.LoginInput{Login: fmt.Sprintf("nobody-%d", i), Password: wrongPassword})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want %v", err, context.Canceled)
		}
	}
	if n := keys(); n != 0 {
		t.Errorf("50 tries that were never begun left %d keys", n)
	}
	f.user("ada")
	f.login("ada", client(1))
	if n := keys(); n != 0 {
		t.Errorf("a login left %d keys", n)
	}
	for i := range 300 {
		expect(t, "within the limit", f.try(fmt.Sprintf("nobody-%d", i), wrongPassword, client(1)), "INVALID_CREDENTIALS")
	}
	before := keys()
	for i := range 100 {
		expect(t, "beyond it", f.try(fmt.Sprintf("anybody-%d", i), wrongPassword, client(1)), "RATE_LIMITED")
	}
	if n := keys(); n != before {
		t.Errorf("100 tries beyond the client's limit left %d keys", n-before)
	}
	f.login("ada", client(1))
}

// Beyond a client's limit nothing tells who is known there: each answer is the same
// however often a name is tried, and so is the first within the limit again.
func TestFamiliarIsNotTold_C1_C2_C4(t *testing.T) {
	eachCounters(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.login("ada", client(1))
		for i := range 300 {
			_ = f.try(fmt.Sprintf("nobody-%d", i), wrongPassword, client(1))
		}
		for i := range 15 {
			ada, nobody := f.try("ada", wrongPassword, client(1)), f.try("nobody", wrongPassword, client(1))
			if outcome(ada) != "RATE_LIMITED" || outcome(nobody) != "RATE_LIMITED" || after(ada) != after(nobody) {
				t.Fatalf("try %d: %v after %v, of nobody %v after %v", 1+i, ada, after(ada), nobody, after(nobody))
			}
		}
		f.pass(10 * time.Minute)
		expect(t, "ada", f.try("ada", wrongPassword, client(1)), "INVALID_CREDENTIALS")
		expect(t, "nobody", f.try("nobody", wrongPassword, client(1)), "INVALID_CREDENTIALS")
	})
}

// No line and no site uses up what all together may try at a name: the owner gets
// in from a new network.
func TestOneNetworkLocksNobodyOut_C4_C5(t *testing.T) {
	for name, from := range map[string]func(i int) netip.Addr{
		"an IPv4 address": func(int) netip.Addr { return netip.MustParseAddr("192.0.2.1") },
		"a /56":           func(i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8:1:%x::1", i%256)) },
		"a /48":           func(i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("2001:db8:2:%x::1", i)) },
	} {
		t.Run(name, func(t *testing.T) {
			eachCounters(t, func(t *testing.T, f *fixture) {
				f.user("ada")
				for i := range 720 { // two hours, one each 10 s
					_ = f.try("ada", wrongPassword, at(from(i), ""))
					f.pass(10 * time.Second)
				}
				expect(t, "the owner elsewhere", f.try("ada", goodPassword, client(1)), "ok")
			})
		})
	}
}

// A line and a site are bound over all identifiers, too.
func TestNetworkLimits_C4(t *testing.T) {
	eachCounters(t, func(t *testing.T, f *fixture) {
		heard := func(n int, network func(i int) int) (heard int) {
			t.Helper()
			for i := range n {
				addr := netip.MustParseAddr(fmt.Sprintf("2001:db8:1:%x::1", network(i)))
				if outcome(f.try(fmt.Sprintf("nobody-%x-%d", network(i), i), wrongPassword, at(addr, ""))) == "INVALID_CREDENTIALS" {
					heard++
				}
			}
			return heard
		}
		if n := heard(700, func(i int) int { return i % 256 }); n != 600 {
			t.Errorf("%d of 700 tries of one /56 were heard, want 600", n)
		}
		if n := heard(700, func(i int) int { return 256 * (1 + i%200) }); n != 600 {
			t.Errorf("%d of 700 further tries of its /48 were heard, want 600", n)
		}
	})
}
