package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/link"
	"latchkey/internal/names"
	"latchkey/internal/store"
)

// refusedFor is how long a mailbox is kept from the mails that strangers cause: long
// enough to be left in peace, and not for ever, since mailboxes change hands.
const refusedFor = 365 * 24 * time.Hour

// LookAtRefusal reports whether the mailbox of a link refuses mails, and changes nothing.
// The mistake is TOKEN_INVALID.
func (s *Service) LookAtRefusal(ctx context.Context, token, email string) (refused bool, err error) {
	hashes, err := s.openRefusal(token, email)
	if err != nil {
		return false, err
	}
	if refused, err = s.store.MailRefused(ctx, hashes, s.now()); err != nil {
		return false, fmt.Errorf("refusal: %w", err)
	}
	return refused, nil
}

// RefuseMails keeps the mailbox of a link from the mails that strangers cause, for a year
// from now: those about registrations and new addresses. Links that set the password of
// an account still come, but one an hour where the account does not know who asks (so
// nobody is kept from their account by it). The mistake is TOKEN_INVALID.
func (s *Service) RefuseMails(ctx context.Context, a Actor, token, email string) error {
	hashes, err := s.openRefusal(token, email)
	if err != nil {
		return err
	}
	if err := s.store.RefuseMail(ctx, hashes[0], s.now().Add(refusedFor)); err != nil {
		return fmt.Errorf("refuse mails: %w", err)
	}
	a.logged(s.log.Info()).Str("event", string(store.EventMailsRefused)).Msg("mails refused")
	s.sum(a, store.EventMailsRefused, "", "")
	return nil
}

// AllowMails undoes RefuseMails. The mistake is TOKEN_INVALID.
func (s *Service) AllowMails(ctx context.Context, a Actor, token, email string) error {
	hashes, err := s.openRefusal(token, email)
	if err != nil {
		return err
	}
	if err := s.store.AllowMail(ctx, hashes); err != nil {
		return fmt.Errorf("allow mails: %w", err)
	}
	a.logged(s.log.Info()).Str("event", string(store.EventMailsAllowed)).Msg("mails allowed")
	s.sum(a, store.EventMailsAllowed, "", "")
	return nil
}

// AllowMailsTo does that to an address without its link, for the operator: somebody who
// refused mails may have none left. The mistake is EMAIL_INVALID.
func (s *Service) AllowMailsTo(ctx context.Context, a Actor, address string) error {
	email, ok := names.ParseKnownEmail(address)
	if !ok {
		return errEmailInvalid()
	}
	err := s.record(ctx, a, store.EventMailsAllowed, func(tx *store.Store, _ *store.SecurityEvent) error {
		return tx.AllowMail(ctx, s.links.RefusalHashes(email.Key))
	})
	if err != nil {
		return fmt.Errorf("allow mails: %w", err)
	}
	return nil
}

// openRefusal returns the hashes of a link's mailbox. The mistake is TOKEN_INVALID.
func (s *Service) openRefusal(token, email string) ([][]byte, error) {
	key, err := s.links.OpenRefusal(token, email)
	if errors.Is(err, link.ErrDead) {
		return nil, errToken()
	}
	return s.links.RefusalHashes(key), err
}

// wantsMail undoes, in a transaction, what kept the mailbox of an address from mails: who
// confirms the address wants them.
func (s *Service) wantsMail(ctx context.Context, tx *store.Store, emailKey string) error {
	return tx.AllowMail(ctx, s.links.RefusalHashes(emailKey))
}
