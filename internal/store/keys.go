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

// AddSigningKey keeps k, unless there is one with its number: of replicas that make a key
// at the same time one wins.
func (s *Store) AddSigningKey(ctx context.Context, k *SigningKey) error {
	stmt := k.insert()
	stmt.SQL += ` ON CONFLICT (number) DO NOTHING`
	_, err := s.conn.Exec(ctx, stmt.SQL, stmt.Args...)
	return err
}

func (k *SigningKey) insert() db.Stmt {
	return db.Stmt{
		SQL:  `/* insert, a signing key */ INSERT INTO signing_keys (number, id, private, created_at, signs_at) VALUES ($1, $2, $3, $4, $5)`,
		Args: []any{k.Number, k.ID, k.Private, Moment(k.CreatedAt), Moment(k.SignsAt)},
	}
}

// HastenSigningKey has a key sign at a time that is sooner than it would.
func (s *Store) HastenSigningKey(ctx context.Context, number int64, at time.Time) error {
	_, err := s.conn.Exec(ctx, `/* HastenSigningKey */ UPDATE signing_keys SET signs_at = $2 WHERE number = $1 AND signs_at > $2`, number, Moment(at))
	return err
}

// ReplaceSigningKeys puts two keys in place of all with lower numbers. ErrConflict if one
// of their numbers is taken.
func (s *Store) ReplaceSigningKeys(ctx context.Context, signer, next *SigningKey) error {
	_, err := s.batch(ctx,
		db.Stmt{SQL: `/* ReplaceSigningKeys */ DELETE FROM signing_keys WHERE number < $1`, Args: []any{signer.Number}},
		signer.insert(), next.insert())
	return err
}

// DropSigningKey deletes a key.
func (s *Store) DropSigningKey(ctx context.Context, number int64) error {
	_, err := s.conn.Exec(ctx, `/* DropSigningKey */ DELETE FROM signing_keys WHERE number = $1`, number)
	return err
}
