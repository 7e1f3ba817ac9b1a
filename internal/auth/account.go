package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/internal/names"
	"latchkey/internal/store"
)

// undoFor is how long an event may be taken back, and its old address and
// username are kept from everybody else.
const undoFor = 72 * time.Hour

// ChangeUsernameInput is the argument of ChangeUsername.
type ChangeUsernameInput struct{ Username string }

// ChangeUsername gives the viewer another username, or the same in another
// case. The old one stays theirs for 72 h. The mistakes are USERNAME_INVALID and
// USERNAME_TAKEN; RateLimited.
func (s *Service) ChangeUsername(ctx context.Context, v *Viewer, in ChangeUsernameInput, c Client) (*store.User, error) {
	key, ok := names.ParseUsername(in.Username)
	if !ok {
		return nil, errUsernameInvalid()
	}
	if in.Username == v.User.Username {
		return v.User, nil
	}
	taken, err := s.Store.UsernameTaken(ctx, key, v.User.ID, v.User.EmailKey, s.now())
	if err != nil {
		return nil, fmt.Errorf("change username: %w", err)
	}
	if taken {
		return nil, errUsernameTaken()
	}
	if err := s.countChange(ctx, "username", v.User.ID, renameLimit); err != nil {
		return nil, fmt.Errorf("change username: %w", err)
	}
	err = s.change(ctx, v, nil, func(tx *store.Store, u *store.User, now time.Time) error {
		if err := tx.SetUsername(ctx, u, in.Username, now, now.Add(undoFor)); err != nil {
			return err
		}
		return s.addEvent(ctx, tx, store.MailUsernameChanged, u, c, now, in.Username)
	})
	if errors.Is(err, store.ErrConflict) { // claimed since we looked
		return nil, errUsernameTaken()
	}
	return s.changed(ctx, v.User.ID, "username changed", err)
}

// ChangePasswordInput is the argument of ChangePassword.
type ChangePasswordInput struct {
	CurrentPassword string
	NewPassword     string
}

// ChangePassword replaces the viewer's password, ends all their other sessions
// and makes every older link dead. The mistakes are WRONG_PASSWORD and those of
// a new password; RateLimited.
func (s *Service) ChangePassword(ctx context.Context, v *Viewer, in ChangePasswordInput, c Client) (*store.User, error) {
	if errs := s.policyErrors("newPassword", in.NewPassword, own(v.User)...); errs != nil {
		return nil, errs
	}
	wrong := errWrongPassword("currentPassword")
	if err := s.prove(ctx, v, in.CurrentPassword, c, wrong); err != nil {
		return nil, fmt.Errorf("change password: %w", err)
	}
	if err := s.countChange(ctx, "password", v.User.ID, repasswordLimit); err != nil {
		return nil, fmt.Errorf("change password: %w", err)
	}
	hash, err := s.Hasher.Hash(ctx, c.Key(), in.NewPassword)
	if err != nil {
		return nil, fmt.Errorf("change password: %w", err)
	}
	err = s.change(ctx, v, wrong, func(tx *store.Store, u *store.User, now time.Time) error {
		if err := tx.SetPassword(ctx, u, hash, now); err != nil {
			return err
		}
		if err := tx.EndSessions(ctx, u.ID, v.Session.ID); err != nil {
			return err
		}
		return s.addEvent(ctx, tx, store.MailPasswordChanged, u, c, now, "")
	})
	return s.changed(ctx, v.User.ID, "password changed", err)
}

// DeleteAccountInput is the argument of DeleteAccount.
type DeleteAccountInput struct{ Password string }

// DeleteAccount deletes the viewer's account with its sessions and links. The
// mistakes are WRONG_PASSWORD and LAST_ADMIN; RateLimited.
func (s *Service) DeleteAccount(ctx context.Context, v *Viewer, in DeleteAccountInput, c Client) error {
	wrong := errWrongPassword("password")
	if err := s.prove(ctx, v, in.Password, c, wrong); err != nil {
		return fmt.Errorf("delete account: %w", err)
	}
	err := s.change(ctx, v, wrong, func(tx *store.Store, u *store.User, now time.Time) error {
		return s.deleteUser(ctx, tx, u, c, now)
	})
	switch {
	case errors.Is(err, store.ErrLastAdmin):
		return errLastAdmin("")
	case err != nil:
		return fmt.Errorf("delete account: %w", err)
	}
	s.MailQueued()
	s.Log.Info().Str("user_id", v.User.ID).Msg("account deleted")
	return nil
}

