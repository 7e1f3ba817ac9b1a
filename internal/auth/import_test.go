package auth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/password"
	"latchkey/internal/store"
)

// imports imports lines and returns the summary and what was said of bad ones.
func (f *fixture) imports(file string, dryRun bool) (auth.Import, []string) {
	f.t.Helper()
	var bad []string
	in := auth.Import{DryRun: dryRun, Bad: func(line int, problems []string) {
		bad = append(bad, fmt.Sprintf("%d: %s", line, strings.Join(problems, "; ")))
	}}
	must(f.t, f.ImportUsers(f.t.Context(), shell, strings.NewReader(file), &in))
	in.Bad = nil
	return in, bad
}

func (f *fixture) export() string {
	f.t.Helper()
	var out bytes.Buffer
	n, err := f.ExportUsers(f.t.Context(), shell, &out, true)
	must(f.t, err)
	if lines := strings.Count(out.String(), "\n"); n != lines {
		f.t.Errorf("export: says %d, wrote %d lines", n, lines)
	}
	return out.String()
}

func importLine(name string) string {
	return fmt.Sprintf(`{"email":"%s@example.org","username":"%s"}`, name, name)
}

func TestImportLines(t *testing.T) {
	t.Parallel()
	const hash = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	each(t, func(t *testing.T, f *fixture) {
		f.user("taken")
		must(t, f.registers("holder@example.org", "held", client(1)))
		f.user("there")
		longest := importLine("longest") + strings.Repeat(" ", 64<<10-len(importLine("longest")))
		lines := []struct{ text, bad string }{
			{`{"email":"Ada.L@Bücher.example","username":"Ada","passwordHash":"` + hash + `","role":"ADMIN","createdAt":"2020-02-03T04:05:06.1234567+02:00","disabledAt":null}`, ""},
			{"", ""},
			{`{"email":" bob@example.org\r\n","username":"\u00a0bob\t"}` + "\r", ""},
			{`{"email":"carol@example.org","username":"carol","passwordHash":"","role":"USER","createdAt":null,"disabledAt":"2021-01-01T00:00:00Z"}`, ""},
			{`{"email":"There@example.org","username":"THERE","passwordHash":"` + hash + `","role":"ADMIN"}`, ""}, // present
			{`{"email":"holder@example.org","username":"held"}`, ""},                                              // by themselves
			{longest, ""},
			{longest + " ", "longer than 64 KiB"},
			{strings.Repeat("x", 200<<10), "longer than 64 KiB"},
			{`nonsense`, "not one JSON object"},
			{`[]`, "not one JSON object"},
			{`{} {}`, "not one JSON object"},
			{`{"email":"dup@example.org","email":"dup@example.org","username":"dup"}`, "not one JSON object"},
			{"{\"email\":\"\xff@example.org\",\"username\":\"dan\"}", "not one JSON object"},
			{`{"email":"dan@example.org","username":"dan","password_hash":"x"}`,
				"a field that is none of id, email, username, passwordHash, role, createdAt, disabledAt, mustChangePassword, mustEnrol, totp, passkeys, recoveryCodes and requireSecondFactor"},
			{`{"email":"dan@example.org","username":"d"}`, "username: 3 to 32 of letters, digits, dot, underscore and hyphen, with a letter or digit at both ends. Some names are reserved."},
			{`{"email":7,"username":"dan"}`, "email: a text in quotes"},
			{`{"email":"dan@example.org","username":"dan","createdAt":"yesterday"}`, `createdAt: a time looks like "2024-05-17T08:30:00Z"`},
			{`{"email":"dan@example.org","username":"dan","createdAt":"1969-12-31T23:59:59Z"}`, "createdAt: from 1970 to now"},
			{`{"email":"dan@example.org","username":"dan","createdAt":"2026-11-26T12:00:01Z"}`, "createdAt: from 1970 to now"},
			{`{}`, "email: An address looks like name@example.org."},
			{`{"email":"dan@example.org","username":"root"}`, "username: This username is reserved. Choose another."},
			{`{"email":"dan\u0000@example.org","username":"dan"}`, "email: An address looks like name@example.org."},
			{`{"email":"dan@example.org","username":"dan","role":"admin"}`, "role: USER or ADMIN"},
			{`{"email":"dan@example.org","username":"dan","passwordHash":"$5$secret$secret"}`, "passwordHash: malformed or unsupported hash: unknown kind"},
			{`{"email":"dan@example.org","username":"dan","passwordHash":"secret"}`, "passwordHash: malformed or unsupported hash: does not begin with $"},
			{`{"email":"taken@example.org","username":"dan"}`, "email: somebody with another username has this address"},
			{`{"email":"eve@example.org","username":"Taken"}`, "username: somebody else has it"},
			{`{"email":"eva@example.org","username":"held"}`, "username: line 6 has the same"},
			{`{"email":"BOB@example.org","username":"bobby"}`, "email: line 3 has the same"},
			{`{"email":"bob@example.org","username":"bob"}`, "email: line 3 has the same; username: line 3 has the same"},
			{importLine("last"), ""},
		}
		var file strings.Builder
		var want []string
		for i, l := range lines {
			file.WriteString(l.text)
			if i < len(lines)-1 { // the last one has no break
				file.WriteString("\n")
			}
			if l.bad != "" {
				want = append(want, fmt.Sprintf("%d: %s", i+1, l.bad))
			}
		}
		before := f.export()
		for _, dryRun := range []bool{true, false} {
			got, bad := f.imports(file.String(), dryRun)
			if !slices.Equal(bad, want) {
				t.Errorf("dry run %v: bad lines:\n%s\nwant:\n%s", dryRun, strings.Join(bad, "\n"), strings.Join(want, "\n"))
			}
			if w := (auth.Import{DryRun: dryRun, Lines: len(lines) - 1, Imported: 6, Present: 1, BadLines: len(want)}); fmt.Sprint(got) != fmt.Sprint(w) {
				t.Errorf("dry run %v: got %+v, want %+v", dryRun, got, w)
			}
			if dryRun && f.export() != before {
				t.Error("a dry run wrote something")
			}
		}
		ada, err := f.store.UserByEmail(t.Context(), "ada.l@xn--bcher-kva.example")
		must(t, err)
		if ada.Email != "Ada.L@xn--bcher-kva.example" || ada.Username != "Ada" || ada.PasswordHash != hash || ada.Role != store.RoleAdmin ||
			ada.CreatedAt.Format("2006-01-02T15:04:05.999999999Z07:00") != "2020-02-03T02:05:06.123456Z" || ada.SecurityVersion != 1 || ada.DisabledAt != nil {
			t.Errorf("imported as %+v", ada)
		}
		carol, err := f.store.UserByEmail(t.Context(), "carol@example.org")
		must(t, err)
		if carol.PasswordHash != "" || carol.Role != store.RoleUser || !carol.CreatedAt.Equal(noon) || carol.DisabledAt == nil {
			t.Errorf("imported as %+v", carol)
		}
		bob, err := f.store.UserByEmail(t.Context(), "bob@example.org")
		must(t, err)
		if bob.Email != "bob@example.org" || bob.Username != "bob" {
			t.Errorf("with white space around imported as %+v", bob)
		}
		there, err := f.store.UserByEmail(t.Context(), "there@example.org")
		must(t, err)
		if there.Username != "there" || there.Role != store.RoleUser || there.PasswordHash == hash {
			t.Errorf("who was there already was changed to %+v", there)
		}

		got, bad := f.imports(file.String(), false) // once more
		if w := (auth.Import{Lines: len(lines) - 1, Present: 7, BadLines: len(want)}); fmt.Sprint(got) != fmt.Sprint(w) || !slices.Equal(bad, want) {
			t.Errorf("repeated: got %+v, want %+v; bad lines:\n%s", got, w, strings.Join(bad, "\n"))
		}
	})
}

