package mail

import (
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/store"
)

// wantOne fails unless one mail was sent, and returns it.
func (x *world) wantOne(recipient, subject string) received {
	x.t.Helper()
	got := x.sent()
	if len(got) != 1 || got[0].to != recipient || got[0].msg.Header.Get("Subject") != subject {
		x.t.Fatalf("got %v, want one to %s: %s", got, recipient, subject)
	}
	x.wantOutbox(0, 0)
	return got[0]
}

func (x *world) wantNone(why string) {
	x.t.Helper()
	if got := x.sent(); len(got) != 0 {
		x.t.Errorf("%s: sent %v", why, to(got))
	}
	x.wantOutbox(0, 0)
}

func TestReset_D3(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		u := x.user("Ada@example.org", "ada", "192.0.2.1")
		x.reset("ADA@example.org", "198.51.100.9")
		m := x.wantOne("Ada@example.org", "Set a new password")
		if got := x.linked(m); !slices.Equal(got, []string{"ada"}) || !strings.Contains(unfolded(m), "1 hour") {
			t.Errorf("the mail:\n%s", m.raw)
		}
		x.reset("nobody@example.org", "198.51.100.9")
		x.wantNone("an address without an account")

		x.reset("ada@example.org", "198.51.100.9")
		x.pass(time.Second)
		x.tx(func(tx *store.Store) error { return tx.SetPassword(t.Context(), u, "y", x.now()) })
		x.wantNone("secured after it was asked for")
		x.pass(time.Second)
		x.reset("ada@example.org", "198.51.100.9")
		x.wantOne("Ada@example.org", "Set a new password")
		// Asked for in the very transaction that secured the account.
		x.pass(time.Second)
		x.tx(func(tx *store.Store) error { return tx.SetPassword(t.Context(), x.reread(u), "z", x.now()) })
		x.enqueue(&store.Mail{Kind: store.MailPasswordReset, UserID: u.ID, RecipientKey: u.EmailKey, Admitted: true})
		x.wantOne("Ada@example.org", "Set a new password")

		x.tx(func(tx *store.Store) error {
			if err := tx.Disable(t.Context(), x.reread(u), x.now()); err != nil {
				return err
			}
			return tx.EnqueueMail(t.Context(), &store.Mail{ID: x.id(), Kind: store.MailAccountDisabled, CreatedAt: x.now(),
				Admitted: true, Details: store.MailDetails{To: u.Email, Username: u.Username, At: x.now()}})
		})
		x.wantOne("Ada@example.org", "Your account was disabled")
		x.pass(time.Second)
		x.enqueue(&store.Mail{Kind: store.MailPasswordReset, UserID: u.ID, RecipientKey: u.EmailKey, Admitted: true})
		x.wantNone("a disabled account")
		x.enqueue(&store.Mail{Kind: store.MailPasswordReset, UserID: x.id(), RecipientKey: u.EmailKey, Admitted: true})
		x.wantNone("an account that is gone")
	})
}

func TestNewEmail_D4(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		u := x.user("ada@example.org", "ada", "192.0.2.1")
		x.change(u, "Countess@example.org", "192.0.2.1")
		m := x.wantOne("Countess@example.org", "Confirm your new email")
		if got := x.linked(m); !slices.Equal(got, []string{"ada"}) || !strings.Contains(unfolded(m), "24 hours") {
			t.Errorf("the mail:\n%s", m.raw)
		}
		x.change(u, "first@example.org", "192.0.2.1")
		x.change(u, "second@example.org", "192.0.2.1") // the latest wins
		x.wantOne("second@example.org", "Confirm your new email")

		x.change(u, "dropped@example.org", "192.0.2.1")
		x.tx(func(tx *store.Store) error { return tx.DropPendingEmail(t.Context(), u, "dropped@example.org") })
		x.wantNone("no longer pending")
		x.change(u, "late@example.org", "192.0.2.1")
		x.pass(24 * time.Hour)
		x.wantNone("expired before it could go")
		x.change(u, "secured@example.org", "192.0.2.1")
		x.tx(func(tx *store.Store) error { return tx.SetPassword(t.Context(), u, "y", x.now()) })
		x.wantNone("secured meanwhile")
	})
}

