package store

import (
	"context"
	"time"
)

// StepUp notes down that somebody showed again who they are in a session, and what all was
// shown in it. It leaves the rest of the session alone, so it races with no refresh. The
// error is ErrNotFound if the session has ended. Call it in the transaction of its event.
func (s *Store) StepUp(ctx context.Context, sessionID, proofs string, now time.Time) error {
	return one(s.conn.Exec(ctx, `/* StepUp */ UPDATE sessions SET proofs = $2, authenticated_at = $3 WHERE id = $1 AND expires_at > $3`,
		sessionID, proofs, now))
}