// Nobody is told of who is imported, so the API imports no administrators: whoever has the
// access token of one would make another that no other hears of.
func TestImportedAdministrator_A9(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.exec(`UPDATE users SET role = 'ADMIN'`)
		root := client(1)
		root.Viewer = f.of(f.login("ada", root))
		var bad []string
		in := auth.Import{Bad: func(line int, problems []string) {
			bad = append(bad, fmt.Sprint(line, ": ", strings.Join(problems, "; ")))
		}}
		must(t, f.ImportUsers(t.Context(), root, strings.NewReader(`{"email":"eve@example.org","username":"eve","role":"ADMIN"}
{"email":"bob@example.org","username":"bob","role":"USER"}`), &in))
		want := []string{"1: role: an administrator comes by the shell alone; import a user, and change the role then"}
		if in.Imported != 1 || !slices.Equal(bad, want) {
			t.Errorf("imported %d, bad lines %q", in.Imported, bad)
		}
	})
}

// An id is kept, since programs elsewhere know the user by it, and is one user's.
func TestImportIDs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		there, other := f.user("there"), f.user("other")
		const id = "0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f07"
		const spelling = "id: a UUID in lower case looks like 0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f07"
		lines := []struct{ id, name, bad string }{
			{id, "ada", ""},
			{"", "bob", ""},
			{"0197A2F4-6C1E-7B3A-9D5F-2E8C4B6A1F08", "upper", spelling},
			{"{0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f08}", "braces", spelling},
			{"0197a2f46c1e7b3a9d5f2e8c4b6a1f08", "bare", spelling},
			{"00000000-0000-0000-0000-000000000000", "none", spelling},
			{"7", "number", spelling},
			{id, "eve", "id: line 1 has the same"},
			{other.ID, "another", "id: somebody with another address has it"},
			{there.ID, "there", ""}, // present
			{"0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f09", "thither", ""},
		}
		var file strings.Builder
		var want []string
		for i, l := range lines {
			fmt.Fprintf(&file, `{"id":%q,"email":"%s@example.org","username":%[2]q}`+"\n", l.id, l.name)
			if l.bad != "" {
				want = append(want, fmt.Sprintf("%d: %s", i+1, l.bad))
			}
		}
		for _, w := range []auth.Import{{DryRun: true, Imported: 3, Present: 1}, {Imported: 3, Present: 1}, {Present: 4}} {
			got, bad := f.imports(file.String(), w.DryRun)
			w.Lines, w.BadLines = len(lines), len(want)
			if fmt.Sprint(got) != fmt.Sprint(w) || !slices.Equal(bad, want) {
				t.Errorf("got %+v, want %+v; bad lines:\n%s\nwant:\n%s", got, w, strings.Join(bad, "\n"), strings.Join(want, "\n"))
			}
		}
		if l := f.login("there", client(1)); l.User.ID != there.ID {
			t.Errorf("who was there is now %s", l.User.ID)
		}
		ada, err := f.store.UserByEmail(t.Context(), "ada@example.org")
		must(t, err)
		if ada.ID != id || !strings.Contains(f.export(), `{"id":"`+id+`","email":"ada@example.org"`) {
			t.Errorf("imported with %s, exported as\n%s", ada.ID, f.export())
		}
		_, bad := f.imports(`{"id":"0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1fff","email":"ada@example.org","username":"ada"}`, false)
		if want := []string{"1: id: this user is here with another one"}; !slices.Equal(bad, want) {
			t.Errorf("bad lines %q, want %q", bad, want)
		}
	})
}

