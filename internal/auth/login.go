package auth

import (
	"cmp"
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
	ClientID   string // the OAuth client that opens the session; "" is OwnClient
}

// Login is a device that is logged in.
type Login struct {
	User    *store.User
	Session *store.Session
	Tokens  *Tokens
}

// Login opens a session for a device. Unknown user, wrong password and an
// address that is not confirmed yet are one mistake, INVALID_CREDENTIALS, and
// take as long; ACCOUNT_DISABLED is said to one who knows the password.
// RateLimited.
func (s *Service) Login(ctx context.Context, in LoginInput, c Client) (*Login, error) {
	key := loginKey(in.Login)
	t, err := s.countTry(ctx, "login:"+key.Email+key.Username, c)
	if err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	now := s.now()
	user, err := s.Store.LoginCandidate(ctx, key, c.Key(), now.Add(-clientMemory), c.device(), now.Add(-deviceMemory))
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
	return s.openSession(ctx, user, in, c)
}

func (s *Service) openSession(ctx context.Context, user *store.LoginCandidate, in LoginInput, c Client) (*Login, error) {
	session := s.newSession(user.ID, in.DeviceName, c, s.now())
	session.ClientID = cmp.Or(in.ClientID, OwnClient)
	o := s.opening(session, &user.User, c)
	if s.Hasher.NeedsRehash(o.PasswordHash) {
		better, err := s.Hasher.Hash(ctx, c.Key(), in.Password)
		if err == nil {
			o.PasswordHash = better
		} else { // too long for bcrypt, or no time now: the old one serves on
			s.Log.Info().Err(err).Str("user_id", user.ID).Msg("hash not renewed")
		}
	}
	if user.LastLoginAt != nil && !user.DeviceKnown {
		o.Event, o.Notice = s.event(store.MailNewDevice, &user.User, c, session.CreatedAt, "")
	}
	if err := s.Store.OpenSession(ctx, o); errors.Is(err, store.ErrNotFound) {
		return nil, errCredentials() // what was compared is no longer in force
	} else if err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	if o.Notice != nil {
		s.MailQueued()
	}
	user.LastLoginAt = &session.CreatedAt
	s.Log.Info().Str("user_id", user.ID).Str("session_id", session.ID).Msg("login")
	return s.loggedIn(&user.User, session)
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
