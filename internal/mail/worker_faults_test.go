package mail

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"latchkey/internal/store"
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
		if !x.w.away() {
			t.Fatal("not noticed")
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
			x.pass(probeEvery)
			x.tick()
		}
		if n := x.made.put.Load(); n != made+100 {
			t.Errorf("%d probes, want 100", n-made)
		}
		x.smtp.start(t, x.smtp.addr)
		x.pass(probeEvery)
		if got := x.sent(); len(got) != 6 {
			t.Errorf("after 30 s: got %v", to(got))
		}
		x.wantOutbox(0, 0)
	})
}

func TestServerAwayTooLong_R3(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		u := x.user("ada@example.org", "ada", "192.0.2.1")
		for range 3 {
			x.notice(store.MailNewDevice, u, "")
		}
		x.smtp.stop(t)
		x.tick()
		x.pass(giveUpAfter - time.Minute)
		x.tick()
		x.wantOutbox(3, 0)
		x.pass(2 * time.Minute)
		x.tick()
		x.wantOutbox(0, 3)
	})
}

func TestBackoff_R3(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		u := x.user("ada@example.org", "ada", "192.0.2.1")
		x.smtp.set(faults{rcpt: tryLater})
		x.notice(store.MailNewDevice, u, "")
		var waits []time.Duration
		began := x.now()
		for x.outbox().Waiting > 0 {
			x.tick()
			due := x.dueAfter()
			if due == 0 {
				break
			}
			waits = append(waits, due)
			x.pass(due)
		}
		want := []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second,
			160 * time.Second, 320 * time.Second, 640 * time.Second, 1280 * time.Second, 2560 * time.Second, time.Hour, time.Hour}
		if diff := cmp.Diff(want, waits[:len(want)]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if took := x.now().Sub(began); took < 24*time.Hour || took > 25*time.Hour {
			t.Errorf("given up after %v", took)
		}
		x.wantOutbox(0, 1)
	})
}

// dueAfter is how long from now the row of the log's last line is due again; 0
// if that line tells of no delay.
func (x *world) dueAfter() time.Duration {
	x.t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(x.log.Bytes()), []byte("\n"))
	var line struct {
		DueAt time.Time `json:"due_at"`
	}
	if err := json.Unmarshal(lines[len(lines)-1], &line); err != nil {
		x.t.Fatal(err)
	}
	if line.DueAt.IsZero() {
		return 0
	}
	return line.DueAt.Sub(x.clock)
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
		x.pass(firstBackoff - time.Second)
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
			x.pass(maxDropped)
		}
		if x.w.away() {
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

func TestWorkersShareTheOutbox(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		const n = 40
		for i := range n {
			x.register(fmt.Sprintf("p%d@example.org", i), fmt.Sprintf("p%d", i), "192.0.2.1")
		}
		var wg sync.WaitGroup
		for range 3 {
			other := x.worker(smtpTo(t, x.smtp.addr, x.smtp.roots, nil))
			wg.Go(func() {
				if err := other.Tick(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got := to(x.smtp.mails())
		if len(got) != n || len(slices.Compact(got)) != n {
			t.Errorf("%d mails, want %d, each once", len(got), n)
		}
		x.wantOutbox(0, 0)
	})
}
