package auth

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"latchkey/internal/codes"
	"latchkey/internal/link"
	"latchkey/internal/names"
	"latchkey/internal/store"
	"latchkey/internal/throttle"
	"latchkey/internal/ticket"
)

// A mailed code is made of the nonce of a ticket and the key of an address (package link), so
// nothing of it is kept. The ticket stays with who asked for the code, and the code goes to the
// mailbox: neither is worth anything without the other (L2).

// codeTries binds a ticket: 40 bits are not guessed in five tries.
var codeTries = throttle.Limit{N: 5, Window: link.CodeTTL}

// ReasonEmailLoginOff is the reason of Forbidden where nobody logs in by mail.
const ReasonEmailLoginOff = "EMAIL_LOGIN_OFF"

// codeTicket is what the challenge of a login by mail holds. It says nothing of whether the
// address has an account.
type codeTicket struct {
	EmailKey string `json:"e"`
	Way      way    `json:"w"`
}

// RequestLoginCodeInput is the argument of RequestLoginCode.
type RequestLoginCodeInput struct {
	Email      string
	DeviceName *string
	Transport  TokenTransport
}

// LoginCode is a code that is on its way, as who asked for it knows it.
type LoginCode struct {
	Challenge string
	Reference string // which the mail repeats
	ExpiresAt time.Time
}

// RequestLoginCode mails a code that opens a session, if the address has an account. The mail
// worker finds that out, so answer and work are the same for every address (L1). The
// mistake is EMAIL_INVALID; Forbidden where it is off; RateLimited.
func (s *Service) RequestLoginCode(ctx context.Context, a Actor, in RequestLoginCodeInput) (*LoginCode, error) {
	if !s.cfg.EmailLogin {
		return nil, &Error{Code: Forbidden, Reason: ReasonEmailLoginOff, Message: "Nobody logs in by mail here."}
	}
	email, ok := names.ParseKnownEmail(in.Email)
	if err := s.countMail(ctx, a, "login-code", ok); err != nil {
		return nil, fmt.Errorf("login code: %w", err)
	}
	if !ok {
		return nil, errEmailInvalid()
	}
	t, err := s.tickets.Make(ticket.MailLogin, codeTicket{email.Key, newWay(in.DeviceName, in.Transport, false)}, s.now(), link.CodeTTL)
	if err != nil {
		return nil, fmt.Errorf("login code: %w", err)
	}
	code, err := s.mailCode(ctx, a, t, email.Key, a.Client.Key())
	if err == nil {
		s.sum(a, store.EventMailRequested, "login_code", "")
	}
	return code, err
}

// mailCode has the code of a ticket mailed to an address. One such mail waits for each
// address and asker, and brings the code that was asked for last. The worker is not woken:
// see mailAgain.
func (s *Service) mailCode(ctx context.Context, a Actor, t ticket.Ticket, emailKey, asker string) (*LoginCode, error) {
	m := &store.Mail{
		ID: newID(), Kind: store.MailLoginCode, Dedupe: store.ResendDedupe(store.MailLoginCode, emailKey, asker),
		RecipientKey: emailKey, Client: a.Client.Key(), Line: s.line(a), CreatedAt: t.Issued,
		Details: store.MailDetails{Nonce: t.Nonce[:], Device: a.device(), At: t.Issued},
	}
	if a.Client.Addr.IsValid() {
		m.Details.Address = a.Client.Addr.Unmap().String()
	}
	if err := s.store.EnqueueMail(ctx, m); err != nil {
		return nil, fmt.Errorf("login code: %w", err)
	}
	return &LoginCode{Challenge: t.Text, Reference: codes.Reference(t.Nonce[:]), ExpiresAt: t.Expires}, nil
}

