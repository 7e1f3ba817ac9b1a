package db_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
	"latchkey/internal/trace"
)

// Each statement within a trace is a span, called by its name, that lasts until its rows are
// read, and holds neither its text nor an argument.
func TestSpans(t *testing.T) {
	t.Parallel()
	testenv.Each(t, func(t *testing.T, d db.DB) {
		g := db.NewGate(d)
		g.Open()
		const secret = "hunter2"
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		boom := errors.New("boom of " + secret)
		c, all := testenv.Traced(t, func(_ *trace.Tracer, span trace.Span) {
			ctx := span.In(t.Context())
			_, err := g.Exec(ctx, `/* Put */ `+insert, []byte(secret), []byte(secret), t0)
			must(err)
			_, err = g.Exec(ctx, `/* Put, again */ `+insert, []byte(secret), []byte{}, t0)
			if !errors.Is(err, db.ErrConflict) {
				t.Error(err)
			}
			var payload []byte
			must(g.QueryRow(ctx, `/* Get */ SELECT payload FROM tokens WHERE hash = $1`, []byte(secret)).Scan(&payload))
			if err := g.QueryRow(ctx, `/* Get, in vain */ SELECT payload FROM tokens WHERE hash = $1`, []byte("x")).Scan(&payload); !errors.Is(err, db.ErrNoRows) {
				t.Error(err)
			}
			rows, err := g.Query(ctx, `/* All */ SELECT payload FROM tokens`)
			must(err)
			for rows.Next() {
				must(rows.Scan(&payload))
			}
			rows.Close()
			if rows, err := g.Query(ctx, `SELECT nothing FROM nowhere`); err == nil {
				rows.Close()
			}
			_, err = g.Batch(ctx, db.Stmt{SQL: `/* First */ DELETE FROM tokens WHERE hash = $1`, Args: []any{[]byte("x")}},
				db.Stmt{SQL: `/* Second */ DELETE FROM tokens`})
			must(err)
			must(g.InTx(ctx, func(tx db.Conn) error {
				if _, err := tx.Exec(ctx, `/* Put */ `+insert, []byte{1}, []byte{}, t0); err != nil {
					return err
				}
				rows, err := tx.Query(ctx, `/* All */ SELECT payload FROM tokens`)
				if err != nil {
					return err
				}
				rows.Close()
				return tx.QueryRow(ctx, `/* Get */ SELECT payload FROM tokens`).Scan(&payload)
			}))
			if err := g.InTx(ctx, func(db.Conn) error { return boom }); !errors.Is(err, boom) {
				t.Error(err)
			}
			if err := g.InTx(ctx, func(db.Conn) error { return db.ErrNoWrites }); !errors.Is(err, db.ErrNoWrites) {
				t.Error(err)
			}
			_, err = g.Exec(t.Context(), `/* Outside */ DELETE FROM tokens`)
			must(err)
		})
		spans := c.Within(all)
		want := []string{"Put", "Put, again", "Get", "Get, in vain", "All", "statement", "First", "transaction", "transaction", "transaction"}
		if got := testenv.Names(spans); !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		for i, s := range spans {
			if s.Str("db.system.name") != string(d.Dialect()) && s.Name != "transaction" || (s.Str("error.type") == "no_writes") != (i == 9) || (s.Status != nil) != (i == 5 || i == 9) {
				t.Errorf("%s: %v", s.Name, s.Attributes)
			}
		}
		if n := spans[6].Int("db.operation.batch.size"); n != 2 || !strings.Contains(c.Text(), `{"values":[{"stringValue":"First"},{"stringValue":"Second"}]}`) {
			t.Errorf("a batch of %d", n)
		}
		if got := testenv.Names(c.Within(spans[7])); !slices.Equal(got, []string{"Put", "All", "Get"}) {
			t.Errorf("the transaction has %q", got)
		}
		for _, no := range []string{secret, "SELECT", "Outside"} {
			if strings.Contains(c.Text(), no) {
				t.Errorf("the spans hold %q", no)
			}
		}
	})
}

// Outside of a trace the gate costs no memory.
func TestNoSpansCostNothing(t *testing.T) {
	for _, d := range []db.DB{testenv.SQLite(t), testenv.Postgres(t)} { // one after the other: others would count too
		g := db.NewGate(d)
		g.Open()
		count := func(d db.DB) float64 {
			return testing.AllocsPerRun(200, func() {
				var n int
				if err := d.QueryRow(t.Context(), `/* Count */ SELECT count(*) FROM tokens`).Scan(&n); err != nil {
					t.Fatal(err)
				}
			})
		}
		through, past := count(g), count(d)
		for range 4 { // what the driver does beside it counts now and then
			through, past = min(through, count(g)), min(past, count(d))
		}
		if through > past {
			t.Errorf("%v allocations on %s, %v without the gate", through, d.Dialect(), past)
		}
	}
}
