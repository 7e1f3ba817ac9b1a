package auth_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
	"latchkey/internal/throttle"
	"latchkey/migrations"
)

// brings logs in with a device secret and returns how that ended.
func (f *fixture) brings(secret, login, typed string, c auth.Actor) error {
	_, err := f.Login(f.t.Context(), c, auth.LoginInput{Login: login, Password: typed, DeviceToken: &secret})
	return err
}

// guesses has a client use up what it may try at a name, whoever is known there.
func (f *fixture) guesses(login string, c auth.Actor) {
	f.t.Helper()
	for range 60 {
		_ = f.try(login, wrongPassword, c)
	}
	expect(f.t, "the right password after the guesses", f.try(login, goodPassword, c), "RATE_LIMITED")
}

// Who guesses behind the owner's address does not keep a device out that brings its
// secret; one that is another's, forged or expired is as none.
func TestDeviceBesideGuesser_C1_C5(t *testing.T) {
	eachCounters(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.user("eve")
		home := client(1)
		secret, other := *f.login("ada", home).DeviceToken, *f.login("eve", home).DeviceToken
		for _, login := range []string{"ada", "ada@example.org"} {
			f.guesses(login, home)
			for what, bad := range map[string]string{"another's": other, "forged": flip(secret, 60), "empty": "", "cut": secret[:len(secret)-1]} {
				if got, want := f.brings(bad, login, goodPassword, home), f.try(login, goodPassword, home); !reflect.DeepEqual(got, want) {
					t.Errorf("%s, a secret that is %s: %v, want %v as without one", login, what, got, want)
				}
			}
			if got, want := f.brings(secret, login, wrongPassword, home), f.try(login, wrongPassword, home); !reflect.DeepEqual(got, want) {
				t.Errorf("%s, a wrong password: %v, want %v as without a secret", login, got, want)
			}
			expect(t, login+" with the secret", f.brings(secret, login, goodPassword, home), "ok")
			expect(t, login+" with it elsewhere", f.brings(secret, login, goodPassword, client(2)), "ok")
		}
		expect(t, "another's name", f.brings(secret, "eve", goodPassword, client(3)), "ok")
		f.pass(180 * day)
		f.guesses("ada", home)
		expect(t, "180 days later", f.brings(secret, "ada", goodPassword, home), "RATE_LIMITED")
	})
}

// Many addresses with one stolen secret share one count, which is not that of the owner's
// other device, nor that of the owner where they log in.
func TestStolenDeviceSecret_C4_C5(t *testing.T) {
	eachCounters(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		stolen, own := *f.login("ada", client(1)).DeviceToken, *f.login("ada", client(2)).DeviceToken
		for i := range 1000 {
			want := "INVALID_CREDENTIALS"
			if i >= 100 {
				want = "RATE_LIMITED"
			}
			expect(t, fmt.Sprintf("guess %d", 1+i), f.brings(stolen, []string{"ada", "ADA"}[i%2], wrongPassword, client(100+i)), want)
		}
		expect(t, "the stolen secret, used up", f.brings(stolen, "ada", goodPassword, client(5000)), "RATE_LIMITED")
		expect(t, "by another name", f.brings(stolen, "ada@example.org", wrongPassword, client(5001)), "INVALID_CREDENTIALS")
		expect(t, "the owner's other device", f.brings(own, "ada", goodPassword, client(5002)), "ok")
		expect(t, "the owner where they logged in", f.brings(stolen, "ada", goodPassword, client(1)), "ok")
		f.pass(200 * time.Second)
		expect(t, "200 s later", f.brings(stolen, "ada", wrongPassword, client(5003)), "RATE_LIMITED")
		expect(t, "and at once again", f.brings(stolen, "ada", goodPassword, client(5004)), "RATE_LIMITED")
		f.pass(200 * time.Second)
		expect(t, "200 s later again", f.brings(stolen, "ada", goodPassword, client(5005)), "ok")
	})
}

// together has many tries look at their limits before the first of them is counted.
type together struct {
	throttle.Counters
	looking *sync.WaitGroup
}

func (c *together) Take(ctx context.Context, now time.Time, counts ...throttle.Count) ([]time.Duration, throttle.Giver, error) {
	waits, by, err := c.Counters.Take(ctx, now, counts...)
	if strings.HasPrefix(counts[0].Key, "pair:") && counts[0].Look {
		c.looking.Done()
		c.looking.Wait()
	}
	return waits, by, err
}

// That count holds for many at once, too, who all find the limits not yet passed.
func TestStolenDeviceSecretAtOnce_C4(t *testing.T) {
	eachCounters(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		stolen := *f.login("ada", client(1)).DeviceToken
		for i := range 99 {
			expect(t, "a guess before", f.brings(stolen, "ada", wrongPassword, client(100+i)), "INVALID_CREDENTIALS")
		}
		const n = 40
		var looking, tries sync.WaitGroup
		looking.Add(n)
		f.deps.Counters = &together{f.deps.Counters, &looking}
		s := f.replica(f.cfg)
		for i := range n {
			tries.Go(func() {
				_, err := s.Login(t.Context(), client(1000+i), auth.LoginInput{Login: "ada", Password: wrongPassword, DeviceToken: &stolen})
				if got := outcome(err); got != "RATE_LIMITED" && got != "INVALID_CREDENTIALS" {
					t.Errorf("a guess: %s", got)
				}
			})
		}
		tries.Wait()
		expect(t, "the stolen secret, used up", f.brings(stolen, "ada", goodPassword, client(5000)), "RATE_LIMITED")
	})
}

