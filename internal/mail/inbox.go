package mail

import (
	"context"
	"errors"
	"regexp"
	"sync"
)

// inboxSize is how many mails the development inbox keeps.
const inboxSize = 500

// Inbox is the development inbox: a Sender that keeps the last 500 mails in
// memory. Whoever reads it owns every account.
type Inbox struct {
	canonical func(string) string

	mu    sync.Mutex
	mails []*Message // the oldest first
}

// NewInbox makes an empty inbox. canonical makes the key that addresses are
// compared by; it answers "" for what is no address.
func NewInbox(canonical func(string) string) *Inbox { return &Inbox{canonical: canonical} }

// Send implements Sender. It keeps a copy of m and never fails.
func (b *Inbox) Send(_ context.Context, m *Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.mails) == inboxSize {
		b.mails = append(make([]*Message, 0, inboxSize), b.mails[1:]...)
	}
	kept := *m
	b.mails = append(b.mails, &kept)
	return nil
}

// Mails returns the mails to an address, the newest first; to "" all of them.
// They are shared: do not write to them.
func (b *Inbox) Mails(to string) []*Message {
	key := b.canonical(to)
	b.mu.Lock()
	defer b.mu.Unlock()
	list := []*Message{}
	for i := len(b.mails) - 1; i >= 0; i-- {
		if to == "" || key != "" && b.canonical(b.mails[i].To) == key {
			list = append(list, b.mails[i])
		}
	}
	return list
}

// ErrNoMail is the answer for a mail that is not in the inbox (any more).
var ErrNoMail = errors.New("no such mail")

// Mail returns one mail, or ErrNoMail.
func (b *Inbox) Mail(id string) (*Message, error) {
	for _, m := range b.Mails("") {
		if m.ID == id {
			return m, nil
		}
	}
	return nil, ErrNoMail
}

// The scheme may be an app's own: CONFIRM_URL says where links lead.
var anyURL = regexp.MustCompile(`\b[A-Za-z][A-Za-z0-9+.-]*://[^\s<>"]+`)

// Links returns the links of the text part, in its order.
func (m *Message) Links() []string {
	links := anyURL.FindAllString(m.Text, -1)
	if links == nil {
		return []string{}
	}
	return links
}
