package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/passkey"
	"latchkey/internal/store"
	"latchkey/internal/ticket"
)

// maxPasskeys is how many passkeys a user may have.
const maxPasskeys = 20

// PasskeyOffer is what a browser or an app is asked for passkeys with.
type PasskeyOffer struct {
	Challenge string
	Options   string // JSON text
	ExpiresAt time.Time
}

// StartPasskey returns what the viewer makes a passkey by. Until it is added nothing changes.
// Forbidden where there are no passkeys. The mistake is TOO_MANY.
func (s *Service) StartPasskey(ctx context.Context, a Actor) (*PasskeyOffer, error) {
	v := a.Viewer
	if s.passkeys == nil {
		return nil, errPasskeysOff()
	}
	all, err := s.store.PasskeysOf(ctx, []string{v.User.ID})
	if err != nil {
		return nil, fmt.Errorf("start passkey: %w", err)
	}
	if len(all[v.User.ID]) >= maxPasskeys { // the authenticator would keep one that is of no use
		return nil, errTooManyPasskeys()
	}
	have, _ := s.usable(all[v.User.ID])
	t, err := s.tickets.Make(ticket.PasskeyAdd, addTicketOf(v, nil), s.now(), addTTL)
	if err != nil {
		return nil, fmt.Errorf("start passkey: %w", err)
	}
	options, err := s.passkeys.CreateOptions(t.Challenge(), keeper(v.User), have)
	if err != nil {
		return nil, fmt.Errorf("start passkey: %w", err)
	}
	return &PasskeyOffer{Challenge: t.Text, Options: options, ExpiresAt: t.Expires}, nil
}

// AddPasskeyInput is the argument of AddPasskey.
type AddPasskeyInput struct {
	Challenge string
	Passkey   string // JSON text
	Name      *string
	Origin    string // of the page that asks; "" of an app
}

// AddedPasskey is a passkey that an account has from now on.
type AddedPasskey struct {
	User    *store.User
	Passkey *store.Passkey
}

// AddPasskey gives the viewer's account the passkey that was made by what StartPasskey
// returned. It counts as shown in this session. What a login by password asks for stays as
// it was, unless the account has to have a second factor. Forbidden where there are no
// passkeys. The mistakes are CHALLENGE_INVALID, PASSKEY_INVALID, PASSKEY_TAKEN and TOO_MANY.
// RateLimited.
func (s *Service) AddPasskey(ctx context.Context, a Actor, in AddPasskeyInput) (*AddedPasskey, error) {
	v := a.Viewer
	if s.passkeys == nil {
		return nil, errPasskeysOff()
	}
	var b addTicket
	t, err := s.tickets.Open(in.Challenge, ticket.PasskeyAdd, s.now(), &b)
	if err != nil || !b.of(v) {
		return nil, errChallenge()
	}
	p, err := s.newPasskey(a, v.User, t, in.Origin, in.Passkey, in.Name)
	if err != nil {
		return nil, errPasskey("")
	}
	if err := s.countChange(ctx, "factors", v.User.ID, factorLimit); err != nil {
		return nil, fmt.Errorf("add passkey: %w", err)
	}
	claim := store.Claim{Hash: store.ClaimHash([]byte("passkey-add"), t.Nonce[:]), ExpiresAt: t.Expires}
	shown := append(proofsOf(v.Session), proof{Kind: ProofPasskey, Verified: true})
	u, err := s.act(ctx, a, store.EventPasskeyAdded, challenged(v.User), func(d *deed) error {
		if err := d.tx.Use(ctx, claim, p.ID); err != nil {
			return err
		}
		if err := s.addPasskey(ctx, d, p, "passkey", proofsOf(v.Session), s.needsSecond(d.user)); err != nil {
			return err
		}
		return d.tx.StepUp(ctx, v.Session.ID, shown.text(), d.now)
	})
	if errors.Is(err, store.ErrConflict) {
		return nil, errChallenge()
	} else if err != nil {
		return nil, fmt.Errorf("add passkey: %w", err)
	}
	return &AddedPasskey{User: u, Passkey: p}, nil
}

// newPasskey returns the passkey that somebody made for u as a ticket asks for it. Its
// authenticator knew its owner. The error is passkey.ErrInvalid.
func (s *Service) newPasskey(a Actor, u *store.User, t ticket.Ticket, origin, text string, name *string) (*store.Passkey, error) {
	c, err := s.passkeys.Register(t.Challenge(), keeper(u), origin, text)
	if err != nil {
		s.refusedPasskey(a, u.ID, err)
		return nil, err
	}
	return &store.Passkey{
		ID: newID(), UserID: u.ID, Credential: c.ID, PublicKey: c.PublicKey, RPID: s.passkeys.Domain(), AAGUID: c.AAGUID, Transports: c.Transports,
		Counter: c.Counter, BackupEligible: c.BackupEligible, BackedUp: c.BackedUp, Name: a.Client.deviceName(name), CreatedAt: s.now(),
	}, nil
}