// What makes a user's links dead makes their devices' secrets dead: who knew the password
// keeps none that counts.
func TestDeviceSecretEnds_A8_C4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for i, tt := range []struct {
			what  string
			end   func(name string)
			still bool
		}{
			{"another username", func(name string) { must(t, f.changeUsername(f.viewer(f.login(name, client(1))), name+"x")) }, true},
			{"a logout", func(name string) {
				l := f.login(name, client(1))
				must(t, f.Logout(t.Context(), client(1), l.Tokens.AccessToken))
			}, true},
			{"a new password", func(name string) {
				must(t, f.changePassword(f.viewer(f.login(name, client(1))), goodPassword, newPassword, client(1)))
			}, false},
			{"a new address", func(name string) {
				must(t, f.changeEmail(f.viewer(f.login(name, client(1))), name+"@new.example", goodPassword, client(1)))
				must(t, f.confirm(f.token(name+"@new.example", store.MailConfirmNewEmail), ""))
			}, false},
			{"not me", func(name string) {
				must(t, f.notMe(f.token(name+"@example.org", store.MailNewDevice)))
				must(t, f.reset(f.token(name+"@example.org", store.MailPasswordReset), goodPassword, client(1)))
			}, false},
		} {
			name := fmt.Sprintf("ada%d", i)
			u := f.user(name)
			secret := *f.login(name, client(1)).DeviceToken
			tt.end(name)
			now, err := f.store.UserByID(t.Context(), u.ID)
			must(t, err)
			typed := goodPassword
			if tt.what == "a new password" {
				typed = newPassword
			}
			from := client(100 + i)
			for range 11 {
				_ = f.try(now.Username, wrongPassword, from)
			}
			want := "RATE_LIMITED"
			if tt.still {
				want = "ok"
			}
			expect(t, tt.what, f.brings(secret, now.Username, typed, from), want)
		}
	})
}

// No other string is a secret, and after a change of SECRET_KEY those of before are good
// for as long as the old one is there.
func TestDeviceSecretIsSigned_D1_F4(t *testing.T) {
	f := setup(t, testenv.SQLite(t))
	u := f.user("ada")
	secret := *f.login("ada", client(1)).DeviceToken
	if !f.OpensDevice(secret, f.Now()) || f.OpensDevice(secret, f.Now().Add(180*day)) {
		t.Error("a secret is good for other than 180 days")
	}
	for i := range secret {
		if f.OpensDevice(flip(secret, i), f.Now()) {
			t.Errorf("good with another character %d", i)
		}
	}
	for _, bad := range []string{"", "lkd_", secret[:len(secret)-1], secret + "A", secret + "\n", " " + secret, strings.Repeat(secret, 50),
		strings.Replace(secret, "lkd_", "lkr_", 1), strings.TrimPrefix(secret, "lkd_")} {
		if f.OpensDevice(bad, f.Now()) {
			t.Errorf("%.200q is good", bad)
		}
	}
	rotated := f.cfg
	rotated.Secrets = [][]byte{newSecret, oldSecret}
	if !f.replica(rotated).OpensDevice(secret, f.Now()) {
		t.Error("not good behind the new SECRET_KEY")
	}
	rotated.Secrets = [][]byte{newSecret}
	if f.replica(rotated).OpensDevice(secret, f.Now()) {
		t.Error("good without its SECRET_KEY")
	}
	if n := f.count(`familiar WHERE user_id = $1 AND value = $2`, u.ID, secret); n != 0 {
		t.Error("the secret is kept")
	}
}

// flip returns s with another character at i.
func flip(s string, i int) string {
	b := []byte(s)
	if b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}

// A login is told if its network is new, too, once; a device with its secret may be
// anywhere, as what it is.
func TestNewNetworkNotice_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		from := func(addr, agent string) auth.Actor { return at(netip.MustParseAddr(addr), agent) }
		f.user("ada")
		notices := 0
		check := func(what string, more int, says ...string) {
			t.Helper()
			notices += more
			list := f.mails("ada@example.org")
			if len(list) != notices {
				t.Fatalf("%s: %d notices, want %d", what, len(list), notices)
			}
			for _, part := range says {
				if !strings.Contains(list[0].Text, part) {
					t.Errorf("%s: the mail lacks %q:\n%s", what, part, list[0].Text)
				}
			}
		}
		const device, network, both = "with a device that was not", "from a network that was not", "with a device and from a network that were not"
		secret := *f.login("ada", from("192.0.2.1", firefox)).DeviceToken
		check("the first login of an account that somebody made", 1, both)
		f.login("ada", from("192.0.255.7", firefox))
		check("the same /16", 0)
		f.login("ada", from("198.51.100.1", firefox))
		check("another /16", 1, network, "198.51.100.1")
		f.login("ada", from("198.51.1.1", firefox))
		check("it again", 0)
		f.login("ada", from("2001:db8:1::1", firefox))
		check("IPv6", 1, network)
		f.login("ada", from("2001:db8:ffff::1", firefox))
		check("the same /32", 0)
		f.login("ada", from("198.51.100.1", chrome))
		check("another device in a network that is known", 1, device)
		must(t, f.brings(secret, "ada", goodPassword, from("203.0.113.1", firefox)))
		check("another network, with the secret", 0)
		must(t, f.brings(flip(secret, 9), "ada", goodPassword, from("100.64.0.1", firefox)))
		check("another network, with a forged one", 1, network)
		must(t, f.brings(secret, "ada", goodPassword, from("203.0.113.1", "curl/8.0")))
		check("the secret from another kind of device", 1, device)
		f.login("ada", from("203.0.113.9", firefox))
		check("where the secret was", 0)
		f.pass(180 * day)
		f.login("ada", from("192.0.2.1", firefox))
		check("180 days later", 1, both)
	})
}

