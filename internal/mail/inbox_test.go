package mail

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

var (
	inboxSecret = bytes.Repeat([]byte("k"), 32)
	nextSecret  = bytes.Repeat([]byte("n"), 32)
)

// eachInbox runs a test on an empty inbox in each database, where what has no @ is no
// address. again opens the same with other secrets.
func eachInbox(t *testing.T, run func(t *testing.T, b *Inbox, st *store.Store, again func(secrets ...[]byte) *Inbox)) {
	t.Helper()
	testenv.Each(t, func(t *testing.T, d db.DB) {
		st := store.New(d)
		open := func(secrets ...[]byte) *Inbox {
			b, err := NewInbox(st, secrets, func(s string) string {
				if !strings.Contains(s, "@") {
					return ""
				}
				return strings.ToLower(s)
			})
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		run(t, open(inboxSecret), st, open)
	})
}

func (b *Inbox) must(t *testing.T, to string) []*Message {
	t.Helper()
	list, err := b.Mails(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (b *Inbox) take(t *testing.T, m *Message) {
	t.Helper()
	if err := b.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

func TestInboxByAddress(t *testing.T) {
	eachInbox(t, func(t *testing.T, b *Inbox, _ *store.Store, _ func(...[]byte) *Inbox) {
		first, second := sample(), sample()
		second.ID, second.To = "0199-b", "bob@example.org"
		b.take(t, first)
		b.take(t, second)
		b.take(t, second) // again, as one whose row could not be deleted
		if got := b.must(t, "aDa@Example.org"); len(got) != 1 || *got[0] != *first {
			t.Errorf("ada's mails: got %+v, want %+v", got, first)
		}
		if got := b.must(t, ""); len(got) != 2 || got[0].ID != second.ID {
			t.Errorf("all mails: got %v", got)
		}
		for _, to := range []string{"nobody@example.org", "ada"} {
			if got := b.must(t, to); got == nil || len(got) != 0 {
				t.Errorf("mails to %s: got %v, want none", to, got)
			}
		}
	})
}

func TestLinks(t *testing.T) {
	m := sample()
	m.Text = "Confirm it:\nhttps://auth.example.org/email/confirm-email?token=lko_x&email=ada%40example.org\n\nor myapp://confirm?token=lko_y\nSent by auth.example.org\n"
	want := []string{"https://auth.example.org/email/confirm-email?token=lko_x&email=ada%40example.org", "myapp://confirm?token=lko_y"}
	if got := m.Links(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	m.Text = "Nothing to follow."
	if got := m.Links(); got == nil || len(got) != 0 {
		t.Errorf("got %v, want an empty list", got)
	}
}

func TestInboxKeepsTheLast500(t *testing.T) {
	eachInbox(t, func(t *testing.T, b *Inbox, _ *store.Store, _ func(...[]byte) *Inbox) {
		for i := range inboxSize + 3 {
			m := sample()
			m.ID, m.CreatedAt = fmt.Sprint(i), m.CreatedAt.Add(time.Duration(i)*time.Second)
			b.take(t, m)
		}
		mails := b.must(t, "")
		if len(mails) != inboxSize || mails[0].ID != "502" || mails[inboxSize-1].ID != "3" {
			t.Errorf("%d mails, from %s to %s", len(mails), mails[0].ID, mails[len(mails)-1].ID)
		}
		if m, err := b.Mail(t.Context(), "77"); err != nil || m.ID != "77" {
			t.Errorf("one mail: got %v, %v", m, err)
		}
		if _, err := b.Mail(t.Context(), "2"); !errors.Is(err, ErrNoMail) {
			t.Errorf("a mail that is gone: got %v", err)
		}
	})
}

// What another secret sealed is not shown; an older one still opens.
func TestInboxIsSealed_D1(t *testing.T) {
	eachInbox(t, func(t *testing.T, b *Inbox, st *store.Store, again func(...[]byte) *Inbox) {
		m := sample()
		b.take(t, m)
		row, err := st.InboxMail(t.Context(), m.ID)
		if err != nil || len(row.Sealed) < len(m.Text) || bytes.Contains(row.Sealed, []byte(m.Subject)) {
			t.Errorf("kept as %q, %v", row.Sealed, err)
		}
		if got := again(nextSecret, inboxSecret).must(t, ""); len(got) != 1 || *got[0] != *m {
			t.Errorf("with an older secret: got %+v", got)
		}
		stranger := again(nextSecret)
		if got := stranger.must(t, ""); len(got) != 0 {
			t.Errorf("with another secret: got %+v", got)
		}
		if _, err := stranger.Mail(t.Context(), m.ID); !errors.Is(err, ErrNoMail) {
			t.Errorf("with another secret: got %v", err)
		}
		row.ID = "0199-moved"
		if err := st.KeepMail(t.Context(), row, inboxSize); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Mail(t.Context(), row.ID); !errors.Is(err, ErrNoMail) {
			t.Errorf("moved to another row: got %v", err)
		}
	})
}

// Old mails are swept.
func TestInboxIsSwept(t *testing.T) {
	eachInbox(t, func(t *testing.T, b *Inbox, st *store.Store, _ func(...[]byte) *Inbox) {
		m := sample()
		b.take(t, m)
		for _, kept := range []struct{ days, mails int }{{29, 1}, {31, 0}} {
			if _, err := st.Sweep(t.Context(), m.CreatedAt.AddDate(0, 0, kept.days), time.Hour); err != nil {
				t.Fatal(err)
			}
			if got := b.must(t, ""); len(got) != kept.mails {
				t.Errorf("after %d days: %d mails, want %d", kept.days, len(got), kept.mails)
			}
		}
	})
}
