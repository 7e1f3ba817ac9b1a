package auth

import (
	"context"
	"fmt"

	"latchkey/internal/names"
	"latchkey/internal/store"
)

// ResendConfirmationInput is the argument of ResendConfirmation.
type ResendConfirmationInput struct{ Email string }

// ResendConfirmation mails the links of every unfinished registration of an address
// again. The mail worker finds out whether there are any, so answer and work are the
// same for every address (C3). The mistake is EMAIL_INVALID; RateLimited.
func (s *Service) ResendConfirmation(ctx context.Context, a Actor, in ResendConfirmationInput) error {
	return s.requestMail(ctx, a, store.MailResendConfirmation, "resend", in.Email)
}

// requestMail writes a mail of which the worker finds out whether there is anything to
// say to the address. The call is counted under the name what.
func (s *Service) requestMail(ctx context.Context, a Actor, kind store.MailKind, what, address string) error {
	email, ok := names.ParseKnownEmail(address)
	if err := s.countMail(ctx, a, what, ok); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if !ok {
		return errEmailInvalid()
	}
	if err := s.mailAgain(ctx, a, kind, email.Key); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	s.sum(a, store.EventMailRequested, what, "")
	return nil
}

// mailAgain writes the job, of which one waits for each address and client.
func (s *Service) mailAgain(ctx context.Context, a Actor, kind store.MailKind, emailKey string) error {
	// The worker is not woken: while it finds out what there is to send, the next
	// call could tell by its time (C3). It looks by itself within a second.
	return s.store.EnqueueMail(ctx, &store.Mail{
		ID: newID(), Kind: kind, Dedupe: store.ResendDedupe(kind, emailKey, a.Client.Key()),
		RecipientKey: emailKey, Client: a.Client.Key(), Line: s.line(a), CreatedAt: s.now(),
	})
}
