package auth

import (
	"context"
	"fmt"

	"latchkey/internal/store"
)

// Person is all that is kept of one user, but for what opens their account.
type Person struct {
	User           *store.User
	Factors        AccountFactors
	Sessions       []store.Session
	TrustedDevices []store.TrustedDevice
	Familiar       []store.Familiar      // where they logged in from
	Undos          []store.Undo          // what "this was not me" would put back
	Usernames      []store.Held          // that they had
	Addresses      []store.Held          // likewise
	Mails          []QueuedMail          // to them, not sent yet
	Events         []store.SecurityEvent // the newest first, as far as the user may know
}

// ExportUser returns all that is kept of a user, and writes into the account's history that
// somebody had it. The mistake is NOT_FOUND.
func (s *Service) ExportUser(ctx context.Context, a Actor, userID string) (*Person, error) {
	u, err := s.act(ctx, a, store.EventAccountExported, s.other(userID), func(*deed) error { return nil })
	if err != nil {
		return nil, err
	}
	p := &Person{User: u}
	if err := s.fill(ctx, p); err != nil {
		return nil, fmt.Errorf("export user: %w", err)
	}
	return p, nil
}

// fill reads the rest of p.
func (s *Service) fill(ctx context.Context, p *Person) error {
	id, now := p.User.ID, s.now()
	factors, err := s.FactorsOf(ctx, []store.User{*p.User})
	if err != nil {
		return err
	}
	p.Factors = factors[id]
	if p.Sessions, err = s.store.Sessions(ctx, id, now); err != nil {
		return err
	}
	trusted, err := s.TrustedDevicesOf(ctx, []string{id})
	if err != nil {
		return err
	}
	p.TrustedDevices = trusted[id]
	if p.Familiar, err = s.store.FamiliarOf(ctx, id); err != nil {
		return err
	}
	if p.Undos, err = s.store.UndosOf(ctx, id, now); err != nil {
		return err
	}
	if p.Usernames, p.Addresses, err = s.store.Held(ctx, id, now); err != nil {
		return err
	}
	mails, err := s.store.MailsOf(ctx, p.User)
	if err != nil {
		return err
	}
	for i := range mails {
		p.Mails = append(p.Mails, queued(&mails[i]))
	}
	for q := (PageQuery{First: new(maxPage)}); ; {
		c, err := s.SecurityEvents(ctx, Actor{}, id, q)
		if err != nil {
			return err
		}
		p.Events = append(p.Events, c.Nodes...)
		if !c.PageInfo.HasNextPage {
			return nil
		}
		q.After = c.PageInfo.EndCursor
	}
}
