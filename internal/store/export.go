package store

import (
	"context"
	"time"
)

// ExportUsers returns up to n users in the order of their creation: those behind the user
// who was created at after with the id afterID. Begin with the zero time and "".
func (s *Store) ExportUsers(ctx context.Context, after time.Time, afterID string, n int) ([]User, error) {
	return query(ctx, s.conn, scanUser, `/* ExportUsers */
		SELECT `+userColumns+` FROM users u WHERE (u.created_at, u.id) > ($1, $2) ORDER BY u.created_at, u.id LIMIT $3`, after, afterID, n)
}
