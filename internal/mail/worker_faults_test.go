package mail

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

var (
	tryLater = &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "later, <ada@example.org>"}
	never    = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no <bad@example.org> here"}
)

func TestServerAway_R3(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.smtp.stop(t)
		for i := range 6 {
			x.register(fmt.Sprintf("p%d@example.org", i), fmt.Sprintf("p%d", i), "192.0.2.1")
		}
		x.tick()
		if got := x.logged("mail server away, the outbox waits"); got != 1 {
			t.Fatalf("noticed %d times", got)
		}
		// What is unknown is found out and deleted while the server is away.
		x.resend("nobody@example.org", "192.0.2.1")
		x.tick()
		x.wantOutbox(6, 0)
		made := x.made.put.Load()
		for range 5 { // within 30 s nobody tries
			x.pass(5 * time.Second)
			x.tick()
		}
		if n := x.made.put.Load(); n != made {
			t.Errorf("%d tries within 30 s", n-made)
		}
		for range 100 { // for hours, one mail each 30 s
			x.pass(30 * time.Second)
			x.tick()
		}
		if n := x.made.put.Load(); n != made+100 {
			t.Errorf("%d probes, want 100", n-made)
		}
		x.smtp.start(t, x.smtp.addr)
		x.pass(30 * time.Second)
		if got := x.sent(); len(got) != 6 {
			t.Errorf("after 30 s: got %v", to(got))
		}
		x.wantOutbox(0, 0)
	})
}

func TestTemporaryRefusal_R3(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.smtp.set(faults{rcpt: tryLater, rcptOf: "grey@example.org"})
		x.register("grey@example.org", "grey", "192.0.2.1")
		x.register("quick@example.org", "quick", "192.0.2.1")
		if got := x.sent(); !slices.Equal(to(got), []string{"quick@example.org"}) {
			t.Errorf("got %v", to(got))
		}
		x.smtp.set(faults{})
		x.pass(4 * time.Second)
		if got := x.sent(); len(got) != 0 {
			t.Errorf("too early: %v", to(got))
		}
		x.pass(time.Second)
		if got := x.sent(); len(got) != 1 {
			t.Errorf("got %v", to(got))
		}
		x.wantOutbox(0, 0)
	})
}

func TestPermanentRefusal_R3(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.smtp.set(faults{rcpt: never, rcptOf: "bad@example.org"})
		x.register("bad@example.org", "bad", "192.0.2.1")
		x.register("good@example.org", "good", "192.0.2.1")
		if got := x.sent(); !slices.Equal(to(got), []string{"good@example.org"}) {
			t.Errorf("got %v", to(got))
		}
		x.wantOutbox(0, 1)
		x.resend("bad@example.org", "192.0.2.1") // a row that was given up stands in nobody's way
		x.tick()
		x.wantOutbox(0, 2)
		x.smtp.set(faults{})
		x.resend("bad@example.org", "192.0.2.1")
		if got := x.sent(); len(got) != 1 {
			t.Errorf("got %v", to(got))
		}
	})
}

func TestDropAfterData_R3_D10(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		r := x.register("ada@example.org", "ada", "192.0.2.1")
		x.smtp.set(faults{drop: true})
		for range 40 {
			x.tick()
			x.pass(30 * time.Second)
		}
		if x.logged("mail server away, the outbox waits") != 0 {
			t.Error("the queue stopped")
		}
		x.smtp.set(faults{})
		if got := x.sent(); len(got) != 1 || got[0].to != r.Email {
			t.Errorf("within 30 s: got %v", to(got))
		}
		if n := x.made.put.Load(); n != 41 {
			t.Errorf("%d links for 41 tries", n)
		}
	})
}

func TestOneMessageID_D10(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		r := x.register("ada@example.org", "ada", "192.0.2.1")
		const lease = 2 * time.Minute
		rows, err := x.store.ClaimMail(t.Context(), x.now(), x.now().Add(lease), 1, false) // a worker that is killed now
		if err != nil || len(rows) != 1 || rows[0].RegistrationID != r.ID {
			t.Fatalf("got %+v, %v", rows, err)
		}
		if got := x.sent(); len(got) != 0 {
			t.Errorf("within the lease: %v", to(got))
		}
		x.pass(lease)
		got := x.sent()
		if len(got) != 1 || got[0].id() != rows[0].ID+"@auth.example.org" {
			t.Errorf("got %+v", got)
		}
	})
}
