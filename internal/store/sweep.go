package store

import (
	"context"
	"errors"
	"strings"
	"time"
)

// sweepBatch is how many rows one statement deletes: few enough that nobody
// waits for its locks.
const sweepBatch = 500

// How long rows are kept that have no time of their own at which they expire.
const (
	keepLook      = 24 * time.Hour      // any time will do, as well
	keepRegistrar = 24 * time.Hour      // any time will do, since the next registration makes the row again
	keepRemoved   = 4 * 24 * time.Hour  // a day longer than anything can be taken back
	keepTries     = 48 * time.Hour      // any time after a day will do
	keepFailed    = 30 * 24 * time.Hour // mails that were given up, for the operator
	keepInbox     = 30 * 24 * time.Hour // mails of the development inbox, whose links are long dead then
)

// KeepActs is how long events are kept at least that tell what administrators and the
// shell did, and counts of days: somebody may look into a year.
const KeepActs = 400 * 24 * time.Hour

// uninvited is the condition that user u was invited until $1 and never came. An older version
// may have let them in without noting it down.
const uninvited = `u.invited_until IS NOT NULL AND u.invited_until <= $1 AND u.password_hash = '' AND u.last_login_at IS NULL`

// Sweep deletes what is expired at now, and security events that are older than
// keepEvents, or than KeepActs if they are longer kept, in small batches. It returns how many rows went,
// by their table.
func (s *Store) Sweep(ctx context.Context, now time.Time, keepEvents time.Duration) (map[string]int64, error) {
	removed := now.Add(-keepRemoved).UnixMicro() // see nextSeq
	tables := []struct {
		sql   string
		until any
	}{
		{`/* Sweep, sessions */ DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= $1 LIMIT $2)`, now},
		{`/* Sweep, registrations */ DELETE FROM registrations WHERE id IN (SELECT id FROM registrations WHERE expires_at <= $1 LIMIT $2)`, now},
		// Mails go before whom they are about: one that was given up has the address.
		{`/* Sweep, mails to who was invited */ DELETE FROM outbox WHERE id IN (
			SELECT o.id FROM users u JOIN outbox o ON o.user_id = u.id AND o.failed_at IS NOT NULL WHERE ` + uninvited + ` LIMIT $2)`, now},
		{`/* Sweep, who was invited */ DELETE FROM users AS u WHERE ` + uninvited + ` AND u.id IN (SELECT u.id FROM users u WHERE ` + uninvited + ` LIMIT $2)`, now},
		{`/* Sweep, usernames */ DELETE FROM usernames WHERE user_id IS NULL AND held_until <= $1
			AND key IN (SELECT key FROM usernames WHERE held_until <= $1 LIMIT $2)`, now},
		{`/* Sweep, reservations */ DELETE FROM reservations WHERE held_until <= $1 AND (hash, holder) IN (
			SELECT hash, holder FROM reservations WHERE held_until <= $1 LIMIT $2)`, now},
		{`/* Sweep, looks */ DELETE FROM looks WHERE last_at <= $1 AND look IN (SELECT look FROM looks WHERE last_at <= $1 LIMIT $2)`, now.Add(-keepLook)},
		{`/* Sweep, tokens */ DELETE FROM tokens WHERE hash IN (SELECT hash FROM tokens WHERE expires_at <= $1 LIMIT $2)`, now},
		{`/* Sweep, refusals */ DELETE FROM refusals WHERE hash IN (SELECT hash FROM refusals WHERE expires_at <= $1 LIMIT $2)`, now},
		{`/* Sweep, registrars */ DELETE FROM registrars WHERE last_at <= $1
			AND client IN (SELECT client FROM registrars WHERE last_at <= $1 LIMIT $2)`, now.Add(-keepRegistrar)},
		{`/* Sweep, familiar */ DELETE FROM familiar WHERE last_seen_at <= $1 AND (user_id, kind, value) IN (
			SELECT user_id, kind, value FROM familiar WHERE last_seen_at <= $1 LIMIT $2)`, now.Add(-max(clientFamiliar, deviceFamiliar))},
		{`/* Sweep, undo */ DELETE FROM undo WHERE id IN (SELECT id FROM undo WHERE expires_at <= $1 LIMIT $2)`, now},
		{`/* Sweep, used */ DELETE FROM used WHERE hash IN (SELECT hash FROM used WHERE expires_at <= $1 LIMIT $2)`, now},
		{`/* Sweep, factor_tries */ DELETE FROM factor_tries WHERE day <= $1 AND (user_id, kind, known) IN (
			SELECT user_id, kind, known FROM factor_tries WHERE day <= $1 LIMIT $2)`, now.Add(-keepTries)},
		{`/* Sweep, totps */ DELETE FROM totps WHERE id IN (SELECT id FROM totps WHERE removed_seq <= $1 LIMIT $2)`, removed},
		{`/* Sweep, passkeys */ DELETE FROM passkeys WHERE id IN (SELECT id FROM passkeys WHERE removed_seq <= $1 LIMIT $2)`, removed},
		{`/* Sweep, recovery_codes */ DELETE FROM recovery_codes WHERE removed_seq <= $1 AND (user_id, hash) IN (
			SELECT user_id, hash FROM recovery_codes WHERE removed_seq <= $1 LIMIT $2)`, removed},
		{`/* Sweep, trusted_devices */ DELETE FROM trusted_devices WHERE id IN (SELECT id FROM trusted_devices WHERE expires_at <= $1 LIMIT $2)`, now},
		{`/* Sweep, held_addresses */ DELETE FROM held_addresses WHERE held_until <= $1
			AND email_key IN (SELECT email_key FROM held_addresses WHERE held_until <= $1 LIMIT $2)`, now},
		{`/* Sweep, outbox */ DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE failed_at <= $1 AND created_at <= $1 LIMIT $2)`, now.Add(-keepFailed)},
		{`/* Sweep, inbox */ DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE created_at <= $1 LIMIT $2)`, now.Add(-keepInbox)},
		{`/* Sweep, days */ DELETE FROM days WHERE day <= $1 AND day IN (SELECT day FROM days WHERE day <= $1 LIMIT $2)`, Day(now.Add(-KeepActs))},
	}
	swept := map[string]int64{}
	for _, table := range tables {
		_, name, _ := strings.Cut(table.sql, ", ") // which its comment ends with
		name, _, _ = strings.Cut(name, " ")
		for {
			n, err := s.conn.Exec(ctx, table.sql, table.until, sweepBatch)
			swept[name] += n
			if err != nil {
				return swept, err
			}
			if n < sweepBatch {
				break
			}
		}
	}
	n, err := s.sweepEvents(ctx, now.Add(-keepEvents), now.Add(-max(keepEvents, KeepActs)))
	swept["security_events"] = n
	return swept, err
}

