package store

import (
	"context"
	"time"

	"latchkey/internal/db"
)

// InboxMail is a mail in the development inbox.
type InboxMail struct {
	ID           string // of the outbox's row
	RecipientKey string // the key of the address that it went to
	Sealed       []byte // the mail, for its caller to open
	CreatedAt    time.Time
}

// KeepMail puts m into the inbox, in place of an earlier one with its ID, and keeps the
// newest mails, as many as keep says.
func (s *Store) KeepMail(ctx context.Context, m *InboxMail, keep int) error {
	_, err := s.batch(ctx,
		db.Stmt{SQL: `/* KeepMail */
			INSERT INTO inbox (id, recipient_key, sealed, created_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at`,
			Args: []any{m.ID, m.RecipientKey, m.Sealed, m.CreatedAt}},
		db.Stmt{SQL: `/* KeepMail, the newest */
			DELETE FROM inbox WHERE id IN (SELECT id FROM inbox ORDER BY created_at DESC, id DESC LIMIT $1 OFFSET $2)`,
			Args: []any{sweepBatch, keep}})
	return err
}

const inboxColumns = `id, recipient_key, sealed, created_at`

func scanInboxMail(row db.Row) (*InboxMail, error) {
	var m InboxMail
	err := row.Scan(&m.ID, &m.RecipientKey, &m.Sealed, &m.CreatedAt)
	m.CreatedAt = m.CreatedAt.UTC()
	return &m, err
}

// InboxMails returns the mails to a recipient, the newest first; for "" all of them.
func (s *Store) InboxMails(ctx context.Context, recipientKey string) ([]InboxMail, error) {
	return query(ctx, s.conn, scanInboxMail, `/* InboxMails */
		SELECT `+inboxColumns+` FROM inbox WHERE $1 = '' OR recipient_key = $1 ORDER BY created_at DESC, id DESC`, recipientKey)
}

// InboxMail returns one mail, or ErrNotFound.
func (s *Store) InboxMail(ctx context.Context, id string) (*InboxMail, error) {
	return scanInboxMail(s.conn.QueryRow(ctx, `/* InboxMail */ SELECT `+inboxColumns+` FROM inbox WHERE id = $1`, id))
}
