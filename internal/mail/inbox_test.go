package mail

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func inboxWith(t *testing.T, mails ...*Message) *Inbox {
	t.Helper()
	b := NewInbox(strings.ToLower)
	for _, m := range mails {
		if err := b.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func TestInboxByAddress(t *testing.T) {
	first, second := sample(), sample()
	second.ID, second.To = "0199-b", "bob@example.org"
	b := inboxWith(t, first, second)
	if got := b.Mails("aDa@Example.org"); len(got) != 1 || got[0].ID != first.ID {
		t.Errorf("ada's mails: got %v", got)
	}
	if got := b.Mails("nobody@example.org"); got == nil || len(got) != 0 {
		t.Errorf("nobody's mails: got %v, want none", got)
	}
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
	b := inboxWith(t)
	for i := range inboxSize + 3 {
		m := sample()
		m.ID = fmt.Sprint(i)
		if err := b.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	mails := b.Mails("")
	if len(mails) != inboxSize || mails[0].ID != "502" || mails[inboxSize-1].ID != "3" {
		t.Errorf("%d mails, from %s to %s", len(mails), mails[0].ID, mails[len(mails)-1].ID)
	}
	if m, err := b.Mail("77"); err != nil || m.ID != "77" {
		t.Errorf("one mail: got %v, %v", m, err)
	}
	if _, err := b.Mail("2"); !errors.Is(err, ErrNoMail) {
		t.Errorf("a mail that is gone: got %v", err)
	}
}

func TestInboxOfWhatIsNoAddress(t *testing.T) {
	b := NewInbox(func(s string) string {
		if strings.Contains(s, "@") {
			return s
		}
		return ""
	})
	if err := b.Send(t.Context(), sample()); err != nil {
		t.Fatal(err)
	}
	if got := b.Mails("ada"); len(got) != 0 {
		t.Errorf("got %d mails", len(got))
	}
}