// addPasskey writes a passkey in a deed of somebody who had shown this. wants has a login by
// password ask for it. Devices that were trusted are not any more. The mistakes, in the field
// of input, are PASSKEY_TAKEN and TOO_MANY; the error is store.ErrConflict: see mayAdd.
func (s *Service) addPasskey(ctx context.Context, d *deed, p *store.Passkey, field string, shown proofs, wants bool) error {
	d.factor = p.Name
	if err := s.mayAdd(ctx, d, shown); err != nil {
		return err
	}
	err := d.tx.AddPasskey(ctx, d.user, p, wants, maxPasskeys, d.now)
	switch {
	case errors.Is(err, store.ErrConflict):
		return userError(PasskeyTaken, field, "This passkey has an account already, or had one.")
	case errors.Is(err, store.ErrTooMany):
		return errTooManyPasskeys()
	case err != nil:
		return err
	}
	return d.tx.ForgetDevices(ctx, d.user.ID)
}

// enrolPasskey adds the passkey that a step of a login asked for, and goes on with the login.
// From then on a login by password asks for it.
func (s *Service) enrolPasskey(ctx context.Context, a Actor, u *store.LoginCandidate, e entry, t ticket.Ticket, in ContinueLoginInput) (*Login, error) {
	if s.passkeys == nil {
		return nil, errPasskeysOff()
	}
	p, err := s.newPasskey(a, &u.User, t, in.Origin, *in.Answer.Passkey, nil)
	if err != nil {
		return nil, errPasskey("answer")
	}
	before := e.shown
	e.shown = append(slices.Clone(before), proof{Kind: ProofPasskey, At: s.now(), Verified: true})
	return s.enrol(ctx, a, u, e, store.EventPasskeyAdded, func(d *deed) ([]string, error) {
		if err := s.addPasskey(ctx, d, p, "answer", before, true); err != nil {
			return nil, err
		}
		return firstRecoveryCodes(ctx, d)
	})
}

// RenamePasskeyInput is the argument of RenamePasskey.
type RenamePasskeyInput struct {
	PasskeyID string
	Name      string
}

// RenamePasskey calls a passkey of the viewer something else. The mistake is NOT_FOUND.
// RateLimited.
func (s *Service) RenamePasskey(ctx context.Context, a Actor, in RenamePasskeyInput) (*store.Passkey, error) {
	if err := s.countChange(ctx, "passkey names", a.Viewer.User.ID, labelLimit); err != nil {
		return nil, fmt.Errorf("rename passkey: %w", err)
	}
	var p *store.Passkey
	_, err := s.act(ctx, a, store.EventPasskeyRenamed, s.self(a, nil), func(d *deed) (err error) {
		if p, err = d.tx.RenamePasskey(ctx, d.user.ID, in.PasskeyID, a.Client.deviceName(&in.Name)); errors.Is(err, store.ErrNotFound) {
			err = userError(NotFound, "passkeyId", "You have no passkey with this id.")
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("rename passkey: %w", err)
	}
	return p, nil
}

// PasskeyUserID returns what passkeys know a user by, as browsers write it.
func (s *Service) PasskeyUserID(u *store.User) string {
	return base64.RawURLEncoding.EncodeToString(keeper(u).Handle)
}

// keeper returns a user as passkeys know them: by the 16 bytes of the id.
func keeper(u *store.User) passkey.User {
	k := passkey.User{Name: u.Username}
	if id, err := uuid.Parse(u.ID); err == nil {
		k.Handle = id[:]
	}
	return k
}

// usable returns those passkeys that browsers may be asked for here, which were made for this
// domain, and when one of them was used last.
func (s *Service) usable(all []store.Passkey) (list []passkey.Credential, used time.Time) {
	for i := range all {
		if all[i].RPID != s.passkeys.Domain() {
			continue
		}
		list = append(list, credential(&all[i]))
		if at := all[i].LastUsedAt; at != nil && at.After(used) {
			used = *at
		}
	}
	return list, used
}

// credential returns a passkey as what is checked against.
func credential(p *store.Passkey) passkey.Credential {
	return passkey.Credential{
		ID: p.Credential, PublicKey: p.PublicKey, AAGUID: p.AAGUID, Transports: p.Transports,
		Counter: p.Counter, BackupEligible: p.BackupEligible, BackedUp: p.BackedUp,
	}
}

func errPasskeysOff() error {
	return &Error{Code: Forbidden, Reason: ReasonPasskeysOff, Message: "There are no passkeys here: see PASSKEY_DOMAIN."}
}

func errTooManyPasskeys() error {
	e := userError(TooMany, "", fmt.Sprintf("You have %d passkeys, which is as many as may be. Remove one first.", maxPasskeys))
	e[0].Limit = new(maxPasskeys)
	return e
}

// errPasskey says that a passkey's answer is not what was asked for, in this field of input,
// or in input itself.
func errPasskey(field string) error {
	e := userError(PasskeyInvalid, "passkey", "This passkey could not be checked. Try again.")
	if field != "" {
		e[0].Field = []string{"input", field, "passkey"}
	}
	return e
}
