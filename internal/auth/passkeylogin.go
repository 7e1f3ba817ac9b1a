package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/passkey"
	"latchkey/internal/store"
	"latchkey/internal/throttle"
	"latchkey/internal/ticket"
)

// passkeyLoginTTL is how long a login by passkey may be finished: a login page that stands
// open has its browser wait, so that it offers passkeys in a field.
const passkeyLoginTTL = 15 * time.Minute

// StartPasskeyLoginInput is the argument of StartPasskeyLogin.
type StartPasskeyLoginInput struct {
	DeviceName *string
	Transport  TokenTransport
}

// StartPasskeyLogin begins a login by passkey: ContinueLogin takes the answer. It writes
// nothing, asks nobody and names nobody, so that a page may call it each time that it is
// looked at (K3). Forbidden where there are no passkeys.
func (s *Service) StartPasskeyLogin(in StartPasskeyLoginInput) (*PasskeyOffer, error) {
	if s.passkeys == nil {
		return nil, errPasskeysOff()
	}
	t, err := s.tickets.Make(ticket.PasskeyLogin, newWay(in.DeviceName, in.Transport, false), s.now(), passkeyLoginTTL)
	if err != nil {
		return nil, fmt.Errorf("start passkey login: %w", err)
	}
	options, err := s.passkeys.GetOptions(t.Challenge(), nil, true)
	if err != nil {
		return nil, fmt.Errorf("start passkey login: %w", err)
	}
	return &PasskeyOffer{Challenge: t.Text, Options: options, ExpiresAt: t.Expires}, nil
}

// passkeyLogin logs in whoever shows a passkey. It knew its owner, so it is as good as two
// factors. One challenge opens one session (K1). The mistakes are PASSKEY_INVALID,
// PASSKEY_UNKNOWN and, once the signature was right, ACCOUNT_DISABLED.
func (s *Service) passkeyLogin(ctx context.Context, a Actor, t ticket.Ticket, w way, in ContinueLoginInput) (*Login, error) {
	try, err := s.countAnswer(ctx, a)
	if err != nil {
		return nil, err
	}
	device := s.devices.open(in.DeviceToken, s.now())
	u, shown, use, err := s.passkeyOwner(ctx, a, t, device, *in.Answer.Passkey)
	if u != nil {
		w.Kept = device.of(&u.User)
		try.owner = u.ID
	}
	if err = try.answered(ctx, err, u != nil && (u.ClientKnown || w.Kept)); err != nil {
		return nil, err
	}
	return s.admit(ctx, a, u, entry{
		way: w, shown: proofs{shown}, factor: use, device: device, trust: in.RememberDevice, root: t.Nonce[:], begun: shown.At,
	})
}

// passkeyOwner returns the user whose passkey answered a ticket, and its use.
func (s *Service) passkeyOwner(ctx context.Context, a Actor, t ticket.Ticket, device *device, text string) (*store.LoginCandidate, proof, *store.FactorUse, error) {
	said, p, err := s.readPasskey(ctx, a, text)
	if err != nil {
		return nil, proof{}, nil, err
	}
	if p == nil {
		unknown := userError(PasskeyUnknown, "answer", "No account here has this passkey.")
		return nil, proof{}, nil, within(unknown, "passkey")
	}
	u, err := s.store.LoginCandidate(ctx, store.LoginKey{ID: p.UserID}, device.whence(a.Client), s.now())
	switch {
	case errors.Is(err, store.ErrNotFound): // deleted since
		return nil, proof{}, nil, errPasskey("answer")
	case err != nil:
		return nil, proof{}, nil, err
	case !bytes.Equal(said.Handle, keeper(&u.User).Handle): // here it has to say whose it is
		return nil, proof{}, nil, errPasskey("answer")
	}
	shown, use, err := s.checkPasskey(ctx, a, t, said, &u.User, p, true)
	return u, shown, use, err
}

// showPasskey checks that a passkey of u answered a ticket, where u is known already. known
// says that they are so at the client. verified asks that its authenticator knew its owner.
// The mistake is PASSKEY_INVALID; RateLimited.
func (s *Service) showPasskey(ctx context.Context, a Actor, t ticket.Ticket, text string, u *store.User, known, verified bool) (proof, *store.FactorUse, error) {
	try, err := s.countAnswer(ctx, a)
	if err != nil {
		return proof{}, nil, err
	}
	try.owner = u.ID
	shown, use, err := s.passkeyOf(ctx, a, t, text, u, verified)
	return shown, use, try.answered(ctx, err, known)
}

