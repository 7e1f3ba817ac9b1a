package db_test

import (
	"context"
	"errors"
	"testing"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
)

// Each error of a database is counted once, by its class; what callers act on is none.
func TestErrorsAreCounted(t *testing.T) { // one after the other: others would count too
	for _, d := range []db.DB{testenv.SQLite(t), testenv.Postgres(t)} {
		ctx := t.Context()
		wrong := `SELECT nothing FROM nowhere`
		if d.Dialect() == db.PostgreSQL {
			wrong = `SELECT 1 / 0`
		}
		late, cancel := context.WithTimeout(ctx, 0)
		defer cancel()
		one := db.Stmt{SQL: insert, Args: []any{[]byte{1}, []byte("x"), t0}}
		for _, tt := range []struct {
			name  string
			do    func() error
			class db.Class // "" for none
		}{
			{"nothing wrong", func() error { _, err := d.Exec(ctx, one.SQL, one.Args...); return err }, ""},
			{"a value that is taken", func() error { _, err := d.Exec(ctx, one.SQL, one.Args...); return err }, ""},
			{"no row", func() error {
				var n int
				return d.QueryRow(ctx, `SELECT 1 FROM tokens WHERE hash = $1`, []byte{2}).Scan(&n)
			}, ""},
			{"a transaction that its caller gives up", func() error { return d.InTx(ctx, func(db.Conn) error { return errors.New("no") }) }, ""},
			{"a mistake", func() error { _, err := d.Exec(ctx, wrong); return err }, db.Other},
			{"a mistake in a transaction", func() error {
				return d.InTx(ctx, func(tx db.Conn) error { _, err := tx.Exec(ctx, wrong); return err })
			}, db.Other},
			{"no time left", func() error { _, err := d.Exec(late, one.SQL, one.Args...); return err }, db.Unavailable},
		} {
			before := map[db.Class]uint64{}
			for _, c := range db.Classes {
				before[c] = db.Errors(c)
			}
			err := tt.do()
			for _, c := range db.Classes {
				want := before[c]
				if c == tt.class {
					want++
				}
				if got := db.Errors(c); got != want {
					t.Errorf("%s, %s: %d more of the class %s than expected, by %v", d.Dialect(), tt.name, got-want, c, err)
				}
			}
		}
	}
}

// The pool says how many connections it has.
func TestPool(t *testing.T) {
	t.Parallel()
	testenv.Each(t, func(t *testing.T, d db.DB) {
		err := d.InTx(t.Context(), func(tx db.Conn) error {
			if _, err := tx.Exec(t.Context(), insert, []byte{9}, []byte("x"), t0); err != nil {
				return err
			}
			if p := d.Pool(); p.Used < 1 || p.Max < p.Used+p.Idle {
				t.Errorf("within a transaction: %+v", p)
			}
			return nil
		})
		if p := d.Pool(); err != nil || p.Used != 0 || p.Idle < 1 {
			t.Errorf("afterwards: %+v, %v", p, err)
		}
	})
}