// loginByCode takes the code of a login by mail, and logs in whoever has the address.
func (s *Service) loginByCode(ctx context.Context, a Actor, in ContinueLoginInput) (*Login, error) {
	var b codeTicket
	now := s.now()
	t, err := s.tickets.Open(in.Challenge, ticket.MailLogin, now, &b)
	if err != nil || !s.cfg.EmailLogin {
		return nil, errChallenge()
	}
	if err := b.Way.mayGoOn(in.MayUseCookie); err != nil {
		return nil, err
	}
	if err := s.checkMailed(ctx, a, t, b.EmailKey, *in.Answer.EmailCode); err != nil {
		return nil, fmt.Errorf("login by code: %w", err)
	}
	device := s.devices.open(in.DeviceToken, now)
	u, err := s.store.LoginCandidate(ctx, store.LoginKey{Email: b.EmailKey}, device.whence(a.Client), now)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && (u.DisabledAt != nil || u.SecuredAt != nil && u.SecuredAt.After(t.Issued)):
		return nil, errChallenge()
	case err != nil:
		return nil, fmt.Errorf("login by code: %w", err)
	}
	e := entry{way: b.Way, shown: proofs{{Kind: ProofEmailCode, At: now}}, root: t.Nonce[:], begun: t.Issued, device: device, trust: in.RememberDevice}
	e.Kept = device.of(&u.User)
	l, err := s.admit(ctx, a, u, e)
	if _, more := errors.AsType[*StepNeeded](err); err != nil && !more {
		return nil, fmt.Errorf("login by code: %w", err)
	}
	return l, err
}

// checkMailed counts and compares the code that was mailed for a ticket to an address. It
// looks nothing up, so that a wrong one takes as long whether or not the address has an
// account. The mistake is CODE_INVALID; RateLimited.
func (s *Service) checkMailed(ctx context.Context, a Actor, t ticket.Ticket, emailKey, typed string) error {
	counts := []throttle.Count{
		{Key: "code:" + hex.EncodeToString(t.Nonce[:]), Limit: codeTries},
		{Key: "client:" + a.Client.Key(), Limit: clientLimit},
	}
	waits, by, err := s.counters.Take(ctx, s.now(), counts...)
	if err != nil {
		return err
	}
	if longest := slices.Max(waits); longest > 0 {
		for i, wait := range waits {
			if wait == 0 {
				s.giveBack(ctx, by, counts[i])
			}
		}
		s.countRefusal(a, overLimit, "login:"+emailKey, "")
		return errRateLimited(longest)
	}
	if !s.links.IsLoginCode(t.Nonce[:], emailKey, typed) {
		s.countRefusal(a, wrongCode, "login:"+emailKey, "")
		return errCode(ProofEmailCode)
	}
	s.giveBack(ctx, by, counts...)
	return nil
}

// mailsStepUp reports whether a user with factors f shows by a mailed code again who they are:
// there is nothing else that they could show.
func (s *Service) mailsStepUp(u *store.User, f store.Factors) bool {
	return s.cfg.EmailLogin && u.PasswordHash == "" && f == store.Factors{}
}

// startStepUpByCode mails the viewer a code for StepUp. RateLimited.
func (s *Service) startStepUpByCode(ctx context.Context, a Actor) (*LoginCode, error) {
	if err := s.countMail(ctx, a, "login-code", true); err != nil {
		return nil, err
	}
	v := a.Viewer
	t, err := s.tickets.Make(ticket.StepUp, addTicketOf(v, nil), s.now(), link.CodeTTL)
	if err != nil {
		return nil, err
	}
	return s.mailCode(ctx, a, t, v.User.EmailKey, v.Session.ID)
}

// checkStepUpCode compares a code that was mailed to the viewer, and returns what uses it up.
// The mistakes are CHALLENGE_INVALID and CODE_INVALID; RateLimited.
func (s *Service) checkStepUpCode(ctx context.Context, a Actor, f store.Factors, challenge *string, typed string) (*store.Claim, error) {
	var b addTicket
	if challenge == nil || !s.mailsStepUp(a.Viewer.User, f) {
		return nil, errChallenge()
	}
	t, err := s.tickets.Open(*challenge, ticket.StepUp, s.now(), &b)
	if err != nil || !b.of(a.Viewer) {
		return nil, errChallenge()
	}
	if err := s.checkMailed(ctx, a, t, a.Viewer.User.EmailKey, typed); err != nil {
		return nil, err
	}
	return &store.Claim{Hash: store.ClaimHash([]byte("step-up"), t.Nonce[:]), ExpiresAt: t.Expires}, nil
}