// Who knows the password and has many networks cannot fill the mailbox: ten mails a day
// tell of networks, and history has all.
func TestManyNewNetworks_A8_C6(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		f.login("ada", client(1))
		before := len(f.mails("ada@example.org"))
		for i := range 40 {
			f.login("ada", at(netip.AddrFrom4([4]byte{11, byte(i), 0, 1}), firefox))
		}
		if n := len(f.mails("ada@example.org")) - before; n != 10 {
			t.Errorf("%d mails of 40 networks, want 10", n)
		}
		if n := f.count(`security_events WHERE user_id = $1 AND kind = 'NEW_DEVICE'`, u.ID); n != 41 {
			t.Errorf("history has %d of 41", n)
		}
		f.login("ada", at(netip.MustParseAddr("12.0.0.1"), chrome))
		if n := len(f.mails("ada@example.org")) - before; n != 11 {
			t.Errorf("%d mails after another kind of device, want 11", n)
		}
		f.pass(day)
		f.login("ada", at(netip.MustParseAddr("13.0.0.1"), firefox))
		if n := len(f.mails("ada@example.org")) - before; n != 12 {
			t.Errorf("%d mails a day later, want 12", n)
		}
	})
}

// The first login of an imported account is told; that of one who has just followed a link
// of a mail there is not.
func TestFirstLoginIsTold_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		told := func(name string, login func(), want int) {
			t.Helper()
			count := func() (n int) {
				for _, m := range f.mails(name + "@example.org") {
					if m.Kind == store.MailNewDevice {
						n++
					}
				}
				return n
			}
			before := count()
			login()
			if n := count() - before; n != want {
				t.Errorf("%s: %d mails, want %d", name, n, want)
			}
		}
		f.imports(fmt.Sprintf(`{"email":"old@example.org","username":"old","passwordHash":%q}`, hashed(t, cheapBcrypt, goodPassword)), false)
		told("old", func() { f.login("old", client(1)) }, 1)
		told("old", func() { f.login("old", client(1)) }, 0)

		f.imports(importLine("reset"), false)
		must(t, f.RequestPasswordReset(t.Context(), client(1), auth.RequestPasswordResetInput{Email: "reset@example.org"}))
		must(t, f.reset(f.token("reset@example.org", store.MailPasswordReset), goodPassword, client(1)))
		told("reset", func() { f.login("reset", client(2)) }, 0)

		must(t, f.confirm(f.link("new@example.org", "new", client(1)), ""))
		told("new", func() { f.login("new", client(2)) }, 0)
		told("new", func() { f.login("new", at(client(2).Client.Addr, chrome)) }, 1)

		must(t, f.confirm(f.link("far@example.org", "far", client(1)), ""))
		told("far", func() { f.login("far", at(netip.MustParseAddr("192.0.2.1"), firefox)) }, 1)
	})
}

// The networks of those who logged in before there were any are familiar.
func TestNetworksOfBefore_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		for _, addr := range []string{"192.0.2.1", "192.0.200.1", "8.8.8.8", "2001:db8:1:2::1", "2a02:8070::1", "2a02:8071:0:5::1"} {
			f.login("ada", at(netip.MustParseAddr(addr), firefox))
		}
		networks := func() (list []string) {
			rows, err := f.db.Query(t.Context(), `SELECT value FROM familiar WHERE kind = 'network' ORDER BY value`)
			must(t, err)
			defer rows.Close()
			for rows.Next() {
				var value string
				must(t, rows.Scan(&value))
				list = append(list, value)
			}
			must(t, rows.Err())
			return list
		}
		want := networks()
		files := migrations.SQLite
		if f.db.Dialect() == db.PostgreSQL {
			files = migrations.Postgres
		}
		names, err := fs.Glob(files, "*/*_networks.sql")
		must(t, err)
		file, err := files.ReadFile(names[0])
		must(t, err)
		for range 2 {
			f.exec(`DELETE FROM familiar WHERE kind = 'network' AND value < '2'`)
			f.exec(string(file))
			if got := networks(); len(got) != 5 || !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
	})
}
