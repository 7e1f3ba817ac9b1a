// Package mail writes and sends what waits in the outbox.
//
// Package outbox claims the rows and settles them. In between a row goes the way that
// deliver.go shows, and that is where to begin reading:
//
//   - find.go finds out what it has to say, and to whom.
//   - admit.go counts it and decides whether it may go now.
//   - deliver.go makes the one-time links, by package link, and fills in a letter
//     (letter.go, words.go).
//   - templates.go writes the mail; override.go takes an operator's own templates.
//   - A [Sender] takes it: the mail server (smtp.go, reason.go) or the development
//     inbox (inbox.go).
//
// worker.go puts all of it together for package outbox.
package mail

import (
	"context"
	"time"

	"latchkey/internal/outbox"
	"latchkey/internal/store"
)

// Message is one mail to one recipient, ready to go.
type Message struct {
	ID        string         // of the outbox's row; the same for every try
	Kind      store.MailKind // what find.go found it to be
	To        string         // an address
	From      string         // an address
	FromName  string         // or ""
	ReplyTo   string         // an address, or "": answers go to From
	Subject   string         // one of the constants of this package
	Text      string
	HTML      string
	CreatedAt time.Time // when this try was written
}

// Sender delivers one message. It is safe for use from several goroutines, and ends
// soon after ctx does. A failure is one of the errors below. What is added to their text
// is fit for logs: no address, and nothing that the server said.
type Sender interface {
	Send(ctx context.Context, m *Message) error
}

// How sending fails. They differ in who has to wait for what.
var (
	// ErrUnreachable: nothing can be sent at all. There is no connection, its
	// TLS fails, or the server does not let us log in.
	ErrUnreachable = outbox.Unreachable("mail server unreachable")
	// ErrDropped: the server fell silent or hung up in the middle. This mail
	// may have arrived or not.
	ErrDropped = outbox.Cut("connection dropped")
	// ErrDelayed: the server wants this mail later (4xx).
	ErrDelayed = outbox.Delayed("delayed")
	// ErrRefused: this mail will never go (5xx).
	ErrRefused = outbox.Refused("refused")
)
