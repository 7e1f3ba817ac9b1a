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

// NewInbox returns an empty inbox. canonical returns the key that addresses are compared
// by, and "" for what is no address.
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

// Mails returns the mails to an address, the newest first; for "" all of them. Others
// have the same ones: do not change them.
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

// ErrNoMail says that a mail is not in the inbox, or not any more.
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

// anyURL matches URLs of every scheme: CONFIRM_URL may lead to an app.
var anyURL = regexp.MustCompile(`\b[A-Za-z][A-Za-z0-9+.-]*://[^\s<>"]+`)

// Links returns the links of the text part that the mail is for, in its order: all but
// Stop.
func (m *Message) Links() []string {
	links := []string{}
	for _, link := range anyURL.FindAllString(m.Text, -1) {
		if link != m.Stop {
			links = append(links, link)
		}
	}
	return links
}
