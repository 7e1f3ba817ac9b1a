package mail

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/store"
)

func TestThreeFromOneClient_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.register("ada@example.org", "ada", "192.0.2.1")
		n := len(x.sent())
		for range 5 {
			x.resend("ada@example.org", "192.0.2.1")
			n += len(x.sent())
		}
		if n != 3 {
			t.Errorf("%d mails, want 3", n)
		}
		x.wantOutbox(0, 0) // the others went silently
		x.resend("ada@example.org", "198.51.100.9")
		if got := x.sent(); len(got) != 1 {
			t.Errorf("another client: got %v", to(got))
		}
		x.register("bob@example.org", "bob", "192.0.2.1")
		if got := x.sent(); len(got) != 1 {
			t.Errorf("another recipient: got %v", to(got))
		}
		x.pass(time.Hour)
		x.resend("ada@example.org", "192.0.2.1")
		if got := x.sent(); len(got) != 1 {
			t.Errorf("an hour later: got %v", to(got))
		}
	})
}

// Asking for a reset of what is not confirmed yet is asking for the confirmation,
// by the same counts.
func TestResetBeforeConfirming_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.register("ada@example.org", "ada", "192.0.2.1")
		got := x.sent()
		for range 5 {
			x.reset("ada@example.org", "192.0.2.1")
			got = append(got, x.sent()...)
		}
		if len(got) != 3 {
			t.Fatalf("got %v, want 3 mails", to(got))
		}
		for _, m := range got {
			if list := x.linked(m); !slices.Equal(list, []string{"ada"}) || !strings.Contains(m.raw, "Subject: Confirm your email") {
				t.Errorf("a mail has links of %v", list)
			}
		}
		x.reset("nobody@example.org", "192.0.2.1")
		if got := x.sent(); len(got) != 0 {
			t.Errorf("nobody: got %v", to(got))
		}
		x.wantOutbox(0, 0)
	})
}

func TestTenFromAllClients_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		for i := range 10 {
			x.register("ada@example.org", fmt.Sprintf("stranger%d", i), fmt.Sprintf("198.51.100.%d", i))
			if got := x.sent(); len(got) != 1 {
				t.Fatalf("mail %d: got %v", i, to(got))
			}
			x.pass(time.Minute)
		}
		// Beyond the ten, one mail waits for all that is open.
		x.register("ada@example.org", "ada", "192.0.2.1")
		x.register("ada@example.org", "eve", "203.0.113.5")
		x.resend("ada@example.org", "203.0.113.6")
		if got := x.sent(); len(got) != 0 {
			t.Fatalf("beyond the ten: got %v", to(got))
		}
		x.wantOutbox(1, 0)
		// Nobody gets in front of it, not even just when the slot is free.
		x.pass(50 * time.Minute)
		x.register("ada@example.org", "last", "203.0.113.7")
		got := x.sent()
		if len(got) != 1 {
			t.Fatalf("at the next slot: got %v", to(got))
		}
		list := x.linked(got[0])
		for _, name := range []string{"ada", "eve", "stranger9"} {
			if !slices.Contains(list, name) {
				t.Errorf("the held mail lacks %s", name)
			}
		}
	})
}

func TestHeldWaitsOn_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		for i := range 12 {
			x.register("ada@example.org", fmt.Sprintf("p%d", i), fmt.Sprintf("198.51.100.%d", i))
			x.tick()
		}
		if got := x.smtp.mails(); len(got) != 10 {
			t.Fatalf("got %d mails, want 10", len(got))
		}
		x.pass(59 * time.Minute)
		if got := x.sent(); len(got) != 0 {
			t.Errorf("before the slot: got %v", to(got))
		}
		x.pass(time.Minute)
		if got := x.sent(); len(got) != 1 {
			t.Errorf("at the slot: got %v", to(got))
		}
	})
}