func (s *Service) passkeyOf(ctx context.Context, a Actor, t ticket.Ticket, text string, u *store.User, verified bool) (proof, *store.FactorUse, error) {
	said, p, err := s.readPasskey(ctx, a, text)
	if err == nil && (p == nil || p.UserID != u.ID) {
		err = errPasskey("answer")
	}
	if err != nil {
		return proof{}, nil, err
	}
	return s.checkPasskey(ctx, a, t, said, u, p, verified)
}

// readPasskey reads an answer and returns it with the passkey that it names, which is nil if
// nobody has it. It proves nothing yet.
func (s *Service) readPasskey(ctx context.Context, a Actor, text string) (*passkey.Assertion, *store.Passkey, error) {
	if s.passkeys == nil {
		return nil, nil, errPasskeysOff()
	}
	said, err := s.passkeys.Parse(text)
	if err != nil {
		s.refusedPasskey(a, "", err)
		return nil, nil, errPasskey("answer")
	}
	p, err := s.store.PasskeyOf(ctx, said.Credential)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return said, nil, nil
	case err != nil:
		return nil, nil, err
	}
	return said, p, nil
}

// checkPasskey checks an answer to a ticket by a passkey of u. Every signature of a passkey
// that this service checks goes through it. Who shows a right one uses it up with what is
// returned. A passkey that was removed is not said to be unknown, for as long as it may come
// back: browsers would delete it.
func (s *Service) checkPasskey(ctx context.Context, a Actor, t ticket.Ticket, said *passkey.Assertion, u *store.User, p *store.Passkey, verified bool) (proof, *store.FactorUse, error) {
	if p.Removed || p.RPID != s.passkeys.Domain() {
		return proof{}, nil, errPasskey("answer")
	}
	use, err := s.passkeys.Verify(t.Challenge(), said, keeper(u), credential(p), verified)
	if err != nil {
		s.refusedPasskey(a, u.ID, err)
		return proof{}, nil, errPasskey("answer")
	}
	if use.CounterFell {
		if err := s.tellCopied(ctx, a, u, p); err != nil {
			return proof{}, nil, err
		}
		return proof{}, nil, errPasskey("answer")
	}
	return proof{Kind: ProofPasskey, At: s.now(), Verified: use.Verified}, &store.FactorUse{Passkey: &store.PasskeyUse{
		ID: p.ID, Challenge: t.Challenge(), ExpiresAt: t.Expires,
		Counter: use.Counter, Counts: !p.BackupEligible && use.Counter > 0,
		BackupEligible: use.BackupEligible, BackupChanged: use.BackupChanged, BackedUp: use.BackedUp,
	}}, nil
}

// copiedLimit binds a user: whoever has a copy of a passkey may go on showing it, and the
// history has each time.
var copiedLimit = throttle.Limit{N: 1, Window: 24 * time.Hour}

// tellCopied tells u that a passkey of theirs was refused, since its counter did not rise:
// somebody may have a copy of it.
func (s *Service) tellCopied(ctx context.Context, a Actor, u *store.User, p *store.Passkey) error {
	err := s.countTold(ctx, "passkey copied", u.ID, copiedLimit)
	told := err != nil && AsError(err).Code == RateLimited
	if err != nil && !told {
		return err
	}
	_, err = s.act(ctx, a, store.EventPasskeyCounterRefused, challenged(u), func(d *deed) error {
		d.event.Outcome, d.factor, d.quiet = store.OutcomeRefused, p.Name, told
		return nil
	})
	return err
}

// refusedPasskey writes down why an answer was refused, for whoever builds a frontend or has
// to find out what is wrong with an authenticator: the answer says one code for all.
func (s *Service) refusedPasskey(a Actor, userID string, err error) {
	line := a.logged(s.log.Debug()).Err(err)
	if userID != "" {
		line = line.Str("user_id", userID)
	}
	line.Msg("passkey refused")
}
