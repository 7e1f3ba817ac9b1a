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
// their creation, as ImportUsers reads them: with the hashes of their passwords and, if
// factors is true, what else opens their accounts, the secrets of authenticator apps in the
// clear. It returns how many. Users made meanwhile may be left out. An export is one event,
// of no account, which is written before the first of them.
func (s *Service) ExportUsers(ctx context.Context, a Actor, w io.Writer, factors bool) (n int, _ error) {
	e := event(a, store.EventUsersExported, "", s.now())
	if factors {
		e.Details.Reason = "factors"
	}
	defer func() {
		if e.Count = n; n > 0 {
			s.logEvent(e)
		}
	}()
	out := bufio.NewWriter(w)
	var last store.User
	for {
		page, err := s.store.ExportUsers(ctx, last.CreatedAt, last.ID, exportPage)
		if err != nil {
			return n, fmt.Errorf("export: %w", err)
		}
		if e.Count = n + len(page); len(page) > 0 {
			if err := s.store.CountSecurityEvent(ctx, e); err != nil {
				return n, fmt.Errorf("export: %w", err)
			}
		}
		of, err := s.portableFactors(ctx, page, factors)
		if err != nil {
			return n, fmt.Errorf("export: %w", err)
		}
		for i := range page {
			last = page[i]
			if err := json.MarshalWrite(out, PortableUser{
				ID: last.ID, Email: last.Email, Username: last.Username, PasswordHash: last.PasswordHash, Role: last.Role,
				CreatedAt: &last.CreatedAt, DisabledAt: last.DisabledAt,
				MustChangePassword: last.MustChangePassword, MustEnrol: last.MustEnrol, PortableFactors: of[last.ID],
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

// portableFactors returns what opens the accounts of users besides their passwords, by their
// ids; nothing if it is not wanted.
func (s *Service) portableFactors(ctx context.Context, users []store.User, wanted bool) (map[string]PortableFactors, error) {
	of := map[string]PortableFactors{}
	if !wanted {
		return of, nil
	}
	ids := make([]string, len(users))
	for i := range users {
		ids[i] = users[i].ID
	}
	all, err := s.store.ExportFactors(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range users {
		if of[users[i].ID], err = s.portable(&users[i], all[users[i].ID]); err != nil {
			return nil, err
		}
	}
	return of, nil
}
