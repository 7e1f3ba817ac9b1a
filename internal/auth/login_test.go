package auth_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/password"
	"latchkey/internal/store"
)

// Until the password is proven, everything that fails looks the same.
func TestSameAnswerToAll_C1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		gone := f.user("gone")
		f.exec(`UPDATE users SET disabled_at = $2 WHERE id = $1`, gone.ID, f.Now())
		must(t, f.registers("waiting@example.org", "waiting", client(1)))

		want := f.try("ada", wrongPassword, client(2))
		expect(t, "a wrong password", want, "INVALID_CREDENTIALS")
		for i, tt := range []struct{ name, login, typed string }{
			{"no such name", "nobody", goodPassword},
			{"no such address", "nobody@example.org", goodPassword},
			{"not confirmed, by name", "waiting", wrongPassword},
			{"not confirmed, by address", "waiting@example.org", wrongPassword},
			{"not confirmed, by address from elsewhere", "waiting@example.org", goodPassword},
			{"disabled, wrong password", "gone", wrongPassword},
			{"empty password", "ada", ""},
			{"long password", "ada", strings.Repeat("w", 100_000)},
			{"nothing", "", goodPassword},
			{"neither name nor address", "ada lovelace <ada@example.org>", goodPassword},
			{"two @", "ada@example.org@example.org", goodPassword},
			{"Kelvin sign", "\u212Aada", goodPassword},
			{"NUL", "ada\x00", goodPassword},
			{"not UTF-8", "ada\xff", goodPassword},
			{"long login", strings.Repeat("\U0001F600", 10_000), goodPassword},
			{"user id", gone.ID, goodPassword},
		} {
			if err := f.try(tt.login, tt.typed, client(10+i)); !reflect.DeepEqual(err, want) {
				t.Errorf("%s: %#v, want %#v", tt.name, err, want)
			}
		}
		expect(t, "disabled, right password", f.try("gone", goodPassword, client(2)), "ACCOUNT_DISABLED")
		if n := f.count(`sessions`); n != 0 {
			t.Errorf("%d sessions", n)
		}
	})
}

func TestLoginByNameOrAddress_B1_B4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("Kay")
		for _, login := range []string{"Kay", "kay", "KAY", "Kay@example.org", "KAY@EXAMPLE.ORG", " kay", "kay\n", "kay@example.org ", "\u00A0kay@example.org"} {
			if l := f.login(login, client(1)); l.User.ID != u.ID {
				t.Errorf("%s logs in %s", login, l.User.Username)
			}
		}
		for _, login := range []string{"\u212Aay", "\u212Aay@example.org", "k ay", "kay\u200B", "kay @example.org", "kay@ex\u00ADample.org"} {
			expect(t, login, f.try(login, goodPassword, client(1)), "INVALID_CREDENTIALS")
		}
	})
}

// Every character of a password counts, in NFC.
func TestWholePasswordCounts_A1_A4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		set := "  Caf\u00E9 " + strings.Repeat("\U0001F600", 60) + " "
		_, err := f.CreateUser(t.Context(), shell, auth.CreateUserInput{
			Email: "ada@example.org", Username: "ada", Password: new(set), Role: store.RoleUser,
		})
		must(t, err)
		decomposed := strings.Replace(set, "\u00E9", "e\u0301", 1)
		for typed, want := range map[string]string{
			set: "ok", decomposed: "ok",
			strings.TrimSpace(set): "INVALID_CREDENTIALS", strings.TrimRight(set, " "): "INVALID_CREDENTIALS",
			strings.ToLower(set): "INVALID_CREDENTIALS", set + " ": "INVALID_CREDENTIALS",
			strings.Replace(set, "\u00E9", "e", 1): "INVALID_CREDENTIALS",
			set[:100]:                              "INVALID_CREDENTIALS", set[:len(set)-1] + ".": "INVALID_CREDENTIALS",
		} {
			expect(t, typed, f.try("ada", typed, client(1)), want)
		}
	})
}

// hash returns the hash in the user's row.
func (f *fixture) hash(id string) string {
	f.t.Helper()
	u, err := f.User(f.t.Context(), id)
	must(f.t, err)
	return u.PasswordHash
}

func hashed(t *testing.T, p password.Params, typed string) string {
	t.Helper()
	phc, err := p.Hash(typed)
	must(t, err)
	return phc
}

