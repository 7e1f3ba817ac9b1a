package store

import (
	"context"
	"time"

	"latchkey/internal/db"
)

// RecoveryCodes says how many codes of a user are left, and when they were made.
type RecoveryCodes struct {
	Left      int
	CreatedAt time.Time
}

// RecoveryCodesOf returns those of several users by the users' ids. Who has none left is not
// in the map.
func (s *Store) RecoveryCodesOf(ctx context.Context, userIDs []string) (map[string]*RecoveryCodes, error) {
	all := map[string]*RecoveryCodes{}
	if len(userIDs) == 0 {
		return all, nil
	}
	type code struct {
		user string
		made time.Time
	}
	scan := func(row db.Row) (*code, error) {
		var c code
		return &c, row.Scan(&c.user, &c.made)
	}
	in, args := inList(userIDs)
	list, err := query(ctx, s.conn, scan, `/* RecoveryCodesOf */
		SELECT user_id, created_at FROM recovery_codes WHERE used_at IS NULL AND removed_seq IS NULL AND user_id IN `+in, args...)
	for _, c := range list {
		if all[c.user] == nil {
			all[c.user] = &RecoveryCodes{CreatedAt: c.made.UTC()}
		}
		all[c.user].Left++
	}
	return all, err
}

// HasRecoveryCode reports whether a user has an unused code with this hash, and how many
// unused ones they have in all.
func (s *Store) HasRecoveryCode(ctx context.Context, userID string, hash []byte) (left int, has bool, err error) {
	err = s.conn.QueryRow(ctx, `/* HasRecoveryCode */
		SELECT COUNT(*), COUNT(CASE WHEN hash = $2 THEN 1 END) > 0 FROM recovery_codes
		WHERE user_id = $1 AND used_at IS NULL AND removed_seq IS NULL`, userID, hash).Scan(&left, &has)
	return left, has, err
}

// SetRecoveryCodes gives a user new codes, by their hashes, in the place of those that there
// were. Call it in the transaction of its event, which happens at now, and which has
// written the user's own row.
func (s *Store) SetRecoveryCodes(ctx context.Context, userID string, hashes [][]byte, now time.Time) error {
	if err := s.RemoveRecoveryCodes(ctx, userID, now); err != nil {
		return err
	}
	for _, hash := range hashes {
		_, err := s.conn.Exec(ctx, `/* SetRecoveryCodes */
			INSERT INTO recovery_codes (user_id, hash, created_at, added_seq) VALUES ($1, $2, $3, `+nextSeq("$1", "$4")+`)`,
			userID, hash, now, now.UnixMicro())
		if err != nil {
			return err
		}
	}
	return nil
}

// RemoveRecoveryCodes takes those of a user off that are there, used ones too.
func (s *Store) RemoveRecoveryCodes(ctx context.Context, userID string, now time.Time) error {
	_, err := s.conn.Exec(ctx, `/* RemoveRecoveryCodes */
		UPDATE recovery_codes SET removed_seq = `+nextSeq("$1", "$2")+` WHERE user_id = $1 AND removed_seq IS NULL`, userID, now.UnixMicro())
	return err
}
