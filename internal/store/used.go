package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"time"

	"latchkey/internal/db"
)

// Claim is something that is good once: a challenge, or a code of a factor. It is used up
// by the row that says so, which is written with what is made with it. Of several at once
// one writes the row.
type Claim struct {
	Hash      []byte    // SHA-256: see ClaimHash
	ExpiresAt time.Time // it is worth nothing any more then, and the row goes
}

// ClaimHash is the hash of what parts name together.
func ClaimHash(parts ...[]byte) []byte {
	h := sha256.New()
	for _, part := range parts { // no two lists are written alike
		h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		h.Write(part)
	}
	return h.Sum(nil)
}

// Use uses c up for the owner, the id of what is made with it. The error is ErrConflict if
// it was used before. Call it in the transaction of what is made, before all else.
func (s *Store) Use(ctx context.Context, c Claim, owner string) error {
	n, err := s.conn.Exec(ctx, `/* Use */
		INSERT INTO used (hash, owner, expires_at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING`, c.Hash, owner, c.ExpiresAt)
	if err == nil && n == 0 {
		err = ErrConflict
	}
	return err
}

// A chain is the beginning of a batch in which the first statements use things up, one after
// the other, for one owner: each does so only if all before it did, and what follows
// happens only if all of them did.
type chain struct {
	owner string
	last  []byte    // the hash of the last claim; nil if there is none
	stmts []db.Stmt // those of the chain
	uses  []int     // where in stmts the claims are
}

// claim adds one. sql is the statement that inserts it, as $1 to $3, as long as it may be used;
// it ends in its conditions.
func (c *chain) claim(claim Claim, sql string, args ...any) {
	args = append([]any{claim.Hash, c.owner, claim.ExpiresAt}, args...)
	condition, args := c.holds(args)
	c.uses = append(c.uses, len(c.stmts))
	c.add(sql+condition+` ON CONFLICT (hash) DO NOTHING`, args)
	c.last = claim.Hash
}

// then adds a statement that is to do something only if all claims before it were first. sql
// ends in its conditions.
func (c *chain) then(sql string, args ...any) {
	condition, args := c.holds(args)
	c.add(sql+condition, args)
}

func (c *chain) add(sql string, args []any) { c.stmts = append(c.stmts, db.Stmt{SQL: sql, Args: args}) }

// holds returns the condition that all claims so far were first, which is "" if there are
// none, and args with its parameters.
func (c *chain) holds(args []any) (string, []any) {
	if c.last == nil {
		return "", args
	}
	args = append(args, c.last, c.owner)
	return ` AND EXISTS (SELECT 1 FROM used WHERE hash = ` + param(len(args)-1) + ` AND owner = ` + param(len(args)) + `)`, args
}

// param is the parameter with this number.
func param(n int) string { return `$` + strconv.Itoa(n) }