func TestHashIsRenewed_A5(t *testing.T) {
	stronger := cheap
	stronger.Memory *= 2
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		for _, tt := range []struct {
			name    string
			old     password.Params
			renewed bool
		}{
			{"bcrypt", cheapBcrypt, true},
			{"weaker Argon2id", cheap, true},
			{"the same", stronger, false},
			{"stronger Argon2id", password.Params{Kind: password.Argon2id, Memory: 256, Time: 1, Threads: 1}, false},
		} {
			old := hashed(t, tt.old, goodPassword)
			f.exec(`UPDATE users SET password_hash = $2 WHERE id = $1`, u.ID, old)
			expect(t, tt.name+", wrong password", f.try("ada", wrongPassword, client(1)), "INVALID_CREDENTIALS")
			if f.hash(u.ID) != old {
				t.Errorf("%s: a wrong password changed the hash", tt.name)
			}
			f.login("ada", client(1))
			now := f.hash(u.ID)
			if (now != old) != tt.renewed || stronger.NeedsRehash(now) {
				t.Errorf("%s: renewed %t, want %t", tt.name, now != old, tt.renewed)
			}
			f.login("ada", client(1))
			if f.hash(u.ID) != now {
				t.Errorf("%s: renewed twice", tt.name)
			}
		}
	}, hashing(stronger))
}

// bcrypt sees 72 bytes: with more behind them a login fails, and leaves the
// hash as it is.
func TestGarbageBehindBcrypt_A4_A5(t *testing.T) {
	set := strings.Repeat("mfj-wqp ", 9)
	for mode, p := range map[string]password.Params{"argon2id": cheap, "bcrypt": {Kind: password.Bcrypt, Cost: 5}} {
		t.Run(mode, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				u, old := f.user("ada"), hashed(t, cheapBcrypt, set)
				f.exec(`UPDATE users SET password_hash = $2 WHERE id = $1`, u.ID, old)
				expect(t, "73 bytes", f.try("ada", set+"x", client(1)), "INVALID_CREDENTIALS")
				expect(t, "NUL and the same again", f.try("ada", set[:35]+"\x00"+set[:35], client(1)), "INVALID_CREDENTIALS")
				if f.hash(u.ID) != old {
					t.Error("the hash was renewed")
				}
				expect(t, "72 bytes", f.try("ada", set, client(1)), "ok")
				expect(t, "73 bytes at the new hash", f.try("ada", set+"x", client(1)), "INVALID_CREDENTIALS")
				expect(t, "72 bytes at the new hash", f.try("ada", set, client(1)), "ok")
			}, hashing(p))
		})
	}
}

// A password too long for bcrypt that an Argon2id hash was made of serves on.
func TestLongPasswordAfterChangeToBcrypt_A5(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u, set := f.user("ada"), strings.Repeat("mfj-wqp ", 12)
		f.exec(`UPDATE users SET password_hash = $2 WHERE id = $1`, u.ID, hashed(t, cheap, set))
		expect(t, "login", f.try("ada", set, client(1)), "ok")
		expect(t, "with less", f.try("ada", set[:72], client(1)), "INVALID_CREDENTIALS")
	}, hashing(cheapBcrypt))
}

// A login with another kind of device is told to the owner.
func TestNewDeviceNotice_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		on := func(agent string, n int) auth.Actor { return at(client(n).Client.Addr, agent) }
		notices := 0
		check := func(what string, more int) {
			t.Helper()
			notices += more
			if list := f.sent(""); len(f.mails("ada@example.org")) != notices {
				t.Errorf("%s: %d notices, want %d", what, len(list), notices)
			}
		}
		f.user("ada")
		f.login("ada", on(firefox, 1))
		check("the first login", 1)
		f.login("ada", on(firefox, 2))
		check("the same kind elsewhere", 0)
		f.login("ada", on(strings.ReplaceAll(firefox, "140", "141"), 1))
		check("a newer version", 0)
		expect(t, "a guesser", f.try("ada", wrongPassword, on(chrome, 3)), "INVALID_CREDENTIALS")
		check("a wrong password", 0)
		f.login("ada", on(chrome, 3))
		check("another browser", 1)
		m := f.sent("")[0]
		for _, part := range []string{"Chrome on Windows", "10.0.0.3", "25\u00a0November 2026, 12:00 UTC"} {
			if m.Kind != store.MailNewDevice || !strings.Contains(m.Text, part) || !strings.Contains(m.HTML, part) {
				t.Errorf("the %s lacks %q:\n%s", m.Kind, part, m.Text)
			}
		}
		f.login("ada", on(chrome, 4))
		check("it again", 0)
		f.login("ada", at(client(1).Client.Addr, ""))
		check("no user agent", 1)

		f.pass(180*day - 1)
		f.login("ada", on(chrome, 3))
		check("within 180 days", 0)
		f.pass(1)
		f.login("ada", on(firefox, 1))
		check("180 days later", 1)
	})
}

