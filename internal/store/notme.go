package store

import (
	"context"
	"strings"
	"time"

	"latchkey/internal/db"
)

// Undo is what "this was not me" puts an account back to: what was in force before an
// event. The row of an event is there for as long as the event can be taken back.
type Undo struct {
	ID                string
	UserID            string
	Seq               int64     // the order of one user's rows; AddUndo sets it: see nextSeq
	Kind              EventKind // what happened
	Email             string    // in force before it
	EmailKey          string
	Username          string // in force before it
	WantsSecondFactor bool   // the same
	MustEnrol         bool   // the same
	Device            string // what it came from, for people: "Firefox on Linux"
	At                time.Time
	ExpiresAt         time.Time // until then it can be taken back
}

const undoColumns = `id, user_id, seq, kind, email, email_key, username, device, at, expires_at, wants_second_factor, must_enrol`

func scanUndo(row db.Row) (*Undo, error) {
	var u Undo
	var kind string // in small letters here
	err := row.Scan(&u.ID, &u.UserID, &u.Seq, &kind, &u.Email, &u.EmailKey, &u.Username, &u.Device, &u.At, &u.ExpiresAt, &u.WantsSecondFactor, &u.MustEnrol)
	if err != nil {
		return nil, err
	}
	u.Kind, u.At, u.ExpiresAt = EventKind(strings.ToUpper(kind)), u.At.UTC(), u.ExpiresAt.UTC()
	return &u, nil
}

// AddUndo writes u. Call it in a transaction that has already written the user's
// own row: that is what puts the rows of one user in order.
func (s *Store) AddUndo(ctx context.Context, u *Undo) error {
	_, err := s.conn.Exec(ctx, `/* AddUndo */
		INSERT INTO undo (id, user_id, seq, kind, email, email_key, username, device, at, expires_at, wants_second_factor, must_enrol)
		VALUES ($1, $2, `+nextSeq("$2", "$10")+`, $3, $4, $5, $6, $7, $8, $9, $11, $12)`,
		u.ID, u.UserID, strings.ToLower(string(u.Kind)), u.Email, u.EmailKey, u.Username, u.Device, u.At, u.ExpiresAt,
		u.At.UnixMicro(), u.WantsSecondFactor, u.MustEnrol)
	return err
}

// nextSeq is the seq of what happens to a user now. user and at are the parameters that
// hold the user's id and the time in microseconds. It is that time, unless an event that
// is kept has a later one: so it grows in the order of transactions while events are
// kept, whatever the clocks, and goes on growing once they are gone. Within a
// transaction that has written the user's own row it stays the same until AddUndo.
func nextSeq(user, at string) string {
	return `(SELECT CASE WHEN COALESCE(MAX(seq), 0) >= ` + at + ` THEN MAX(seq) + 1 ELSE ` + at + ` END FROM undo WHERE user_id = ` + user + `)`
}

// Undo returns the row with this id if its event can still be taken back at now, or
// ErrNotFound.
func (s *Store) Undo(ctx context.Context, id string, now time.Time) (*Undo, error) {
	return scanUndo(s.conn.QueryRow(ctx, `/* Undo */
		SELECT `+undoColumns+` FROM undo WHERE id = $1 AND expires_at > $2`, id, now))
}

// forgetLater deletes those rows of a user that would put the account back to other
// addresses than this one, as far as they came after the first row in force that puts
// it back to this one.
func (s *Store) forgetLater(ctx context.Context, userID, emailKey string, now time.Time) error {
	_, err := s.conn.Exec(ctx, `/* forgetLater */
		DELETE FROM undo WHERE user_id = $1 AND email_key <> $2
			AND seq > (SELECT MIN(seq) FROM undo WHERE user_id = $1 AND email_key = $2 AND expires_at > $3)`,
		userID, emailKey, now)
	return err
}

// TakeBack takes the event of b back. The account has the address of before it again and,
// if the event changed the username, that too, whatever happened since. All sessions end;
// no password counts until a new one is set; older links are dead, and so are those that
// would take later events back; no device or client is familiar any more, and no device is
// trusted. Exactly those factors open the account that did before the event. It returns the
// user as they were until then and as they are now. The error is ErrNotFound if b was
// taken back already or is too old. Call it in a transaction.
func (s *Store) TakeBack(ctx context.Context, b *Undo, now time.Time) (before, after *User, err error) {
	// The user's row first, as everywhere: who goes on changing things waits
	// here, and finds another security_version then.
	err = one(s.conn.Exec(ctx, `/* TakeBack, the guard */ UPDATE users SET updated_at = $2 WHERE id = $1`, b.UserID, now))
	if err != nil {
		return nil, nil, err
	}
	if before, err = s.UserByID(ctx, b.UserID); err != nil {
		return nil, nil, err
	}
	err = one(s.conn.Exec(ctx, `/* TakeBack */
		UPDATE users SET email = $2, email_key = $3, password_hash = '', wants_second_factor = $5, must_enrol = must_enrol OR $6, `+secured("$4")+` WHERE id = $1`,
		b.UserID, b.Email, b.EmailKey, now, b.WantsSecondFactor, b.MustEnrol))
	if err != nil {
		return nil, nil, err
	}
	if err := one(s.conn.Exec(ctx, `/* TakeBack, its use */
		DELETE FROM undo WHERE id = $1 AND expires_at > $2`, b.ID, now)); err != nil {
		return nil, nil, err
	}
	if _, err := s.conn.Exec(ctx, `/* TakeBack, what came later */
		DELETE FROM undo WHERE user_id = $1 AND seq > $2`, b.UserID, b.Seq); err != nil {
		return nil, nil, err
	}
	if _, err := s.conn.Exec(ctx, `/* TakeBack, who was familiar */
		DELETE FROM familiar WHERE user_id = $1`, b.UserID); err != nil {
		return nil, nil, err
	}
	if err := s.takeBackFactors(ctx, b.UserID, b.Seq); err != nil {
		return nil, nil, err
	}
	if err := s.EndSessions(ctx, b.UserID, ""); err != nil {
		return nil, nil, err
	}
	if err := s.dropHold(ctx, b.EmailKey, b.UserID); err != nil {
		return nil, nil, err
	}
	after, err = s.UserByID(ctx, b.UserID)
	if err != nil || b.Kind != EventUsernameChanged {
		return before, after, err
	}
	if err := s.rename(ctx, after, b.Username, b.ExpiresAt, now); err != nil {
		return nil, nil, err
	}
	after.Username = b.Username
	return before, after, nil
}

// BackUntil returns until when u can be taken back to an address that they had before; the
// zero time if they cannot.
func (s *Store) BackUntil(ctx context.Context, u *User, now time.Time) (until time.Time, err error) {
	former, err := s.FormerAddresses(ctx, u, now)
	for _, f := range former {
		if f.HeldUntil.After(until) {
			until = f.HeldUntil
		}
	}
	return until, err
}