// sweepEvents deletes the events that are older than a time, but of what administrators and
// the shell did those that are older than another, which is earlier. It goes through the
// old ones once, from the oldest on, and leaves those behind that stay.
func (s *Store) sweepEvents(ctx context.Context, until, acts time.Time) (swept int64, err error) {
	for from := (Place{}); ; {
		to, last := Place{}, false
		err := s.conn.QueryRow(ctx, `/* sweepEvents, the end of a batch */ SELECT at, id FROM security_events
			WHERE (at, id) > ($1, $2) AND at <= $3 ORDER BY at, id LIMIT 1 OFFSET $4`, from.At, from.ID, until, sweepBatch-1).Scan(&to.At, &to.ID)
		if last = errors.Is(err, ErrNotFound); last {
			to.At = until.Add(time.Microsecond) // before all of that moment
		} else if err != nil {
			return swept, err
		}
		n, err := s.conn.Exec(ctx, `/* sweepEvents */ DELETE FROM security_events
			WHERE at BETWEEN $1 AND $3 AND (at, id) > ($1, $2) AND (at, id) <= ($3, $4) AND (actor_kind NOT IN ('ADMIN', 'SHELL') OR at <= $5)`,
			from.At, from.ID, to.At.UTC(), to.ID, acts)
		swept += n
		if err != nil || last {
			return swept, err
		}
		from = Place{At: to.At.UTC(), ID: to.ID}
	}
}
