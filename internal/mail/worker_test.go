package mail

import (
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/store"
)

func TestConfirmationIsSent_D10(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.register("Ada@example.org", "ada", "192.0.2.1")
		x.pass(1500 * time.Millisecond)
		got := x.sent()
		if len(got) != 1 || got[0].to != "Ada@example.org" || got[0].msg.Header.Get("Subject") != "Confirm your email" {
			t.Fatalf("got %+v", got)
		}
		if !strings.Contains(got[0].raw, "24 hours") || !slices.Equal(x.linked(got[0]), []string{"ada"}) {
			t.Errorf("the mail:\n%s", got[0].raw)
		}
		x.wantOutbox(0, 0)
		if again := x.sent(); len(again) != 0 {
			t.Errorf("sent again: %v", to(again))
		}
	})
}

func TestOwnerIsToldAtTheStoredAddress_D9(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.user("Ada@example.org", "ada", "192.0.2.1")
		x.register("ADA@example.org", "stranger", "198.51.100.9")
		got := x.sent()
		if len(got) != 1 || got[0].to != "Ada@example.org" || got[0].msg.Header.Get("Subject") != "You already have an account" {
			t.Fatalf("got %+v", got)
		}
		if strings.Contains(got[0].raw, "stranger") || x.made.put.Load() != 0 {
			t.Errorf("the mail names the username tried, or a link was made:\n%s", got[0].raw)
		}
	})
}

func TestNothingToSayIsDeleted(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		gone := x.register("ada@example.org", "ada", "192.0.2.1")
		if err := x.store.CloseRegistration(t.Context(), gone.ID); err != nil {
			t.Fatal(err)
		}
		x.user("bob@example.org", "bob", "192.0.2.1")
		x.resend("bob@example.org", "192.0.2.1")
		x.resend("nobody@example.org", "192.0.2.1")
		x.register("late@example.org", "late", "192.0.2.1")
		x.pass(24 * time.Hour) // it expired before it could go
		if got := x.sent(); len(got) != 0 {
			t.Errorf("sent: %v", to(got))
		}
		x.wantOutbox(0, 0)
	})
}

func TestResendSaysAllThatIsOpen(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.register("ada@example.org", "ada", "192.0.2.1")
		x.register("Ada@example.org", "eve", "198.51.100.9")
		if got := x.sent(); len(got) != 2 {
			t.Fatalf("got %v", to(got))
		}
		x.resend("ADA@example.org", "192.0.2.1")
		x.resend("ADA@example.org", "192.0.2.1") // one row waits
		x.wantOutbox(1, 0)
		got := x.sent()
		if len(got) != 1 || got[0].to != "ada@example.org" {
			t.Fatalf("got %v", to(got))
		}
		if list := x.linked(got[0]); !slices.Contains(list, "ada") || !slices.Contains(list, "eve") {
			t.Errorf("a link is missing, of ada and eve it has those of %q", list)
		}
	})
}

func TestNewDeviceGoesToTheAddressOfThen_A8(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		u := x.user("ada@example.org", "ada", "192.0.2.1")
		x.enqueue(&store.Mail{Kind: store.MailNewDevice, UserID: u.ID, RecipientKey: u.EmailKey, Client: "192.0.2.7",
			Details: store.MailDetails{To: "before@example.org", Device: "evil.example.com", Address: "192.0.2.7", At: x.now()}})
		got := x.sent()
		if len(got) != 1 || got[0].to != "before@example.org" || got[0].msg.Header.Get("Subject") != "A new login to your account" {
			t.Fatalf("got %+v", got)
		}
		if strings.Contains(got[0].raw, "evil.example.com") || !strings.Contains(got[0].raw, "24=C2=A0November 2026, 08:15 UTC") || !strings.Contains(got[0].raw, "192.0.2.7") {
			t.Errorf("the mail:\n%s", got[0].raw)
		}
	})
}

func TestUnknownKindIsLeftToANewerVersion(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.enqueue(&store.Mail{Kind: "of_tomorrow", RecipientKey: "ada@example.org"})
		x.tick()
		x.wantOutbox(1, 0)
		x.pass(25 * time.Hour)
		x.tick()
		x.wantOutbox(0, 1)
	})
}

func TestNewWorkerWantsAll(t *testing.T) {
	if _, err := NewWorker(Config{}); err == nil {
		t.Error("no error")
	}
}