// Who comes without a username has one made, once, however often the file is
// imported.
func TestImportWithoutUsername(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		const n = 300
		var file strings.Builder
		for i := range n {
			fmt.Fprintf(&file, `{"email":"u%d@example.org"%s}`+"\n", i, []string{"", `,"username":""`, `,"username":null`}[i%3])
		}
		for _, w := range []auth.Import{{DryRun: true, Imported: n}, {Imported: n}, {Present: n}} {
			w.Lines = n
			if got, bad := f.imports(file.String(), w.DryRun); fmt.Sprint(got) != fmt.Sprint(w) {
				t.Errorf("got %+v, want %+v; %q", got, w, bad)
			}
		}
		made := map[string]bool{}
		for _, u := range strings.Split(f.export(), "\n")[:n] {
			made[regexp.MustCompile(`"username":"([a-z]{8}[0-9]{3})"`).FindString(u)] = true
		}
		if len(made) != n || made[""] {
			t.Errorf("%d names of %d", len(made), n)
		}
	})
}

// A name that is held for an address is nobody else's, and the registrations of
// an imported address end.
func TestImportBesideRegistrations_B1(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		token := f.link("ada@example.org", "ada", client(1))
		must(t, f.registers("bob@example.org", "bob", client(2)))
		_, bad := f.imports(`{"email":"eve@example.org","username":"bob"}`+"\n"+`{"email":"ada@example.org","username":"lovelace"}`, false)
		if want := []string{"1: username: somebody else has it"}; !slices.Equal(bad, want) {
			t.Errorf("bad lines %q, want %q", bad, want)
		}
		if err := f.confirm(token, ""); err == nil {
			t.Error("a registration of an address with an account was confirmed")
		}
		f.pass(25 * 60 * 60e9) // the hold is over
		if _, bad := f.imports(`{"email":"eve@example.org","username":"bob"}`, false); len(bad) > 0 {
			t.Errorf("bad lines %q after the hold", bad)
		}
	})
}

