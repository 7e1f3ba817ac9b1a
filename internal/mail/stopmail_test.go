package mail

import (
	"strings"
	"testing"
	"time"
)

func (x *world) refuse(email string) {
	x.t.Helper()
	if err := x.store.RefuseMail(x.t.Context(), x.links.RefusalHashes(strings.ToLower(email))[0], x.now().Add(365*24*time.Hour)); err != nil {
		x.t.Fatal(err)
	}
}

// Who refuses mails gets none that a stranger causes, until they want them again or a
// year has passed.
func TestRefusedMails_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		ada := x.user("ada@example.org", "ada", "192.0.2.1")
		bob := x.user("bob@example.org", "bob", "192.0.2.2")
		x.refuse("new@example.org")
		x.refuse("bob+tag@example.org")
		x.refuse("ada@example.org")
		x.register("new@example.org", "new", "198.51.100.1")
		x.resend("new@example.org", "198.51.100.1")
		x.reset("new@example.org", "198.51.100.1")
		x.register("bob+any@example.org", "any", "198.51.100.1") // another form of the mailbox
		x.register("ada@example.org", "eve", "198.51.100.1")     // has an account
		x.change(bob, "new@example.org", "192.0.2.2")
		if got := x.sent(); len(got) != 0 {
			t.Errorf("refused, and yet sent: %v", to(got))
		}
		x.wantOutbox(0, 0)
		x.register("bob@example.org", "eve2", "198.51.100.1")
		for _, s := range notices() {
			x.notice(s.kind, ada, "")
		}
		if got, want := x.sent(), 1+len(notices()); len(got) != want {
			t.Errorf("sent %v, want the plain address's and all notices", to(got))
		}
		if err := x.store.AllowMail(t.Context(), x.links.RefusalHashes("new@example.org")); err != nil {
			t.Fatal(err)
		}
		x.resend("new@example.org", "198.51.100.1")
		if got := x.sent(); len(got) != 1 {
			t.Errorf("wanted again: got %v", to(got))
		}
		x.pass(366 * 24 * time.Hour)
		x.register("bob+any@example.org", "late", "198.51.100.1")
		if got := x.sent(); len(got) != 1 {
			t.Errorf("a year later: got %v", to(got))
		}
	})
}

// Nobody is kept from their account by it: links that set a password come one an hour,
// and as ever where the account's user logs in.
func TestResetsAlthoughRefused_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.user("ada@example.org", "ada", "192.0.2.1")
		x.refuse("ada@example.org")
		n := 0
		asks := func(client string) {
			x.reset("ada@example.org", client)
			n += len(x.sent())
		}
		for i := range 8 {
			asks("198.51.100." + string(rune('1'+i)))
		}
		if n != 1 {
			t.Errorf("%d links for strangers at once, want 1", n)
		}
		for range 4 {
			asks("192.0.2.1")
		}
		if n != 1+3 {
			t.Errorf("%d links with those for the owner, want 3 more", n)
		}
		x.pass(time.Hour)
		if got := x.sent(); len(got) != 1 {
			t.Errorf("an hour later: %d, want the one that waited", len(got))
		}
	})
}

// The link stands in what strangers can cause, and in no notice; over https with the
// headers of RFC 8058.
func TestListUnsubscribe_C6(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		ada := x.user("ada@example.org", "ada", "192.0.2.1")
		x.register("Bob+x@example.org", "bob", "192.0.2.1")
		x.reset("ada@example.org", "192.0.2.1")
		x.notice(notices()[0].kind, ada, "")
		for _, m := range x.sent() {
			stoppable := m.msg.Header.Get("Subject") != subjects[notices()[0].kind]
			link := strings.Trim(m.msg.Header.Get("List-Unsubscribe"), "<>")
			if !stoppable {
				if link != "" || strings.Contains(unfolded(m), "/email/stop") {
					t.Errorf("a notice offers to be the last:\n%s", m.raw)
				}
				continue
			}
			if link != x.links.Refusal(m.to) || m.msg.Header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
				t.Errorf("to %s: List-Unsubscribe is %q, %q", m.to, link, m.msg.Header.Get("List-Unsubscribe-Post"))
			}
			if n := strings.Count(unfolded(m), "Do not write to me again"); n != 2 {
				t.Errorf("the link stands %d times in the mail, want once in each part", n)
			}
		}
	})
}
