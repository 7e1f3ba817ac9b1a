package store

import (
	"context"
	"time"

	"latchkey/internal/db"
)

// SigningKey is a key that signs access tokens: from SignsAt until the next one does.
type SigningKey struct {
	Number    int64  // counts up, in the order in which they sign
	ID        string // its kid
	Private   []byte // in PEM, sealed
	CreatedAt time.Time
	SignsAt   time.Time
}

func scanSigningKey(row db.Row) (*SigningKey, error) {
	var k SigningKey
	if err := row.Scan(&k.Number, &k.ID, &k.Private, &k.CreatedAt, &k.SignsAt); err != nil {
		return nil, err
	}
	k.CreatedAt, k.SignsAt = k.CreatedAt.UTC(), k.SignsAt.UTC()
	return &k, nil
}

// SigningKeys returns all of them in the order in which they sign.
func (s *Store) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	return query(ctx, s.conn, scanSigningKey, `/* SigningKeys */
		SELECT number, id, private, created_at, signs_at FROM signing_keys ORDER BY number`)
}

// AddSigningKey keeps k and writes e, unless there is one with its number: of replicas that
// make a key at the same time one wins. It reports whether it did.
func (s *Store) AddSigningKey(ctx context.Context, k *SigningKey, e *SecurityEvent) (bool, error) {
	stmt := k.insert()
	stmt.SQL += ` ON CONFLICT (number) DO NOTHING`
	return s.ofKey(ctx, stmt, e)
}

// ofKey runs a statement that is about one signing key, and writes e if it touched it, which
// it reports.
func (s *Store) ofKey(ctx context.Context, stmt db.Stmt, e *SecurityEvent) (did bool, err error) {
	err = s.InTx(ctx, func(tx *Store) error {
		n, err := tx.conn.Exec(ctx, stmt.SQL, stmt.Args...)
		if did = n > 0; err != nil || !did {
			return err
		}
		return tx.AddSecurityEvent(ctx, e)
	})
	return did, err
}

func (k *SigningKey) insert() db.Stmt {
	return db.Stmt{
		SQL:  `/* insert, a signing key */ INSERT INTO signing_keys (number, id, private, created_at, signs_at) VALUES ($1, $2, $3, $4, $5)`,
		Args: []any{k.Number, k.ID, k.Private, Moment(k.CreatedAt), Moment(k.SignsAt)},
	}
}

// HastenSigningKey has a key sign at a time that is sooner than it would, and writes e. It
// reports whether it did.
func (s *Store) HastenSigningKey(ctx context.Context, number int64, at time.Time, e *SecurityEvent) (bool, error) {
	return s.ofKey(ctx, db.Stmt{
		SQL:  `/* HastenSigningKey */ UPDATE signing_keys SET signs_at = $2 WHERE number = $1 AND signs_at > $2`,
		Args: []any{number, Moment(at)},
	}, e)
}

// ReplaceSigningKeys puts two keys in place of all with lower numbers, and writes e.
// ErrConflict if one of their numbers is taken.
func (s *Store) ReplaceSigningKeys(ctx context.Context, signer, next *SigningKey, e *SecurityEvent) error {
	_, err := s.batch(ctx,
		db.Stmt{SQL: `/* ReplaceSigningKeys */ DELETE FROM signing_keys WHERE number < $1`, Args: []any{signer.Number}},
		signer.insert(), next.insert(), e.insert())
	return err
}

// DropSigningKey deletes a key and writes e, unless it is gone. It reports whether it did.
func (s *Store) DropSigningKey(ctx context.Context, number int64, e *SecurityEvent) (bool, error) {
	return s.ofKey(ctx, db.Stmt{SQL: `/* DropSigningKey */ DELETE FROM signing_keys WHERE number = $1`, Args: []any{number}}, e)
}
