package db

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"time"
)

// liteWrites has the writes of this process take turns. SQLite has one writer at a time:
// left to it, those who wait would ask again and again, and the last might starve.
//
// What takes long is to have a commit on the disk. So the statements that wait by the
// time when it is their turn become one transaction, and each caller is answered after its
// commit. If anything of it fails, nothing of it is written, and each caller's statements
// are a transaction of their own.
type liteWrites struct {
	db    *sql.DB
	stmts *liteStmts
	turn  chan struct{} // has room for one

	mu      sync.Mutex
	waiting []*liteWrite // oldest first
}

// liteWrite is the statements of one caller: all of them are written, or none.
type liteWrite struct {
	ctx    context.Context // with a deadline
	stmts  []Stmt
	counts []int64
	err    error
	done   chan struct{} // closed when the two above are set
}

// begin waits until no other write is under way, and returns what ends this one.
func (l *liteWrites) begin(ctx context.Context) (end func(), err error) {
	select {
	case l.turn <- struct{}{}:
		return func() { <-l.turn }, nil
	case <-ctx.Done():
		return nil, counted(errManyWrites)
	}
}

var errManyWrites = fmt.Errorf("%w: too many writes at once", ErrUnavailable)

// run runs statements that are one transaction, and returns how many rows each of them
// touched. ctx has a deadline.
func (l *liteWrites) run(ctx context.Context, stmts ...Stmt) ([]int64, error) {
	for _, s := range stmts { // before the transaction, in which each would be compiled anew until it is over
		if _, err := l.stmts.prepare(ctx, s.SQL); err != nil {
			return nil, liteErr(err)
		}
	}
	w := &liteWrite{ctx: ctx, stmts: stmts, counts: make([]int64, len(stmts)), done: make(chan struct{})}
	l.mu.Lock()
	l.waiting = append(l.waiting, w)
	l.mu.Unlock()
	select {
	case <-w.done: // another caller's turn took it along
	case l.turn <- struct{}{}:
		l.write()
		<-l.turn
	case <-ctx.Done():
		if l.withdraw(w) {
			return nil, counted(errManyWrites)
		}
	}
	<-w.done
	return w.counts, w.err
}

// withdraw takes a write back, and reports whether it was not begun.
func (l *liteWrites) withdraw(w *liteWrite) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.waiting, w)
	if i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
	return i >= 0
}

// write writes all that waits, in this caller's turn.
func (l *liteWrites) write() {
	l.mu.Lock()
	all := l.waiting
	l.waiting = nil
	l.mu.Unlock()
	if len(all) > 1 && l.commit(all...) == nil {
		for _, w := range all {
			close(w.done)
		}
		return
	}
	for _, w := range all {
		if w.err = l.commit(w); w.err != nil {
			w.counts = nil
		}
		close(w.done)
	}
}

// commit runs writes as one transaction, in the time of the one that has the least.
func (l *liteWrites) commit(writes ...*liteWrite) error {
	var soonest time.Time
	for _, w := range writes {
		if end, _ := w.ctx.Deadline(); soonest.IsZero() || end.Before(soonest) {
			soonest = end
		}
	}
	ctx, cancel := bounded(context.Background(), soonest)
	defer cancel()
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return liteErr(err)
	}
	defer func() { _ = tx.Rollback() }() // a no-op after Commit
	conn := liteConn{stmts: l.stmts, tx: tx, end: soonest}
	for _, w := range writes {
		for i, s := range w.stmts {
			if w.counts[i], err = conn.Exec(ctx, s.SQL, s.Args...); err != nil {
				return err
			}
		}
	}
	return liteErr(tx.Commit())
}