func TestKnownClientKeepsItsOwn_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.user("ada@example.org", "ada", "192.0.2.1")
		for i := range 12 {
			x.register("ada@example.org", fmt.Sprintf("p%d", i), fmt.Sprintf("198.51.100.%d", i))
			x.tick()
		}
		if got := x.smtp.mails(); len(got) != 10 {
			t.Fatalf("got %d mails, want 10", len(got))
		}
		x.wantOutbox(1, 0) // the held one
		n := 0
		for i := range 5 {
			x.register("ada@example.org", fmt.Sprintf("own%d", i), "192.0.2.1")
			n += len(x.sent())
		}
		if n != 3 {
			t.Errorf("%d mails for the owner's client, want its 3", n)
		}
	})
}

func TestNoticesAreNotCounted_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		u := x.user("ada@example.org", "ada", "192.0.2.1")
		for _, s := range notices() {
			for range 12 {
				x.notice(s.kind, u, "")
			}
			if got := x.sent(); len(got) != 12 {
				t.Errorf("%s: got %d mails, want 12", s.kind, len(got))
			}
		}
		x.wantOutbox(0, 0)
	})
}

// A reset that "this was not me" or an administrator causes is nothing that
// strangers can cause.
func TestResetsThatAreNotAskedForAreNotCounted_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		u := x.user("ada@example.org", "ada", "192.0.2.1")
		for range 12 {
			x.enqueue(&store.Mail{Kind: store.MailPasswordReset, UserID: u.ID, RecipientKey: u.EmailKey, Admitted: true})
		}
		if got := x.sent(); len(got) != 12 {
			t.Errorf("got %d mails, want 12", len(got))
		}
		n := 0
		for range 4 { // and they leave those that are counted alone
			x.reset(u.Email, "192.0.2.1")
			n += len(x.sent())
		}
		if n != 3 {
			t.Errorf("%d mails that were asked for, want 3", n)
		}
	})
}

func TestHeldReset_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.user("Ada@example.org", "ada", "192.0.2.1")
		for i := range 13 {
			x.reset("ada@example.org", fmt.Sprintf("198.51.100.%d", i))
			x.tick()
		}
		if got := x.smtp.mails(); len(got) != 10 {
			t.Fatalf("got %d mails, want 10", len(got))
		}
		x.wantOutbox(1, 0)
		x.pass(time.Hour)
		got := x.sent()
		if len(got) != 1 || got[0].to != "Ada@example.org" || !slices.Equal(x.linked(got[0]), []string{"ada"}) {
			t.Errorf("at the slot: got %+v", got)
		}
		x.wantOutbox(0, 0)
	})
}

func TestHeldChangeListsAllWhoWait_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		for i := range 12 {
			u := x.user(fmt.Sprintf("u%d@example.org", i), fmt.Sprintf("user%d", i), "192.0.2.1")
			x.change(u, "New@example.org", fmt.Sprintf("198.51.100.%d", i))
			got := x.sent()
			if want := map[bool]int{true: 1}[i < 10]; len(got) != want {
				t.Fatalf("mail %d: got %v, want %d", i, to(got), want)
			}
			if i < 10 && !slices.Equal(x.linked(got[0]), []string{u.Username}) {
				t.Errorf("mail %d names others than its own account:\n%s", i, got[0].raw)
			}
			x.pass(time.Second)
		}
		x.wantOutbox(1, 0)
		x.pass(time.Hour)
		got := x.sent()
		if len(got) != 1 || got[0].to != "New@example.org" || got[0].msg.Header.Get("Subject") != "Confirm your new email" {
			t.Fatalf("at the slot: got %+v", got)
		}
		list := x.linked(got[0])
		for i := range 12 {
			if !slices.Contains(list, fmt.Sprintf("user%d", i)) {
				t.Errorf("user%d is not named", i)
			}
		}
	})
}

