package mail

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/codes"
	"latchkey/internal/store"
)

// nonce is one that a test tells apart.
func nonce(i int) []byte { return fmt.Appendf(nil, "%016d", i) }

// asksCode asks for the code of a login, as auth does.
func (x *world) asksCode(email, client string, n int) {
	x.t.Helper()
	x.asksCodeOn("", email, client, n)
}

// asksCodeOn is asksCode for a client that shares a line.
func (x *world) asksCodeOn(line, email, client string, n int) {
	x.t.Helper()
	key := strings.ToLower(email)
	x.enqueue(&store.Mail{Kind: store.MailLoginCode, RecipientKey: key, Client: client, Line: line,
		Dedupe:  store.ResendDedupe(store.MailLoginCode, key, client),
		Details: store.MailDetails{Nonce: nonce(n), Device: "Firefox on Linux", Address: client, At: x.now()}})
}

var shownCode = regexp.MustCompile(`(?m)^[0-9a-z]{4}-[0-9a-z]{4}\r$`)

// Who has the address gets the code of the ticket that was asked for last, and nobody else
// anything.
func TestLoginCode_L3(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		u := x.user("Ada@example.org", "ada", "192.0.2.1")
		x.asksCode("ada@example.org", "198.51.100.9", 1)
		x.pass(time.Minute)
		x.asksCode("ADA@example.org", "198.51.100.9", 2) // the page was loaded anew
		m := x.wantOne("Ada@example.org", "Your login code")
		code := strings.TrimSpace(shownCode.FindString(m.raw))
		if !x.links.IsLoginCode(nonce(2), "ada@example.org", code) || x.links.IsLoginCode(nonce(1), "ada@example.org", code) {
			t.Errorf("%q is not the code that was asked for last", code)
		}
		for _, part := range []string{codes.Reference(nonce(2)), "Firefox on Linux", "198.51.100.9", "24=C2=A0November 2026, 08:16 UTC", "10 minutes"} {
			if !strings.Contains(unfolded(m), part) {
				t.Errorf("the mail lacks %q:\n%s", part, m.raw)
			}
		}
		x.asksCode("nobody@example.org", "198.51.100.9", 3)
		x.wantNone("an address without an account")
		x.register("new@example.org", "new", "198.51.100.7")
		x.wantOne("new@example.org", "Confirm your email")
		x.asksCode("new@example.org", "198.51.100.9", 3)
		x.wantNone("a registration that waits")

		x.asksCode("ada@example.org", "198.51.100.10", 4)
		x.pass(10 * time.Minute)
		x.wantNone("dead by now")
		x.asksCode("ada@example.org", "198.51.100.10", 5)
		x.pass(time.Second)
		x.tx(func(tx *store.Store) error { return tx.SetPassword(t.Context(), u, "y", x.now()) })
		x.wantNone("secured since")
		x.asksCode("ada@example.org", "198.51.100.10", 6)
		x.tx(func(tx *store.Store) error { return tx.Disable(t.Context(), x.reread(u), x.now().Add(-time.Hour)) })
		x.wantNone("disabled")
	})
}

// Whoever asks anew while the mail is on its way gets one more, of what they asked for.
func TestLoginCodeWhileItIsSent_L3(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.user("ada@example.org", "ada", "192.0.2.1")
		x.asksCode("ada@example.org", "198.51.100.9", 1)
		x.w = x.worker(&interrupted{Sender: smtpTo(t, x.smtp.addr, x.smtp.roots, nil), first: func() { x.asksCode("ada@example.org", "198.51.100.9", 2) }})
		x.tick()
		x.tick()
		got := x.smtp.mails()
		if len(got) != 2 || !strings.Contains(unfolded(got[0]), codes.Reference(nonce(1))) || !strings.Contains(unfolded(got[1]), codes.Reference(nonce(2))) {
			t.Errorf("%d mails arrived", len(got))
		}
		x.wantOutbox(0, 0)
	})
}

// The limits of mails bind codes, and what is beyond them is never held: it would arrive dead.
func TestLoginCodesAreLimited_L4_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.user("ada@example.org", "ada", "192.0.2.1")
		asks := func(client string) int {
			x.asksCodeOn(client, "ada@example.org", client, 1)
			n := len(x.sent())
			x.wantOutbox(0, 0)
			return n
		}
		n := 0
		for range 5 {
			n += asks("198.51.100.1")
		}
		if n != 3 {
			t.Errorf("%d mails for one client, want 3", n)
		}
		for i := range 12 {
			n += asks(fmt.Sprintf("198.51.100.%d", 10+i))
		}
		if n != 10 {
			t.Errorf("%d mails in an hour for strangers, want 10", n)
		}
		for n = range 4 {
			if got := asks("192.0.2.1"); got != min(1, max(0, 3-n)) {
				t.Errorf("mail %d where ada logs in: %d", n+1, got)
			}
		}
		x.pass(time.Hour)
		if asks("203.0.113.7") != 1 {
			t.Error("none an hour later")
		}
	})
}

// Who refuses mails is not kept from the account: a code is what opens it, as a link is that
// sets a password.
func TestLoginCodesAlthoughRefused_L4_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.user("ada@example.org", "ada", "192.0.2.1")
		x.refuse("ada@example.org")
		n := 0
		for i := range 8 {
			x.asksCode("ada@example.org", fmt.Sprintf("198.51.100.%d", i), 1)
			n += len(x.sent())
		}
		if n != 1 {
			t.Errorf("%d codes for strangers at once, want 1", n)
		}
		for range 4 {
			x.asksCode("ada@example.org", "192.0.2.1", 1)
			n += len(x.sent())
		}
		if n != 1+3 {
			t.Errorf("%d codes with those for the owner, want 3 more", n)
		}
		x.wantOutbox(0, 0)
	})
}

// interrupted sends, and has something happen while it sends the first mail.
type interrupted struct {
	Sender
	first func()
}

func (i *interrupted) Send(ctx context.Context, m *Message) error {
	if i.first != nil {
		i.first()
		i.first = nil
	}
	return i.Sender.Send(ctx, m)
}
