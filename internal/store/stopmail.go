package store

import (
	"context"
	"time"
)

// RefuseMail keeps a mailbox from the mails that strangers cause, until the time given.
// Of the mailbox, its hash by a key of the server is kept.
func (s *Store) RefuseMail(ctx context.Context, hash []byte, until time.Time) error {
	_, err := s.conn.Exec(ctx, `/* RefuseMail */
		INSERT INTO refusals (hash, expires_at) VALUES ($1, $2)
		ON CONFLICT (hash) DO UPDATE SET expires_at = excluded.expires_at`, hash, until)
	return err
}

// AllowMail undoes RefuseMail, given the hashes of the mailbox by all keys of the server.
func (s *Store) AllowMail(ctx context.Context, hashes [][]byte) error {
	for _, hash := range hashes {
		if _, err := s.conn.Exec(ctx, `/* AllowMail */ DELETE FROM refusals WHERE hash = $1`, hash); err != nil {
			return err
		}
	}
	return nil
}

// MailRefused reports whether a mailbox refuses mails at now, given its hashes.
func (s *Store) MailRefused(ctx context.Context, hashes [][]byte, now time.Time) (refused bool, err error) {
	for _, hash := range hashes {
		err = s.conn.QueryRow(ctx, `/* MailRefused */
			SELECT EXISTS (SELECT 1 FROM refusals WHERE hash = $1 AND expires_at > $2)`, hash, now).Scan(&refused)
		if err != nil || refused {
			break
		}
	}
	return refused, err
}