// deleteUser deletes u and tells them, also at the addresses that they had until
// lately: somebody else may have moved the account before.
func (s *Service) deleteUser(ctx context.Context, tx *store.Store, u *store.User, c Client, now time.Time) error {
	former, err := tx.FormerAddresses(ctx, u, now)
	if err != nil {
		return err
	}
	notices := []*store.Mail{s.notice(store.MailAccountDeleted, u, c, now)}
	for _, f := range former {
		m := s.notice(store.MailAccountDeleted, u, c, now)
		m.RecipientKey, m.Details.To, m.Details.Kept = f.EmailKey, f.EmailKey, f.HeldUntil
		notices = append(notices, m)
	}
	return tx.DeleteUser(ctx, u, notices...)
}

// prove compares the password that allows the viewer a change. A wrong one
// counts as a failed login and is answered with wrong.
func (s *Service) prove(ctx context.Context, v *Viewer, typed string, c Client, wrong error) error {
	t, err := s.countTry(ctx, "user:"+v.User.ID, c)
	if err != nil {
		return err
	}
	familiar, err := s.Store.Familiar(ctx, v.User.ID, "client", c.Key(), s.now().Add(-clientMemory))
	if err != nil {
		t.giveBack(ctx)
		return err
	}
	if err := t.compare(ctx, v.User.PasswordHash, typed, familiar); !errors.Is(err, errMismatch) {
		return err
	}
	return wrong
}

// maxChangeRaces bounds how often a change looks at its user again because
// something came between.
const maxChangeRaces = 5

// change has f change the viewer in a transaction. If something came between, so
// that f answers ErrNotFound, it is tried again with the user as they are then:
// Unauthenticated if their session ended by it, and wrong, unless that is nil, if
// the password that was proven is no longer in force.
func (s *Service) change(ctx context.Context, v *Viewer, wrong error, f func(tx *store.Store, u *store.User, now time.Time) error) error {
	u := v.User
	for range maxChangeRaces {
		now := s.now()
		err := s.Store.InTx(ctx, func(tx *store.Store) error { return f(tx, u, now) })
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		_, u, err = s.Store.SessionWithUser(ctx, v.Session.ID, now)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return errUnauthenticated(ReasonRevoked)
		case err != nil:
			return err
		case wrong != nil && u.PasswordHash != v.User.PasswordHash:
			return wrong
		}
	}
	return errChangeRaces()
}

func errChangeRaces() error {
	return &Error{Code: Unavailable, Message: "Too much at once with this account. Try again soon.", RetryAfter: time.Second}
}

// changed ends a change: it returns the user as they are now, or says why the
// change failed.
func (s *Service) changed(ctx context.Context, id, what string, err error) (*store.User, error) {
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	s.MailQueued()
	s.Log.Info().Str("user_id", id).Msg(what)
	u, err := s.Store.UserByID(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errUnauthenticated(ReasonRevoked)
	}
	return u, err
}

// event is what happened to u just now, with the mail that tells of it. became
// is the new username or address, or "".
func (s *Service) event(kind store.MailKind, u *store.User, c Client, now time.Time, became string) (*store.Event, *store.Mail) {
	e := &store.Event{
		ID: newID(), UserID: u.ID, Kind: kind, Email: u.Email, EmailKey: u.EmailKey, Username: u.Username,
		Device: c.device(), At: now, ExpiresAt: now.Add(undoFor),
	}
	m := s.notice(kind, u, c, now)
	m.Details.Event, m.Details.New = e.ID, became
	return e, m
}

// addEvent writes what event makes in the transaction that changes u.
func (s *Service) addEvent(ctx context.Context, tx *store.Store, kind store.MailKind, u *store.User, c Client, now time.Time, became string) error {
	e, m := s.event(kind, u, c, now, became)
	return tx.AddEvent(ctx, e, m)
}

// notice is a mail to the address that u has now. Nobody but u and those who
// look after them can cause it, so it is not counted.
func (s *Service) notice(kind store.MailKind, u *store.User, c Client, now time.Time) *store.Mail {
	m := &store.Mail{
		ID: newID(), Kind: kind, UserID: u.ID, RecipientKey: u.EmailKey, Admitted: true, CreatedAt: now,
		Details: store.MailDetails{To: u.Email, Username: u.Username, At: now},
	}
	if c.Addr.IsValid() { // else an administrator or the shell: not for the user to know where from
		m.Client, m.Details.Device, m.Details.Address = c.Key(), c.device(), c.Addr.Unmap().String()
	}
	return m
}

// own is what belongs to a user and is no secret, so no password either.
func own(u *store.User) []string {
	local, _, _ := strings.Cut(u.Email, "@")
	return []string{u.Username, u.Email, local}
}
