package auth

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"

	"latchkey/internal/store"
)

// exportPage is how many users are read at once.
const exportPage = 1000

// ExportUsers writes every user to w, one JSON object a line in the order of
// their creation, as ImportUsers reads them: with the hashes of their passwords.
// It returns how many. Users made meanwhile may be left out.
func (s *Service) ExportUsers(ctx context.Context, w io.Writer) (int, error) {
	out := bufio.NewWriter(w)
	n := 0
	var last store.User
	for {
		page, err := s.store.ExportUsers(ctx, last.CreatedAt, last.ID, exportPage)
		if err != nil {
			return n, fmt.Errorf("export: %w", err)
		}
		for i := range page {
			last = page[i]
			if err := json.MarshalWrite(out, PortableUser{
				ID: last.ID, Email: last.Email, Username: last.Username, PasswordHash: last.PasswordHash, Role: last.Role,
				CreatedAt: &last.CreatedAt, DisabledAt: last.DisabledAt,
			}); err != nil {
				return n, fmt.Errorf("export: %w", err)
			}
			_ = out.WriteByte('\n') // an error stays until Flush
			n++
		}
		if len(page) < exportPage {
			break
		}
		if err := ctx.Err(); err != nil {
			return n, fmt.Errorf("export: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return n, fmt.Errorf("export: %w", err)
	}
	return n, nil
}
