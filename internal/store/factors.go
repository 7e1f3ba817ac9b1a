package store

import (
	"context"
	"strconv"
	"time"
)

// Factors is what an account can show besides its password.
type Factors struct {
	TOTP          *TOTP // nil if there is no authenticator app
	Passkeys      bool  // there is one at least
	RecoveryCodes bool  // some are left
}

// factorColumns are those of Factors, where factorTables are joined to users u.
const (
	factorColumns = totpColumns + `,
			EXISTS (SELECT 1 FROM passkeys WHERE user_id = u.id AND removed_seq IS NULL),
			EXISTS (SELECT 1 FROM recovery_codes WHERE user_id = u.id AND used_at IS NULL AND removed_seq IS NULL)`
	factorTables = ` LEFT JOIN totps t ON t.user_id = u.id AND t.removed_seq IS NULL`
)

// factorsRow receives what factorColumns say of one account.
type factorsRow struct {
	totp                    totpRow
	passkeys, recoveryCodes bool
}

func (f *factorsRow) dest() []any { return append(f.totp.dest(), &f.passkeys, &f.recoveryCodes) }

func (f *factorsRow) factors() Factors {
	return Factors{TOTP: f.totp.totp(), Passkeys: f.passkeys, RecoveryCodes: f.recoveryCodes}
}

// FactorsOf returns what a user can show besides the password, and whether a client is
// familiar to them at now; ErrNotFound if there is no such user.
func (s *Store) FactorsOf(ctx context.Context, userID, client string, now time.Time) (_ Factors, familiar bool, err error) {
	var f factorsRow
	err = s.conn.QueryRow(ctx, `/* FactorsOf */
		SELECT `+factorColumns+`,
			EXISTS (SELECT 1 FROM familiar WHERE user_id = u.id AND kind = 'client' AND value = $2 AND last_seen_at > $3)
		FROM users u`+factorTables+` WHERE u.id = $1`, userID, client, now.Add(-clientFamiliar)).
		Scan(append(f.dest(), &familiar)...)
	return f.factors(), familiar, err
}

// FactorUse is the use of a factor by its user. It happens once: one of TOTP, RecoveryCode and
// Passkey is set.
type FactorUse struct {
	TOTP         *TOTP  // the app whose code it was, and
	Step         int64  // the code's step
	RecoveryCode []byte // the code's hash, and
	Left         int    // how many are left then
	Passkey      *PasskeyUse

	Known bool // of a code: to which tries the try is given back, see CountFactorTry
}

// usedFor is how long the row of a used code is kept at least. What the code's factor
// remembers of it holds for good.
const usedFor = time.Hour

// use adds the use of a factor by a user to a chain.
func (c *chain) use(f *FactorUse, userID string, now time.Time) {
	if f.Passkey != nil {
		c.usePasskey(f.Passkey, now)
		return
	}
	kind := TriesTOTP
	if f.TOTP != nil {
		hash := ClaimHash([]byte("totp"), []byte(f.TOTP.ID), strconv.AppendInt(nil, f.Step, 10))
		c.claim(Claim{hash, now.Add(usedFor)}, `/* UseFactor, a code of an app */
			INSERT INTO used (hash, owner, expires_at) SELECT $1, $2, $3 FROM totps WHERE id = $4 AND last_step < $5 AND removed_seq IS NULL`, f.TOTP.ID, f.Step)
		c.then(`/* UseFactor, its app */
			UPDATE totps SET last_step = $2, last_used_at = $3 WHERE id = $1 AND last_step < $2`, f.TOTP.ID, f.Step, now)
	} else {
		kind = TriesRecoveryCode
		hash := ClaimHash([]byte("recovery code"), []byte(userID), f.RecoveryCode)
		c.claim(Claim{hash, now.Add(usedFor)}, `/* UseFactor, a recovery code */
			INSERT INTO used (hash, owner, expires_at) SELECT $1, $2, $3 FROM recovery_codes WHERE user_id = $4 AND hash = $5 AND used_at IS NULL AND removed_seq IS NULL`, userID, f.RecoveryCode)
		c.then(`/* UseFactor, its row */
			UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND hash = $2`, userID, f.RecoveryCode, now)
	}
	c.then(`/* UseFactor, its try */
		UPDATE factor_tries SET hour_count = hour_count - 1, day_count = day_count - 1
		WHERE user_id = $1 AND kind = $2 AND known = $3 AND hour_count > 0 AND day_count > 0`, userID, kind, f.Known)
}

// takeBackFactors has exactly those factors of a user count that did before the event with
// this seq, and no device be trusted. Call it in a transaction.
func (s *Store) takeBackFactors(ctx context.Context, userID string, seq int64) error {
	for _, sql := range []string{
		`/* takeBackFactors, apps that came later */ DELETE FROM totps WHERE user_id = $1 AND added_seq >= $2`,
		`/* takeBackFactors, apps */ UPDATE totps SET removed_seq = NULL WHERE user_id = $1 AND removed_seq >= $2`,
		`/* takeBackFactors, passkeys that came later */ DELETE FROM passkeys WHERE user_id = $1 AND added_seq >= $2`,
		`/* takeBackFactors, passkeys */ UPDATE passkeys SET removed_seq = NULL WHERE user_id = $1 AND removed_seq >= $2`,
		`/* takeBackFactors, codes that came later */ DELETE FROM recovery_codes WHERE user_id = $1 AND added_seq >= $2`,
		`/* takeBackFactors, codes */ UPDATE recovery_codes SET removed_seq = NULL WHERE user_id = $1 AND removed_seq >= $2`,
	} {
		if _, err := s.conn.Exec(ctx, sql, userID, seq); err != nil {
			return err
		}
	}
	_, err := s.conn.Exec(ctx, `/* takeBackFactors, trusted devices */ DELETE FROM trusted_devices WHERE user_id = $1`, userID)
	return err
}

// UseFactor uses a factor of u up for the owner, the id of what is made with it. The error is
// ErrConflict if it was used before, or does not count any more. Call it in a transaction
// that has written the user's own row.
func (s *Store) UseFactor(ctx context.Context, userID string, f *FactorUse, owner string, now time.Time) error {
	c := &chain{owner: owner}
	c.use(f, userID, now)
	counts, err := s.batch(ctx, c.stmts...)
	if err == nil && counts[c.uses[len(c.uses)-1]] == 0 {
		err = ErrConflict
	}
	return err
}

// WantSecondFactor has a login of u by password ask for a passkey, or not any more.
// ErrNotFound: see asRead.
func (s *Store) WantSecondFactor(ctx context.Context, u *User, wanted bool) error {
	return one(s.conn.Exec(ctx, `/* WantSecondFactor */ UPDATE users SET wants_second_factor = $3`+asRead, u.ID, u.SecurityVersion, wanted))
}