// Whatever happens at the same time, each address and name has one user, and
// each user a name.
func TestImportRaces_B1(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		const n, files = 60, 4
		var wg sync.WaitGroup
		sums := make([]auth.Import, files)
		for k := range files {
			var file strings.Builder
			for i := range n {
				if k%2 == 1 { // in the other order: transactions that lock each other
					i = n - 1 - i
				}
				// The same names with other addresses.
				fmt.Fprintf(&file, `{"email":"u%d@example%d.org","username":"u%03d"}`+"\n", i, k/2, i)
			}
			wg.Go(func() {
				in := auth.Import{Bad: func(int, []string) {}}
				for { // two may collide twice; what was imported is present then
					in = auth.Import{Bad: in.Bad}
					err := f.ImportUsers(t.Context(), shell, strings.NewReader(file.String()), &in)
					if !errors.Is(err, store.ErrUnavailable) {
						must(t, err)
						break
					}
				}
				sums[k] = in
			})
		}
		wg.Wait()
		for k, sum := range sums {
			if sum.Imported+sum.Present+sum.BadLines != n {
				t.Errorf("file %d: %+v", k, sum)
			}
		}
		var users, names, nameless int
		must(t, f.db.QueryRow(t.Context(), `SELECT count(*) FROM users`).Scan(&users))
		must(t, f.db.QueryRow(t.Context(), `SELECT count(*) FROM usernames`).Scan(&names))
		must(t, f.db.QueryRow(t.Context(), `SELECT count(*) FROM users WHERE id NOT IN (SELECT user_id FROM usernames)`).Scan(&nameless))
		if users != n || names != n || nameless != 0 {
			t.Errorf("%d users, %d names, %d without a name; want %d, %d, 0", users, names, nameless, n, n)
		}
	})
}

