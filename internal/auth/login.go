package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"latchkey/internal/names"
	"latchkey/internal/store"
)

// LoginInput is the argument of Login.
type LoginInput struct {
	Login      string // a username or an address
	Password   string
	DeviceName *string
	Transport  TokenTransport
}

// Login is a device that is logged in. It is never partial.
type Login struct {
	User    *store.User
	Session *store.Session
	Tokens  *Tokens
}

// Login opens a session for a device. Unknown user, wrong password and an
// address that is not confirmed yet are one mistake, INVALID_CREDENTIALS, and
// take as long; ACCOUNT_DISABLED is said to one who knows the password.
// RateLimited.
func (s *Service) Login(ctx context.Context, a Actor, in LoginInput) (*Login, error) {
	key := loginKey(in.Login)
	t, err := s.countTry(ctx, a, "login:"+key.Email+key.Username)
	if err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	user, err := s.store.LoginCandidate(ctx, key, a.Client.Key(), a.Client.device(), s.now())
	if errors.Is(err, store.ErrNotFound) {
		user = &store.LoginCandidate{} // without a hash
	} else if err != nil {
		t.giveBack(ctx)
		return nil, fmt.Errorf("login: %w", err)
	}
	switch err := t.compare(ctx, user.PasswordHash, in.Password, user.ClientKnown); {
	case errors.Is(err, errMismatch):
		return nil, errCredentials()
	case err != nil:
		return nil, fmt.Errorf("login: %w", err)
	case user.DisabledAt != nil:
		return nil, userError(AccountDisabled, "", "This account is disabled. Ask an administrator.")
	}
	s.renewHash(ctx, a, user, in.Password)
	l, err := s.admit(ctx, a, user, entry{deviceName: in.DeviceName})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errCredentials() // what was compared is no longer in force
	} else if err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	return l, nil
}

// renewHash replaces the hash of a password that was right, if it is of another
// kind or cost than those made now. The login writes it.
func (s *Service) renewHash(ctx context.Context, a Actor, u *store.LoginCandidate, typed string) {
	if !s.hasher.NeedsRehash(u.PasswordHash) {
		return
	}
	better, err := s.hasher.Hash(ctx, a.Client.Key(), typed)
	if err != nil { // too long for bcrypt, or no time now: the old one serves on
		a.logged(s.log.Info()).Err(err).Str("user_id", u.ID).Msg("hash not renewed")
		return
	}
	u.PasswordHash = better
}

// loginKey says by which key a login looks a user up. What is neither an
// address nor a username is looked up all the same, as a username that nobody
// has, so that it takes as long; it is cut so that a key stays a key.
func loginKey(login string) store.LoginKey {
	if strings.Contains(login, "@") {
		if e, ok := names.ParseEmail(login); ok {
			return store.LoginKey{Email: e.Key}
		}
	}
	if len(login) > names.MaxEmail {
		login = login[:names.MaxEmail]
	}
	return store.LoginKey{Username: names.Lower(strings.ToValidUTF8(login, "?"))}
}
