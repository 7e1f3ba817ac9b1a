package db_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgtype"

	"latchkey/internal/testenv"
)

// Where the server is not asked of which types parameters are, as behind a pooler, all that the
// store passes arrive as they do elsewhere: also none, by a pointer or an interface, and kinds of
// text that the store has types of its own for.
func TestParameters_R1(t *testing.T) {
	t.Parallel()
	if _, known := pgtype.NewMap().TypeForValue(0.0); known { // ./test builds with the tag
		t.Error("pgx knows all types by itself, so that this shows nothing: test with the tag nopgxregisterdefaulttypes")
	}
	type kind string
	type row struct {
		Flag, OrFlag     *bool
		Number, OrNumber *int64
		Text, OrText     *string
		Kind             *string
		Bytes            []byte
		At, OrAt         *time.Time
	}
	at := time.Date(2026, 11, 29, 20, 30, 0, 123000, time.UTC)
	yes, number, text := true, int64(1)<<40, `a "quoted" \text, 'with' ünïcode and $1`
	whole := row{&yes, &yes, &number, &number, &text, &text, &text, []byte{0, 1, 0xff}, &at, &at}
	for _, mode := range []string{"cache_statement", "describe_exec", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			d := openURL(t, testenv.PostgresURL(t)+"&default_query_exec_mode="+mode)
			must := func(sql string, args ...any) {
				t.Helper()
				if _, err := d.Exec(t.Context(), sql, args...); err != nil {
					t.Fatal(err)
				}
			}
			must(`CREATE TABLE kept (n int8, flag bool, or_flag bool, number int8, or_number int8, text text, or_text text, kind text, bytes bytea, at timestamptz, or_at timestamptz)`)
			const insert = `INSERT INTO kept VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
			must(insert, 1, yes, &yes, number, &number, text, &text, kind(text), whole.Bytes, at, &at)
			must(insert, int64(2), nil, (*bool)(nil), nil, (*int64)(nil), nil, (*string)(nil), (*kind)(nil), []byte(nil), nil, (*time.Time)(nil))
			for n, want := range []row{whole, {}} {
				var got row
				err := d.QueryRow(t.Context(), `SELECT flag, or_flag, number, or_number, text, or_text, kind, bytes, at, or_at FROM kept WHERE n = $1`, n+1).
					Scan(&got.Flag, &got.OrFlag, &got.Number, &got.OrNumber, &got.Text, &got.OrText, &got.Kind, &got.Bytes, &got.At, &got.OrAt)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("row %d:\n%s", n+1, diff)
				}
			}
		})
	}
}
