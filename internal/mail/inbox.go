package mail

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
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

// inboxMail is a mail as /dev/mail.json shows it.
type inboxMail struct {
	ID        string   `json:"id"`
	Kind      string   `json:"kind"`
	To        string   `json:"to"`
	From      string   `json:"from"`
	Subject   string   `json:"subject"`
	CreatedAt string   `json:"createdAt"` // RFC 3339, UTC, milliseconds
	Text      string   `json:"text"`
	HTML      string   `json:"html"`
	Links     []string `json:"links"` // of the text part, in its order
}

// ServeHTTP answers /dev/mail.json: the mails to the address in the query's
// `to`, the newest first, or all of them without one.
func (b *Inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	list := []inboxMail{}
	for _, m := range b.Mails(r.URL.Query().Get("to")) {
		list = append(list, inboxMail{
			ID: m.ID, Kind: string(m.Kind), To: m.To, From: m.From, Subject: m.Subject,
			CreatedAt: m.CreatedAt.UTC().Format("2006-01-02T15:04:05.000Z"),
			Text:      m.Text, HTML: m.HTML, Links: m.Links(),
		})
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false) // so that a link reads as it is, in a shell too
	_ = enc.Encode(list)     // the reader may be gone
}

// The scheme may be an app's own: CONFIRM_URL says where links lead.
var link = regexp.MustCompile(`\b[A-Za-z][A-Za-z0-9+.-]*://[^\s<>"]+`)

// Links returns the links of the text part, in its order.
func (m *Message) Links() []string {
	links := link.FindAllString(m.Text, -1)
	if links == nil {
		return []string{}
	}
	return links
}
