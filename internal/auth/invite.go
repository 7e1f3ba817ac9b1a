package auth

import (
	"context"
	"fmt"
	"time"

	"latchkey/internal/store"
)

// invitedFor is how long somebody who was invited has to set a password.
const invitedFor = 72 * time.Hour

// InviteUserInput is the argument of InviteUser.
type InviteUserInput struct {
	Email    string
	Username string
	Role     store.Role
}

// InviteUser makes an account for somebody and mails them a link that sets its password. The
// account is theirs once they do, which confirms the address; until then it is as one without
// a password, and if they have not done it within 72 hours it goes away, with its name. Of a
// new administrator all others are told by mail. The mistakes are those of CreateUser.
func (s *Service) InviteUser(ctx context.Context, a Actor, in InviteUserInput) (*store.User, error) {
	account := CreateUserInput{Email: in.Email, Username: in.Username, Role: in.Role}
	u, err := s.makeUser(ctx, a, account, making{kind: store.EventInvited, invited: invitedFor})
	if err != nil {
		return nil, fmt.Errorf("invite: %w", err)
	}
	return u, nil
}

// invitation returns the mail with the link that makes an account its user's. Nobody but
// administrators can cause one, so it is admitted without being counted.
func invitation(u *store.User, now time.Time) *store.Mail {
	return &store.Mail{ID: newID(), Kind: store.MailInvited, RecipientKey: u.EmailKey, UserID: u.ID, Admitted: true, CreatedAt: now}
}

// uninvited reports whether an invitation is over that its user did not take.
func uninvited(u *store.User, now time.Time) bool {
	return u.InvitedUntil != nil && !now.Before(*u.InvitedUntil)
}