// What was exported comes back the same, over several pages and batches.
func TestExportRoundTrip(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		if got := f.export(); got != "" {
			t.Errorf("nobody is exported as %q", got)
		}
		var file strings.Builder
		const n = 2*1000 + 7
		for i := range n { // many of one moment
			fmt.Fprintf(&file, `{"email":"U%d@example.org","username":"U%04d","passwordHash":%q,"role":%q,"createdAt":"2024-05-17T08:30:%02d.00000%dZ"`,
				i, i, []string{"", hashOf(t, cheapBcrypt)}[i%2], []string{"USER", "ADMIN"}[i%5/4], i%60, i%3)
			if i%7 == 0 {
				file.WriteString(`,"disabledAt":"2025-01-01T00:00:00Z"`)
			}
			file.WriteString("}\n")
		}
		if got, bad := f.imports(file.String(), false); got.Imported != n {
			t.Fatalf("%+v, %.500q", got, bad)
		}
		exported := f.export()
		if strings.Count(exported, "\n") != n {
			t.Errorf("%d lines, want %d", strings.Count(exported, "\n"), n)
		}
		each(t, func(t *testing.T, g *fixture) {
			if got, bad := g.imports(exported, false); got.Imported != n {
				t.Fatalf("%+v, %.500q", got, bad)
			}
			if again := g.export(); again != exported {
				t.Error("export, import and export give another file")
			}
		})
		if got, bad := f.imports(exported, false); got.Present != n {
			t.Errorf("imported where it came from: %+v, %q", got, bad)
		}
	})
}

var madeHash = sync.OnceValues(func() (string, error) { return cheapBcrypt.Hash(goodPassword) })

func hashOf(t testing.TB, p password.Params) string {
	t.Helper()
	if p == cheapBcrypt {
		h, err := madeHash()
		must(t, err)
		return h
	}
	h, err := p.Hash(goodPassword)
	must(t, err)
	return h
}

// Whoever was imported logs in with their password, and has a hash of the
// configured kind from then on; without a hash no password is right.
func TestLoginAfterImport_A5(t *testing.T) {
	t.Parallel()
	hashes := map[string]string{
		"argon2id": hashOf(t, cheap), "bcrypt": hashOf(t, cheapBcrypt),
		"scrypt":        "$scrypt$ln=10,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$MloGaN5Vc5KXstYm8d3CGCU6BzOxGhxRbHid9IzAulQ",
		"pbkdf2-sha1":   "$pbkdf2-sha1$i=1000$c2FsdHNhbHRzYWx0c2FsdA$K6rE81Cuqfo+KbVihlH+CZnR+Jk",
		"pbkdf2-sha256": "$pbkdf2-sha256$i=1000$c2FsdHNhbHRzYWx0c2FsdA$XFlM9kd6t2t2wvzNmfDJ6xaEInpRUc/abdin7mDwDUs",
		"passlib":       "$pbkdf2-sha512$1000$c2FsdHNhbHRzYWx0c2FsdA$mDcHehIswgEf38c5SXWy8kKo1YUPRzhZtt40ISYVqicint7KYeugYIDyUTMH2WWzt36tNLh.4z6Mb0HaT24Zpw",
	}
	for _, p := range []password.Params{cheap, cheapBcrypt} {
		each(t, func(t *testing.T, f *fixture) {
			for name, hash := range hashes {
				line, err := json.Marshal(auth.PortableUser{Email: name + "@example.org", Username: name, PasswordHash: hash})
				must(t, err)
				if _, bad := f.imports(string(line), false); len(bad) > 0 {
					t.Fatal(bad)
				}
				if err := f.try(name, wrongPassword, client(1)); err == nil {
					t.Errorf("%s: logged in with a wrong password", name)
				}
				for range 2 { // with the old hash and with the new one
					must(t, f.try(name, goodPassword, client(1)))
				}
				user, err := f.store.UserByEmail(t.Context(), name+"@example.org")
				must(t, err)
				if p.NeedsRehash(user.PasswordHash) {
					t.Errorf("%s: the hash after a login is %s", name, user.PasswordHash)
				}
				if renewed, want := user.PasswordHash != hash, p.NeedsRehash(hash); renewed != want {
					t.Errorf("%s: renewed %v, want %v", name, renewed, want)
				}
			}
			f.imports(importLine("nobody1"), false)
			for _, typed := range []string{"", goodPassword} {
				if err := f.try("nobody1", typed, client(1)); err == nil {
					t.Errorf("logged in with %q without a hash", typed)
				}
			}
		}, hashing(p))
	}
}
