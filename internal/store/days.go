package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"latchkey/internal/db"
)

// DayKind is one of the things that are counted by day.
type DayKind string

// The kinds there are.
const (
	DayRegistrations DayKind = "REGISTRATIONS" // that were confirmed
	DayLogins        DayKind = "LOGINS"
	DayRefusedLogins DayKind = "REFUSED_LOGINS" // tries that opened no session
	DayMailsSent     DayKind = "MAILS_SENT"
	DayMailsGivenUp  DayKind = "MAILS_GIVEN_UP"
)

// Day names the day of a time, in UTC: 2026-11-25.
func Day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// DayCount is how often something happened on a day.
type DayCount struct {
	Day  string
	Kind DayKind
	N    int
}

// AddDays adds counts to those of their days.
func (s *Store) AddDays(ctx context.Context, counts []DayCount) error {
	if len(counts) == 0 {
		return nil
	}
	stmts := make([]db.Stmt, len(counts))
	byRow := func(a, b DayCount) int { return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Kind, b.Kind)) }
	for i, c := range slices.SortedFunc(slices.Values(counts), byRow) { // all processes in one order, or they would wait for each other
		stmts[i] = db.Stmt{
			SQL: `/* AddDays */ INSERT INTO days (day, kind, n) VALUES ($1, $2, $3)
				ON CONFLICT (day, kind) DO UPDATE SET n = days.n + excluded.n`,
			Args: []any{c.Day, c.Kind, c.N},
		}
	}
	_, err := s.batch(ctx, stmts...)
	return err
}

// Days returns the counts of the days from one on to another, both included.
func (s *Store) Days(ctx context.Context, from, to string) ([]DayCount, error) {
	return query(ctx, s.conn, func(row db.Row) (*DayCount, error) {
		var c DayCount
		return &c, row.Scan(&c.Day, &c.Kind, &c.N)
	}, `/* Days */ SELECT day, kind, n FROM days WHERE day >= $1 AND day <= $2`, from, to)
}

// Population counts users, and sessions that are live at now, each up to most.
func (s *Store) Population(ctx context.Context, now time.Time, most int) (users, sessions int, err error) {
	err = s.conn.QueryRow(ctx, `/* Population, users */ SELECT COUNT(*) FROM (SELECT 1 FROM users LIMIT $1) AS counted`, most).Scan(&users)
	if err != nil {
		return 0, 0, err
	}
	err = s.conn.QueryRow(ctx, `/* Population, sessions */
		SELECT COUNT(*) FROM (SELECT 1 FROM sessions WHERE expires_at > $1 LIMIT $2) AS counted`, now, most).Scan(&sessions)
	return users, sessions, err
}
