package auth_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/db"
	"latchkey/internal/testenv"
)

// Every session that is ended is refused from then on, and every other one is let in,
// while many requests share their look-ups, some of which leave, and while PostgreSQL's
// connections are cut and its table stands still (E5, R1).
func TestRevocationsUnderLoad_E5_R1(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		f := setup(t, d)
		f.user("ada")
		f.user("bea")
		var steady []string
		for range 8 {
			steady = append(steady, f.login("ada", client(1)).Tokens.AccessToken)
		}
		done := make(chan struct{})
		var load sync.WaitGroup
		var asked, left atomic.Int64
		for i := range 24 {
			load.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-done:
						return
					default:
					}
					ctx, leave := context.WithCancel(t.Context())
					leaves := i < 8
					if leaves {
						time.AfterFunc(time.Duration(n%7)*50*time.Microsecond, leave)
					}
					_, err := f.Identify(ctx, steady[(i+n)%len(steady)])
					leave()
					switch {
					case err == nil:
						asked.Add(1)
					case leaves && errors.Is(err, context.Canceled):
						left.Add(1)
					case !isAway(err):
						t.Errorf("a live session: %v", err)
						return
					}
				}
			})
		}
		if d.Dialect() == db.PostgreSQL {
			load.Go(func() { disturb(t, d, done) })
		}
		var ends sync.WaitGroup
		for range 8 {
			ends.Go(func() {
				for range 50 {
					endOne(t, f)
				}
			})
		}
		ends.Wait()
		close(done)
		load.Wait()
		if asked.Load() == 0 || left.Load() == 0 {
			t.Errorf("%d were let in and %d left, want some of both", asked.Load(), left.Load())
		}
	})
}

// endOne logs somebody in and out again, and asks before and behind.
func endOne(t *testing.T, f *fixture) {
	token := insist(t, func() (string, error) {
		l, err := f.Login(t.Context(), client(1), auth.LoginInput{Login: "bea", Password: goodPassword})
		if err != nil {
			return "", err
		}
		return l.Tokens.AccessToken, nil
	})
	insist(t, func() (*auth.Viewer, error) { return f.Identify(t.Context(), token) })
	insist(t, func() (any, error) { return nil, f.Logout(t.Context(), client(1), token) })
	insist(t, func() (any, error) {
		switch _, err := f.Identify(t.Context(), token); {
		case isAway(err):
			return nil, err
		case auth.AsError(err).Reason != auth.ReasonRevoked:
			t.Errorf("a session that had ended: got %v, want %s", err, auth.ReasonRevoked)
		}
		return nil, nil
	})
}

// insist does something until the database is there for it.
func insist[T any](t *testing.T, do func() (T, error)) (v T) {
	for range 1000 {
		var err error
		if v, err = do(); err == nil {
			return v
		} else if !isAway(err) {
			t.Error(err)
			return v
		}
	}
	t.Error("the database was away a thousand times")
	return v
}

func isAway(err error) bool { return err != nil && auth.AsError(err).Code == auth.Unavailable }

// disturb cuts all connections of others to the database, and keeps its sessions locked
// for a while, in turns, until done.
func disturb(t *testing.T, d db.DB, done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-time.After(50 * time.Millisecond):
		}
		err := d.InTx(t.Context(), func(tx db.Conn) error {
			if _, err := tx.Exec(t.Context(), `LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE`); err != nil {
				return err
			}
			var n int
			err := tx.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid()`).Scan(&n)
			<-time.After(20 * time.Millisecond)
			return err
		})
		if err != nil && !errors.Is(err, db.ErrUnavailable) {
			t.Error(err)
			return
		}
	}
}
