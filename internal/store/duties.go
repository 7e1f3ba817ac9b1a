package store

import (
	"context"
	"time"
)

// SetDuties sets what u has to do at the next login: change the password, and have a second
// factor. The error is ErrNotFound if u is no longer at the security_version that was read.
func (s *Store) SetDuties(ctx context.Context, u *User, changePassword, enrol bool) error {
	return one(s.conn.Exec(ctx, `/* SetDuties */
		UPDATE users SET must_change_password = $3, must_enrol = $4 WHERE id = $1 AND security_version = $2`,
		u.ID, u.SecurityVersion, changePassword, enrol))
}

// ResetFactors takes off u for good all that opens the account but the password, with the
// tries at its codes; ends all sessions; and makes every older link dead. No event that is
// taken back later brings any of it back. The error is ErrNotFound if u is no longer at the
// security_version that was read. Call it in a transaction.
func (s *Store) ResetFactors(ctx context.Context, u *User, now time.Time) error {
	err := one(s.conn.Exec(ctx, `/* ResetFactors */
		UPDATE users SET wants_second_factor = FALSE, `+secured("$3")+` WHERE id = $1 AND security_version = $2`, u.ID, u.SecurityVersion, now))
	if err != nil {
		return err
	}
	for _, sql := range []string{
		`/* ResetFactors, apps */ DELETE FROM totps WHERE user_id = $1`,
		`/* ResetFactors, passkeys */ DELETE FROM passkeys WHERE user_id = $1`,
		`/* ResetFactors, recovery codes */ DELETE FROM recovery_codes WHERE user_id = $1`,
		`/* ResetFactors, tries */ DELETE FROM factor_tries WHERE user_id = $1`,
	} {
		if _, err := s.conn.Exec(ctx, sql, u.ID); err != nil {
			return err
		}
	}
	if err := s.ForgetDevices(ctx, u.ID); err != nil {
		return err
	}
	return s.EndSessions(ctx, u.ID, "")
}
