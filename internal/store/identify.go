package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/internal/coalesce"
	"latchkey/internal/db"
	"latchkey/internal/trace"
)

// signedIn is a session and the user whose it is, who is not disabled.
type signedIn struct {
	session Session
	user    User
}

// lookUpsAtOnce is how many queries for sessions run at once, each for all requests that
// wait for it: see package coalesce. A database that is 5 ms away answers 25,000 requests
// a second by two.
const lookUpsAtOnce = 2

// SessionWithUser returns a live session and its user, or ErrNotFound: also when the
// user is disabled. Requests that ask at the same time share a query.
func (s *Store) SessionWithUser(ctx context.Context, id string, now time.Time) (*Session, *User, error) {
	found, err := s.find(ctx, id)
	switch {
	case err != nil:
		return nil, nil, err
	case found == nil || !found.session.ExpiresAt.After(now):
		return nil, nil, ErrNotFound
	}
	own := *found // others may have the same answer
	return &own.session, &own.user, nil
}

// find returns nil if there is no such session.
func (s *Store) find(ctx context.Context, id string) (*signedIn, error) {
	if s.lookUp == nil {
		found, err := s.signedIn([]string{id})
		return found[id], err
	}
	// The statement answers several requests and is in the trace of none; each has its wait.
	ctx, span := trace.Start(ctx, trace.Client, "signedIn")
	defer span.Str("db.system.name", string(s.pool.Dialect())).End()
	found, _, err := s.lookUp.Find(ctx, id)
	if err != nil {
		span.Fail("unavailable")
	}
	if errors.Is(err, coalesce.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: no answer in time", ErrUnavailable)
	}
	return found, err
}

// signedIn returns the sessions with these ids, by id. The last id is repeated until
// there are 1, 2, 4, 8 … of them: so the statement has few texts, which both databases
// keep ready.
func (s *Store) signedIn(ids []string) (map[string]*signedIn, error) {
	args := make([]any, 0, 2*len(ids))
	for _, id := range ids {
		args = append(args, id)
	}
	for len(args)&(len(args)-1) != 0 {
		args = append(args, args[len(ids)-1])
	}
	rows, err := query(context.Background(), s.conn, scanSignedIn, signedInStatements[len(args)], args...)
	found := make(map[string]*signedIn, len(rows))
	for i := range rows {
		found[rows[i].session.ID] = &rows[i]
	}
	return found, err
}

// signedInStatements are the texts of signedIn's statement by how many ids it asks for.
var signedInStatements = func() map[int]string {
	texts := map[int]string{}
	for n := 1; n <= coalesce.MaxBatch; n *= 2 {
		params := make([]string, n)
		for i := range params {
			params[i] = param(i + 1)
		}
		texts[n] = `/* signedIn */
			SELECT ` + sessionColumns + `, ` + userColumns + `
			FROM sessions s JOIN users u ON u.id = s.user_id
			WHERE s.id IN (` + strings.Join(params, `, `) + `) AND u.disabled_at IS NULL`
	}
	return texts
}()

func scanSignedIn(row db.Row) (*signedIn, error) {
	var v signedIn
	if err := row.Scan(append(v.session.dest(), v.user.dest()...)...); err != nil {
		return nil, err
	}
	v.session.scanned()
	v.user.scanned()
	return &v, nil
}
