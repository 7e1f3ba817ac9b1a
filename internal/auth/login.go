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
	Login       string // a username or an address
	Password    string
	DeviceName  *string
	DeviceToken *string // the device's secret of an earlier login, or nil
	Transport   TokenTransport
}

// Login is what a device has once it is logged in. The first three are there.
type Login struct {
	User        *store.User
	Session     *store.Session
	Tokens      *Tokens
	DeviceToken *string // the device's secret; nil after a refresh, and where it travels in a cookie

	Transport     TokenTransport // of a login: how its tokens are to travel
	RecoveryCodes []string       // those that an enrolment made; shown once
}

// Login opens a session for a device. An unknown user and a wrong password are one
// mistake, INVALID_CREDENTIALS, and take as long as each other (C1 and C2: nobody can
// tell who has an account). Only who knows the password is told ACCOUNT_DISABLED, and
// only who knows that of an unfinished registration EMAIL_NOT_CONFIRMED. Where more is
// asked for than the password, the error is a [*StepNeeded]. RateLimited.
func (s *Service) Login(ctx context.Context, a Actor, in LoginInput) (l *Login, err error) {
	defer func() { s.loginFailed(a, err) }()
	key := loginKey(in.Login)
	device := s.devices.open(in.DeviceToken, s.now())
	t, err := s.countTry(ctx, a, "login:"+key.Email+key.Username, device)
	if err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	user, err := s.store.LoginCandidate(ctx, key, device.whence(a.Client), s.now())
	w := &waiting{key: key}
	unknown := errors.Is(err, store.ErrNotFound)
	if unknown {
		user = &store.LoginCandidate{} // without a hash
		err = w.find(ctx, s, a)
		user.PasswordHash = w.byName()
	}
	if err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	t.owner = user.ID
	known := known{client: user.ClientKnown, device: device.of(&user.User)}
	switch err := t.compare(ctx, user.PasswordHash, in.Password, known); {
	case err != nil:
		return nil, fmt.Errorf("login: %w", s.refused(ctx, a, t, w, in.Password, err))
	case unknown:
		return nil, s.notConfirmed(ctx, a, w.registration)
	}
	compared := user.PasswordHash
	s.renewHash(ctx, a, user, in.Password)
	l, err = s.admit(ctx, a, user, entry{
		way:    newWay(in.DeviceName, in.Transport, known.device),
		shown:  proofs{{Kind: ProofPassword, At: s.now()}},
		device: device,
	})
	step, more := errors.AsType[*StepNeeded](err)
	switch {
	case more && user.PasswordHash != compared: // no session wrote the better one
		err = s.store.RenewHash(ctx, user.ID, compared, user.PasswordHash)
	case more:
		err = nil
	case errors.Is(err, store.ErrNotFound):
		return nil, errCredentials() // what was compared is no longer in force
	}
	if err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	if more {
		return nil, step
	}
	return l, nil
}

// renewHash gives u a new hash of the password that was right, if the old one is of a
// lesser kind or cost than those made now (A5). admit writes it with the session.
func (s *Service) renewHash(ctx context.Context, a Actor, u *store.LoginCandidate, typed string) {
	if u.DisabledAt != nil || !s.hasher.NeedsRehash(u.PasswordHash) {
		return
	}
	better, err := s.hasher.Hash(ctx, a.Client.caller(true), typed)
	if err != nil { // too long for bcrypt, or no time now: the old one serves on
		a.logged(s.log.Info()).Err(err).Str("user_id", u.ID).Msg("hash not renewed")
		return
	}
	u.PasswordHash = better
}

// loginKey returns the key that a login looks its user up by. What is neither an
// address nor a username is looked up all the same, as a username that nobody has, so
// that it takes as long (C2). It is cut to the length that a key has at most.
func loginKey(login string) store.LoginKey {
	login = names.Trim(login)
	if strings.Contains(login, "@") {
		if e, ok := names.ParseKnownEmail(login); ok {
			return store.LoginKey{Email: e.Key}
		}
	}
	if len(login) > names.MaxEmail {
		login = login[:names.MaxEmail]
	}
	return store.LoginKey{Username: names.Lower(strings.ToValidUTF8(login, "?"))}
}
