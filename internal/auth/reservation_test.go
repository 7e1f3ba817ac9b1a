package auth_test

import (
	"errors"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// What a deleted account was called stays taken for 72 hours, for its address alone or for
// nobody, although no row can be read: by what it looks like, for an import too, and over a
// change of SECRET_KEY.
func TestReserved_O8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		v := f.viewer(f.login("ada", client(1)))
		must(t, f.changeUsername(v, "countess"))
		v = f.reload(v)
		must(t, f.changeEmail(v, "new@example.org", goodPassword, client(1)))
		must(t, f.confirm(f.token("new@example.org", store.MailConfirmNewEmail), ""))
		v = f.viewer(f.login("countess", client(1)))
		must(t, f.deleteAccount(v, goodPassword))
		f.mails("new@example.org")
		for _, table := range []string{"users", "usernames", "held_addresses", "looks", "undo", "outbox"} {
			if n := f.count(table); n != 0 {
				t.Errorf("%d rows left in %s", n, table)
			}
		}
		if n := f.count("reservations"); n != 3 {
			t.Errorf("%d reservations, want the two names and the address of before", n)
		}

		taken := func(s *store.Store, name, emailKey string) bool {
			t.Helper()
			is, err := s.UsernameTaken(t.Context(), name, "", emailKey, f.Now())
			must(t, err)
			return is
		}
		held := func(s *store.Store, emailKey string) bool {
			t.Helper()
			is, err := s.EmailTaken(t.Context(), emailKey, f.Now())
			must(t, err)
			return is
		}
		for name, c := range map[string]struct {
			s     *store.Store
			knows bool
		}{
			"this server": {f.store, true}, "one with a newer secret in front": {store.New(f.db, newSecret, oldSecret), true}, "one with the newer alone": {store.New(f.db, newSecret), false},
		} {
			for _, username := range []string{"countess", "c0untess", "ada"} {
				if taken(c.s, username, "eve@example.org") != c.knows {
					t.Errorf("%s: %s is taken: %t", name, username, !c.knows)
				}
			}
			if taken(c.s, "countess", "new@example.org") || taken(c.s, "ada", "new@example.org") != c.knows || held(c.s, "ada@example.org") != c.knows || held(c.s, "new@example.org") {
				t.Errorf("%s: what its own address may have", name)
			}
		}
		expect(t, "a stranger", f.registers("eve@example.org", "countess", client(2)), "USERNAME_TAKEN")
		must(t, f.registers("ada@example.org", "somebody", client(2))) // is answered as ever
		if mails := f.mails("ada@example.org"); mails[0].Kind == store.MailConfirmRegistration {
			t.Errorf("the address of before can be confirmed:\n%s", mails[0].Text)
		}
		_, bad := f.imports(`{"email":"eve@example.org","username":"countess"}`+"\n"+`{"email":"ada@example.org","username":"other"}`, false)
		if len(bad) != 2 {
			t.Errorf("an import of them: %q", bad)
		}
		expect(t, "its own address", f.registers("new@example.org", "countess", client(1)), "ok")
		must(t, f.confirm(f.token("new@example.org", store.MailConfirmRegistration), ""))

		// Back again, it may leave the name and come back, whatever was reserved.
		f.pass(time.Hour)
		v = f.viewer(f.login("countess", client(1)))
		must(t, f.changeUsername(v, "lovelace"))
		must(t, f.changeUsername(f.reload(v), "countess"))
		expect(t, "a stranger, still", f.registers("eve@example.org", "countess", client(2)), "USERNAME_TAKEN")

		f.pass(73 * time.Hour)
		_, err := f.store.Sweep(t.Context(), f.Now(), 90*day)
		must(t, err)
		if n := f.count("reservations"); n != 0 {
			t.Errorf("%d reservations are left behind their time", n)
		}
		if taken(f.store, "ada", "eve@example.org") || held(f.store, "ada@example.org") {
			t.Error("they are still taken behind their time")
		}
	})
}

// Whoever claims the name of an account at the moment when it is deleted waits for that, and
// does not get it.
func TestClaimedWhileDeleted_B7(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		claim := func() error {
			who := &store.User{ID: "eve", EmailKey: "eve@example.org", Username: "ada", Role: store.RoleUser, CreatedAt: f.Now(), UpdatedAt: f.Now()}
			return f.store.InTx(t.Context(), func(tx *store.Store) error { return tx.CreateUser(t.Context(), who, "ada") })
		}
		f.exec(`DELETE FROM looks`) // it was claimed long ago
		claimed := make(chan error, 1)
		must(t, f.store.InTx(t.Context(), func(tx *store.Store) error {
			if err := tx.DeleteUser(t.Context(), u, f.Now(), f.Now().Add(72*time.Hour)); err != nil {
				return err
			}
			go func() { claimed <- claim() }()
			if f.db.Dialect() == db.PostgreSQL { // SQLite has one writer
				testenv.Await(t, time.Minute, "the claim to wait", func() bool {
					return f.count(`pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
				})
			}
			return nil
		}))
		if err := <-claimed; !errors.Is(err, store.ErrConflict) {
			t.Errorf("the claim: %v, want %v", err, store.ErrConflict)
		}
		if err := claim(); !errors.Is(err, store.ErrConflict) {
			t.Errorf("once more: %v, want %v", err, store.ErrConflict)
		}
	})
}
