package auth

import (
	"context"
	"errors"
	"fmt"

	"latchkey/internal/link"
	"latchkey/internal/store"
)

// AdminLink makes a link to the page where the first administrator is made: it works once,
// for 30 minutes. Whoever has it can be that administrator, so it is for the shell alone. The
// mistake is TOKEN_INVALID if there is an administrator already.
func (s *Service) AdminLink(ctx context.Context, a Actor) (link.Link, error) {
	has, err := s.store.HasAdmin(ctx)
	if err == nil && has {
		err = errHasAdmin()
	}
	if err != nil {
		return link.Link{}, fmt.Errorf("admin link: %w", err)
	}
	err = s.record(ctx, a, store.EventAdminLinkMade, func(*store.Store, *store.SecurityEvent) error { return nil })
	if err != nil {
		return link.Link{}, fmt.Errorf("admin link: %w", err)
	}
	made, err := s.links.Make(ctx, link.Target{Purpose: link.FirstAdministrator})
	if err != nil {
		return link.Link{}, fmt.Errorf("admin link: %w", err)
	}
	return made, nil
}

// LookAtFirst returns nil if a link would make the first administrator, and changes nothing.
// The mistake is TOKEN_INVALID.
func (s *Service) LookAtFirst(ctx context.Context, token string) error {
	return s.lookAtFirst(ctx, Actor{}, token)
}

func (s *Service) lookAtFirst(ctx context.Context, a Actor, token string) error {
	if _, err := s.openLink(ctx, a, token, "", link.FirstAdministrator); err != nil {
		return err
	}
	has, err := s.store.HasAdmin(ctx)
	if err == nil && has {
		err = errHasAdmin()
	}
	if err != nil {
		return fmt.Errorf("first administrator: %w", err)
	}
	return nil
}

// FirstAdministratorInput is the argument of FirstAdministrator.
type FirstAdministratorInput struct {
	Token    string
	Email    string
	Username string
	Password string
}

// FirstAdministrator makes the first administrator by the token of a link. Of several that are
// used at once, whichever links they are, one does. The mistakes are TOKEN_INVALID, also once
// there is an administrator, and those of CreateUser, which leave the link as good as it was.
func (s *Service) FirstAdministrator(ctx context.Context, a Actor, in FirstAdministratorInput) (*store.User, error) {
	if err := s.lookAtFirst(ctx, a, in.Token); err != nil {
		return nil, err
	}
	account := CreateUserInput{Email: in.Email, Username: in.Username, Password: &in.Password, Role: store.RoleAdmin}
	u, err := s.makeUser(ctx, a, account, making{
		kind:  store.EventAccountCreated,
		first: func(ctx context.Context, tx *store.Store) error { return tx.NoAdministrator(ctx) },
	})
	if errors.Is(err, store.ErrHasAdmin) {
		err = errHasAdmin()
	}
	if err != nil {
		return nil, fmt.Errorf("first administrator: %w", err)
	}
	s.dropLink(ctx, in.Token)
	return u, nil
}

func errHasAdmin() error {
	return userError(TokenInvalid, "token", "There is an administrator already, who can make others.")
}
