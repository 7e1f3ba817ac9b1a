package auth

import (
	"context"
	"fmt"

	"latchkey/internal/store"
)

// A TestMail sends a mail to an address at once, past all that waits. It takes some seconds at
// most. If the mail was not sent, the answer says why in the words of the mail server, for the
// administrator who asked: it is no text for a log.
type TestMail func(ctx context.Context, to string) (answer string, sent bool)

// SendTestMail sends a mail to the viewer's own address at once, and returns that. The mistake
// is MAIL_NOT_SENT, which says why. RateLimited.
func (s *Service) SendTestMail(ctx context.Context, a Actor) (to string, err error) {
	u := a.Viewer.User
	if err := s.countChange(ctx, "test mail", u.ID, testMailLimit); err != nil {
		return "", fmt.Errorf("test mail: %w", err)
	}
	answer, sent := "this service sends none", false
	if s.testMail != nil {
		answer, sent = s.testMail(ctx, u.Email)
	}
	_, err = s.act(context.WithoutCancel(ctx), a, store.EventMailTested, s.self(a, nil), func(d *deed) error {
		if !sent {
			d.event.Outcome = store.OutcomeRefused
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("test mail: %w", err)
	}
	if !sent {
		return "", userError(MailNotSent, "", "The mail was not sent: "+answer)
	}
	return u.Email, nil
}