// A client cannot make any number of kinds of device by what it calls itself, nor
// have its own words mailed.
func TestMadeUpDevices_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.login("ada", client(1))
		before := len(f.mails("ada@example.org"))
		for i := range 30 {
			agent := fmt.Sprintf("Call-0800-29-%d/1.0 (Planet %d)", i, i)
			if i%2 == 1 {
				agent = fmt.Sprintf("Mozilla/5.0 (X11; Ubuntu; Linux x86_64) Call-0800-%d/29", i)
			}
			f.login("ada", at(client(2).Client.Addr, agent))
		}
		list := f.mails("ada@example.org")
		list = list[:len(list)-before]
		if len(list) != 2 { // an unknown device, and one with Linux
			t.Errorf("%d notices of made-up devices, want 2", len(list))
		}
		for _, m := range list {
			if strings.Contains(m.Text, "0800") {
				t.Errorf("the mail repeats what the client calls itself:\n%s", m.Text)
			}
		}
	})
}

// A registration's device is known by its confirmation.
func TestNoNoticeAfterConfirming_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, err := f.confirmEmail(f.Service, f.link("ada@example.org", "ada", client(1)), "", client(1))
		must(t, err)
		must(t, f.confirm(f.link("eve@example.org", "eve", client(1)), ""))
		f.login("ada", client(1))
		f.login("eve", client(1))
		for _, m := range f.mails("") {
			if m.Kind != store.MailConfirmRegistration {
				t.Errorf("mailed %s", m.Kind)
			}
		}
		f.login("ada", at(netip.Addr{}, chrome))
		if m := f.mails("ada@example.org")[0]; m.Kind != store.MailNewDevice {
			t.Errorf("mailed %s, want %s", m.Kind, store.MailNewDevice)
		}
	})
}

// A device that is used stays known, although it logged in long ago.
func TestNoNoticeForDeviceInUse_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		on := at(client(1).Client.Addr, firefox)
		l := f.login("ada", on)
		before := len(f.mails("ada@example.org"))
		for range 8 {
			f.pass(20 * day)
			var err error
			l, err = f.Refresh(t.Context(), on, *l.Tokens.RefreshToken)
			must(t, err)
		}
		f.pass(25 * day)
		f.login("ada", on)
		if n := len(f.mails("ada@example.org")) - before; n != 0 {
			t.Errorf("%d notices of a device used 25 days ago, want none", n)
		}
		f.pass(180 * day)
		f.login("ada", on)
		if n := len(f.mails("ada@example.org")) - before; n != 1 {
			t.Errorf("%d notices of a device not used for 180 days, want 1", n)
		}
	})
}

// A native app is called as its user named it, as long as it says the same of
// itself; what tells a new device from a known one is what it says.
func TestNativeAppByItsName_A8(t *testing.T) {
	const app = "Example/4.1 (a phone)"
	addr := netip.MustParseAddr("192.0.2.7")
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.login("ada", client(1))
		f.mails("") // is about that one
		named := func(name, userAgent string) *auth.Login {
			l, err := f.Login(t.Context(), at(addr, userAgent), auth.LoginInput{Login: "ada@example.org", Password: goodPassword, DeviceName: new(name)})
			must(t, err)
			return l
		}
		newest := func(kind store.MailKind, device string) {
			t.Helper()
			m := f.mails("ada@example.org")[0]
			if m.Kind != kind || !strings.Contains(m.Text, "Device: "+device+"\n") {
				t.Errorf("%s:\n%s\nwant %s of %q", m.Kind, m.Text, kind, device)
			}
		}
		l := named("Ada's phone, evil.example", app)
		newest(store.MailNewDevice, "Ada's phone, evil·example")
		page, err := f.LookAtNotMe(t.Context(), f.token("ada@example.org", store.MailNewDevice))
		must(t, err)
		if page.Device != "Ada's phone, evil.example" {
			t.Errorf("the page says %q", page.Device)
		}
		n := len(f.mails("ada@example.org"))
		named("Another phone", app)
		if got := len(f.mails("ada@example.org")); got != n {
			t.Errorf("%d mails of a kind of device that was known", got-n)
		}
		v := f.viewer(l)
		rename := func(name, userAgent string) {
			_, err := f.ChangeUsername(t.Context(), as(v, at(addr, userAgent)), auth.ChangeUsernameInput{Username: name})
			must(t, err)
			v = f.viewer(l)
		}
		rename("ada1", app)
		newest(store.MailUsernameChanged, "Ada's phone, evil·example")
		rename("ada2", "Something else")
		newest(store.MailUsernameChanged, "An unknown device")
		rename("ada3", firefox)
		newest(store.MailUsernameChanged, "Firefox on Linux")
		named("Firefox of Ada", chrome)
		newest(store.MailNewDevice, "Chrome on Windows")
	})
}
