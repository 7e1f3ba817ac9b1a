package store

import (
	"context"
	"errors"
	"time"
)

// The kinds of codes whose tries are counted.
const (
	TriesTOTP         = "TOTP"
	TriesRecoveryCode = "RECOVERY_CODE"
)

// TryLimit is how often codes of one kind may be tried at one account.
type TryLimit struct{ PerHour, PerDay int }

// TryCount is how often they were, within an hour and a day.
type TryCount struct{ Hour, Day int }

const (
	tryHour = time.Hour
	tryDay  = 24 * time.Hour
)

// CountFactorTry counts a try at a code of a user: from clients that they are known at, or
// from others. It returns the count; or, if there were as many as limit says, how long it
// takes until there may be another, and counts nothing.
//
// It is one statement, so it counts exactly over all replicas. A right code gives its try
// back: see chain.use.
func (s *Store) CountFactorTry(ctx context.Context, userID, kind string, known bool, limit TryLimit, now time.Time) (c TryCount, wait time.Duration, err error) {
	err = s.conn.QueryRow(ctx, `/* CountFactorTry */
		INSERT INTO factor_tries AS f (user_id, kind, known, hour, hour_count, day, day_count) VALUES ($1, $2, $3, $4, 1, $4, 1)
		ON CONFLICT (user_id, kind, known) DO UPDATE SET
			hour = CASE WHEN f.hour > $5 THEN f.hour ELSE $4 END,
			hour_count = CASE WHEN f.hour > $5 THEN f.hour_count ELSE 0 END + 1,
			day = CASE WHEN f.day > $6 THEN f.day ELSE $4 END,
			day_count = CASE WHEN f.day > $6 THEN f.day_count ELSE 0 END + 1
		WHERE NOT (f.hour > $5 AND f.hour_count >= $7) AND NOT (f.day > $6 AND f.day_count >= $8)
		RETURNING hour_count, day_count`,
		userID, kind, known, now, now.Add(-tryHour), now.Add(-tryDay), limit.PerHour, limit.PerDay).Scan(&c.Hour, &c.Day)
	if !errors.Is(err, ErrNotFound) {
		return c, 0, err
	}
	var hour, day time.Time
	err = s.conn.QueryRow(ctx, `/* CountFactorTry, how long */
		SELECT hour, hour_count, day, day_count FROM factor_tries WHERE user_id = $1 AND kind = $2 AND known = $3`,
		userID, kind, known).Scan(&hour, &c.Hour, &day, &c.Day)
	if err != nil {
		return c, 0, err
	}
	wait = time.Second // somebody gave one back since
	if c.Hour >= limit.PerHour {
		wait = max(wait, hour.Add(tryHour).Sub(now))
	}
	if c.Day >= limit.PerDay {
		wait = max(wait, day.Add(tryDay).Sub(now))
	}
	return c, wait, nil
}

// TellOfTries claims to tell u of wrong codes of one kind, once a day. The error is
// ErrConflict if they were told within a day; ErrNotFound: see asRead. Call it in the
// transaction of the mail.
func (s *Store) TellOfTries(ctx context.Context, u *User, kind string, now time.Time) error {
	if err := s.Guard(ctx, u); err != nil {
		return err
	}
	n, err := s.conn.Exec(ctx, `/* TellOfTries */
		UPDATE factor_tries SET told_at = $3
		WHERE user_id = $1 AND kind = $2 AND known = FALSE AND (told_at IS NULL OR told_at <= $4)`, u.ID, kind, now, now.Add(-tryDay))
	if err == nil && n == 0 {
		err = ErrConflict
	}
	return err
}
