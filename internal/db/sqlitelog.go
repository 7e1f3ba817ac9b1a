package db

import (
	"context"
	"errors"
	"time"
)

// EmptyLog implements DB. Most of the work is done beside other writers; they wait for the
// rest alone, and for no reader.
func (l *lite) EmptyLog(ctx context.Context) (done bool, err error) {
	ctx, cancel := bounded(ctx, time.Time{})
	defer cancel()
	conn, err := l.db.Conn(ctx)
	if err != nil {
		return false, liteErr(err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`); err != nil {
		return false, liteErr(err)
	}
	over, err := l.writes.begin(ctx)
	if err != nil {
		return false, err
	}
	defer over()
	if _, err := conn.ExecContext(ctx, `PRAGMA busy_timeout(50)`); err != nil {
		return false, liteErr(err)
	}
	defer func() {
		_, restored := conn.ExecContext(context.WithoutCancel(ctx), `PRAGMA `+busyTimeout)
		err = errors.Join(err, liteErr(restored))
	}()
	var busy, pages, moved int
	err = conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved)
	return err == nil && busy == 0, liteErr(err)
}
