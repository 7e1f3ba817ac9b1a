package store

import (
	"context"

	"latchkey/internal/db"
)

// SealedColumn is one whose values are sealed by SECRET_KEY.
type SealedColumn struct {
	Table, Column  string
	before, reseal string // statements
}

// SealedColumns are all of them.
var SealedColumns = []SealedColumn{{
	Table: "signing_keys", Column: "private",
	before: `/* SealedBefore, signing_keys */ SELECT id, private FROM signing_keys
		WHERE substr(private, 1, $2) <> $1 AND id > $3 ORDER BY id LIMIT $4`,
	reseal: `/* Reseal, signing_keys */ UPDATE signing_keys SET private = $3 WHERE id = $1 AND private = $2`,
}, {
	Table: "totps", Column: "secret",
	before: `/* SealedBefore, totps */ SELECT id, secret FROM totps
		WHERE substr(secret, 1, $2) <> $1 AND id > $3 ORDER BY id LIMIT $4`,
	reseal: `/* Reseal, totps */ UPDATE totps SET secret = $3 WHERE id = $1 AND secret = $2`,
}}

// SealedValue is a value of a SealedColumn.
type SealedValue struct {
	Row   string // what names the row for good
	Value []byte
}

// SealedBefore returns up to n values that do not begin with prefix, in the order of their
// rows, behind the row after.
func (s *Store) SealedBefore(ctx context.Context, c SealedColumn, prefix []byte, after string, n int) ([]SealedValue, error) {
	scan := func(row db.Row) (*SealedValue, error) {
		var v SealedValue
		return &v, row.Scan(&v.Row, &v.Value)
	}
	return query(ctx, s.conn, scan, c.before, prefix, len(prefix), after, n)
}

// Reseal puts another value in a row's place, if it is still the same, and writes e, which
// counts it.
func (s *Store) Reseal(ctx context.Context, c SealedColumn, was SealedValue, value []byte, e *SecurityEvent) error {
	_, err := s.batch(ctx, db.Stmt{SQL: c.reseal, Args: []any{was.Row, was.Value, value}}, e.counted())
	return err
}
