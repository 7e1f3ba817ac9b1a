// Package mail writes and sends what waits in the outbox.
//
// Package outbox claims the rows and settles them. In between, deliver.go finds
// out what each of them has to say (find.go) and whether it may go (admit.go),
// has the one-time tokens made, writes the mail (templates.go) and hands it to a
// Sender: the mail server (SMTP) or the development inbox (Inbox).
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
	Kind      store.MailKind // what it turned out to be
	To        string         // an address
	From      string         // an address
	FromName  string         // or ""
	Subject   string         // one of the constants of this package
	Text      string
	HTML      string
	CreatedAt time.Time // when this try was written
}

// Sender delivers one message. It is safe for use from several goroutines,
// ends soon after ctx does, and reports a failure as one of the errors below.
// What their text adds is fit for logs: no address, no text of the server.
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