// Whoever has the address, or may come back to it, is told; the answer to the
// one who asked is the same.
func TestNewEmailThatIsTaken_D4(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		eve := x.user("eve@example.org", "mallory", "198.51.100.9")
		x.user("Ada@example.org", "ada", "192.0.2.1")
		x.change(eve, "ADA@example.org", "198.51.100.9")
		m := x.wantOne("Ada@example.org", "You already have an account")
		if body := unfolded(m); strings.Contains(body, "lko_") || strings.Contains(body, "mallory") || strings.Contains(body, "lately") {
			t.Errorf("the mail:\n%s", m.raw)
		}

		mover := x.user("old@example.org", "mover", "192.0.2.1")
		move := func(key string) {
			x.change(mover, key, "192.0.2.1")
			x.wantOne(key, "Confirm your new email")
			x.tx(func(tx *store.Store) error {
				_, err := tx.ConfirmPendingEmail(t.Context(), mover, key, x.now(), x.now().Add(72*time.Hour))
				return err
			})
			mover = x.reread(mover)
		}
		move("moved@example.org")
		x.change(eve, "old@example.org", "198.51.100.9")
		m = x.wantOne("old@example.org", "You already have an account")
		if body := unfolded(m); strings.Contains(body, "lko_") || !strings.Contains(body, "lately") {
			t.Errorf("the mail:\n%s", m.raw)
		}
		// Its own old address is free for the account itself.
		x.change(mover, "old@example.org", "192.0.2.1")
		x.wantOne("old@example.org", "Confirm your new email")

		// Kept for an account that is gone, it is nobody's.
		x.tx(func(tx *store.Store) error {
			if err := tx.DeleteUser(t.Context(), x.reread(mover), x.now(), x.now()); err != nil {
				return err
			}
			return tx.EnqueueMail(t.Context(), &store.Mail{ID: x.id(), Kind: store.MailAccountDeleted, CreatedAt: x.now(),
				Admitted: true, Details: store.MailDetails{To: mover.Email, Username: mover.Username, At: x.now()}})
		})
		x.wantOne("moved@example.org", "Your account was deleted")
		x.change(eve, "old@example.org", "198.51.100.9")
		x.wantNone("kept for an account that is gone")
		x.pass(72 * time.Hour)
		x.change(eve, "old@example.org", "198.51.100.9")
		x.wantOne("old@example.org", "Confirm your new email")
	})
}

// A notice says what was, whatever became of it; its link goes as long as there
// is something to take back.
func TestNotices_A8(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		u := x.user("ada@example.org", "ada", "192.0.2.1")
		for _, s := range notices() {
			event := ""
			if s.letter.Notice.NotMe != nil {
				event = x.id()
				b := store.Undo{ID: event, UserID: u.ID, Kind: store.EventKind(s.kind), Email: u.Email, EmailKey: u.EmailKey, Username: u.Username, At: x.now(), ExpiresAt: x.now().Add(72 * time.Hour)}
				x.tx(func(tx *store.Store) error { return tx.AddUndo(t.Context(), &b) })
			}
			x.notice(s.kind, u, event)
			got := x.sent()
			if len(got) != 1 || got[0].to != u.Email || got[0].msg.Header.Get("Subject") != subjects[s.kind] {
				t.Fatalf("%s: got %+v", s.kind, got)
			}
			body := unfolded(got[0])
			for _, part := range []string{"Firefox on Linux", "192.0.2.7", "24 November 2026, 08:15 UTC", "ada"} {
				if !strings.Contains(body, part) {
					t.Errorf("%s lacks %q:\n%s", s.kind, part, body)
				}
			}
			if slices.Equal(x.linked(got[0]), []string{"not me"}) != (event != "") || event != "" && !strings.Contains(body, "72 hours") {
				t.Errorf("%s: its link:\n%s", s.kind, body)
			}
			x.notice(s.kind, u, x.id()) // an event that is gone, as when the user is
			if got := x.sent(); len(got) != 1 || strings.Contains(got[0].raw, "lko_") {
				t.Errorf("%s: no event any more: got %+v", s.kind, got)
			}
		}
	})
}

func TestNoticeOfAUserWhoIsGone_A8(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		u := x.user("ada@example.org", "ada", "192.0.2.1")
		b := store.Undo{ID: x.id(), UserID: u.ID, Kind: store.EventPasswordChanged, Email: u.Email, EmailKey: u.EmailKey, Username: u.Username, At: x.now(), ExpiresAt: x.now().Add(72 * time.Hour)}
		x.tx(func(tx *store.Store) error {
			if err := tx.AddUndo(t.Context(), &b); err != nil {
				return err
			}
			return tx.EnqueueMail(t.Context(), &store.Mail{ID: x.id(), Kind: store.MailPasswordChanged, UserID: u.ID, CreatedAt: x.now(), Admitted: true,
				Details: store.MailDetails{To: u.Email, Username: u.Username, Event: b.ID, At: x.now()}})
		})
		x.tx(func(tx *store.Store) error {
			if err := tx.DeleteUser(t.Context(), u, x.now(), x.now()); err != nil {
				return err
			}
			return tx.EnqueueMail(t.Context(), &store.Mail{ID: x.id(), Kind: store.MailAccountDeleted, UserID: u.ID, CreatedAt: x.now(), Admitted: true,
				Details: store.MailDetails{To: u.Email, Username: u.Username, At: x.now()}})
		})
		got := x.sent()
		if len(got) != 2 {
			t.Fatalf("got %v", to(got))
		}
		for _, m := range got {
			if !strings.Contains(m.raw, "ada") || strings.Contains(m.raw, "lko_") {
				t.Errorf("the mail:\n%s", m.raw)
			}
		}
	})
}
