package auth

import (
	"context"
	"errors"
	"fmt"

	"latchkey/internal/store"
)

// NewUser is an account that an operator makes.
type NewUser struct {
	RegisterInput
	Role store.Role
}

// ErrEmailTaken says that an address has an account, or had one until lately
// that may come back to it. Only an operator is told.
var ErrEmailTaken = errors.New("this address has an account already, or is kept for one that changed it in the last 72 hours")

// CreateUser makes an account without a confirmation, by the rules of Register.
// Mistakes are UserErrors; ErrEmailTaken.
func (s *Service) CreateUser(ctx context.Context, in NewUser) (*store.User, error) {
	email, usernameKey, err := s.validate(ctx, in.RegisterInput)
	if err != nil {
		return nil, err
	}
	if taken, err := s.Store.EmailTaken(ctx, email.Key, s.now()); err != nil {
		return nil, fmt.Errorf("create user: %w", err)
	} else if taken {
		return nil, ErrEmailTaken
	}
	hash, err := s.Hasher.Hash(ctx, "", in.Password)
	if err != nil {
		return nil, fmt.Errorf("create user: %w", err)
	}
	now := s.now()
	user := &store.User{
		ID: newID(), Email: email.Address, EmailKey: email.Key, Username: in.Username, PasswordHash: hash,
		Role: in.Role, SecurityVersion: 1, CreatedAt: now, UpdatedAt: now,
	}
	err = s.Store.InTx(ctx, func(tx *store.Store) error {
		if err := tx.CreateUser(ctx, user, usernameKey); err != nil {
			return err
		}
		return tx.CloseRegistrations(ctx, user.EmailKey)
	})
	if errors.Is(err, store.ErrConflict) { // since validate looked
		return nil, errUsernameTaken()
	} else if err != nil {
		return nil, fmt.Errorf("create user: %w", err)
	}
	s.Log.Info().Str("user_id", user.ID).Str("role", string(user.Role)).Msg("user created")
	return user, nil
}
