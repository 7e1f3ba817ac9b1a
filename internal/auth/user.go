package auth

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"latchkey/internal/names"
	"latchkey/internal/store"
)

// User returns the user with an id. Absent if there is none.
func (s *Service) User(ctx context.Context, id string) (*store.User, error) {
	return found(s.store.UserByID(ctx, id))
}

// FindUser returns the user with an id, a username or an address, whichever text is.
// Absent if there is none.
func (s *Service) FindUser(ctx context.Context, text string) (*store.User, error) {
	if !utf8.ValidString(text) {
		return nil, errAbsent()
	}
	text = names.Trim(text)
	email, _ := names.ParseKnownEmail(text)
	return found(s.store.UserByAny(ctx, text, email.Key, names.Lower(text)))
}

// found turns store.ErrNotFound into Absent.
func found(u *store.User, err error) (*store.User, error) {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, errAbsent()
	case err != nil:
		return nil, fmt.Errorf("user: %w", err)
	}
	return u, nil
}