// However often a few strangers register an address, the mail that had to wait
// lists its owner's registration, too.
func TestOwnerIsListedAmongStrangers_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		for i := range 12 {
			x.register("ada@example.org", fmt.Sprintf("early%d", i), fmt.Sprintf("198.51.100.%d", i/3))
			x.tick()
		}
		x.register("ada@example.org", "owner", "192.0.2.1")
		x.tick()
		for i := range 60 {
			x.pass(time.Second)
			x.register("ada@example.org", fmt.Sprintf("late%d", i), fmt.Sprintf("198.51.100.%d", 100+i/5))
		}
		x.resend("ada@example.org", "192.0.2.1")
		x.tick()
		x.smtp.mails()
		x.pass(time.Hour)
		got := x.sent()
		if len(got) != 1 || !slices.Contains(x.linked(got[0]), "owner") {
			t.Errorf("at the slot: %d mails, without the owner's registration", len(got))
		}
	})
}

// Nor do any number of others who want an address keep one of them from the mail
// about their own change.
func TestOwnChangeAmongOthers_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		for i := range 60 {
			u := x.user(fmt.Sprintf("u%d@example.org", i), fmt.Sprintf("user%d", i), "192.0.2.1")
			x.tx(func(tx *store.Store) error {
				return tx.SetPendingEmail(t.Context(), u, "new@example.org", "new@example.org", x.now().Add(24*time.Hour))
			})
			x.pass(time.Second)
		}
		x.change(x.user("ada@example.org", "ada", "192.0.2.1"), "new@example.org", "192.0.2.1")
		if got := x.sent(); len(got) != 1 || !slices.Contains(x.linked(got[0]), "ada") {
			t.Errorf("got %d mails, want one about this change", len(got))
		}
	})
}

func TestPurposesAreCountedApart_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		for i := range 4 { // confirmations, while there is no account
			x.register("ada@example.org", fmt.Sprintf("p%d", i), "192.0.2.1")
		}
		if got := x.sent(); len(got) != 3 {
			t.Errorf("confirmations: got %d, want 3", len(got))
		}
		x.user("ada@example.org", "ada", "198.51.100.9")
		x.register("ada@example.org", "p5", "192.0.2.1")
		if got := x.sent(); len(got) != 1 {
			t.Errorf("already registered: got %d, want 1", len(got))
		}
	})
}

// Mails take turns by who causes them. Notices, and what is asked for where its
// recipient logs in, wait for nobody; and nobody waits for ever.
func TestTurns_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		ada := x.user("ada@example.org", "ada", "192.0.2.1")
		bob := x.user("bob@example.org", "bob", "192.0.2.2")
		flood := func(line string, n int) {
			for i := range n {
				x.enqueue(&store.Mail{Kind: store.MailConfirmRegistration, RecipientKey: fmt.Sprintf("%s-%d@example.org", line, i), Client: line, Line: line})
			}
		}
		reset := func(u *store.User, client string) {
			x.enqueue(&store.Mail{Kind: store.MailPasswordReset, RecipientKey: u.EmailKey, Client: client, Line: client})
		}
		flood("eve", 300)
		flood("mallory", 2)
		reset(bob, "198.51.100.9") // where bob never was
		reset(ada, "192.0.2.1")
		x.notice(store.MailNewDevice, bob, "")
		x.pass(11 * time.Second)
		flood("late", 1)
		x.pass(time.Second)
		var got []string
		for range 8 {
			rows, err := x.store.ClaimMail(t.Context(), x.now(), x.now().Add(time.Minute), 1, false)
			if err != nil || len(rows) != 1 {
				t.Fatalf("claimed %v, %v", rows, err)
			}
			got = append(got, string(rows[0].Kind)+" "+rows[0].RecipientKey)
		}
		want := []string{
			"password_reset ada@example.org", "new_device bob@example.org",
			"confirm_registration eve-0@example.org", "confirm_registration mallory-0@example.org", "password_reset bob@example.org",
			"confirm_registration eve-1@example.org", "confirm_registration mallory-1@example.org", // before what came 11 s later
			"confirm_registration late-0@example.org",
		}
		if !slices.Equal(got, want) {
			t.Errorf("in this order:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}
