package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"latchkey/internal/seal"
	"latchkey/internal/store"
)

// inboxSize is how many mails the development inbox keeps.
const inboxSize = 500

// Inbox is the development inbox: a Sender that keeps the last 500 mails in the
// database, so that they are there after a restart. Whoever reads it owns every account:
// the mails are sealed, and a copy of the database without SECRET_KEY shows none (D1).
type Inbox struct {
	store     *store.Store
	keys      *seal.Keys
	canonical func(string) string
}

// NewInbox returns the inbox in st. The first of secrets seals, all open. canonical
// returns the key that addresses are compared by, and "" for what is no address.
func NewInbox(st *store.Store, secrets [][]byte, canonical func(string) string) (*Inbox, error) {
	keys, err := seal.New(secrets)
	if err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	return &Inbox{st, keys, canonical}, nil
}

// Send implements Sender.
func (b *Inbox) Send(ctx context.Context, m *Message) error {
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("inbox: %w", err)
	}
	kept := &store.InboxMail{ID: m.ID, RecipientKey: b.canonical(m.To), Sealed: b.keys.Seal(text, place(m.ID)), CreatedAt: store.Moment(m.CreatedAt)}
	if err := b.store.KeepMail(ctx, kept, inboxSize); err != nil {
		return fmt.Errorf("inbox: %w", err)
	}
	return nil
}

// Mails returns the mails to an address, the newest first; for "" all of them. Those
// that none of the secrets opens are left out.
func (b *Inbox) Mails(ctx context.Context, to string) ([]*Message, error) {
	list := []*Message{}
	key := b.canonical(to)
	if to != "" && key == "" {
		return list, nil
	}
	rows, err := b.store.InboxMails(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	for i := range rows {
		if m, err := b.open(&rows[i]); err == nil {
			list = append(list, m)
		}
	}
	return list, nil
}

// ErrNoMail says that a mail is not in the inbox, or not any more.
var ErrNoMail = errors.New("no such mail")

// Mail returns one mail, or ErrNoMail.
func (b *Inbox) Mail(ctx context.Context, id string) (*Message, error) {
	row, err := b.store.InboxMail(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNoMail
	} else if err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	return b.open(row)
}

// place is where a mail is sealed for.
func place(id string) seal.Place { return seal.Place{Table: "inbox", Column: "sealed", Row: id} }

// open returns the mail of a row, or ErrNoMail if none of the secrets opens it.
func (b *Inbox) open(row *store.InboxMail) (*Message, error) {
	text, err := b.keys.Open(row.Sealed, place(row.ID))
	if err != nil {
		return nil, ErrNoMail
	}
	var m Message
	return &m, json.Unmarshal(text, &m)
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
