package link

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"latchkey/internal/store"
)

// Make makes a token for a target, keeps its hash, and returns the link to its page.
// Earlier links for the same target go on working. The error is ErrDead if there is
// nothing that the link could do, or nothing any more.
func (m *Maker) Make(ctx context.Context, to Target) (Link, error) {
	now := m.now()
	p, err := m.plan(ctx, to, now)
	if err != nil {
		return Link{}, err
	}
	token, err := m.keep(ctx, p, now)
	if err != nil {
		return Link{}, fmt.Errorf("link: %w", err)
	}
	return Link{URL: m.url(p.page, token, p.email), ExpiresAt: p.expires}, nil
}

// The built-in pages, under /email.
const (
	confirmPage = "confirm-email"
	resetPage   = "reset-password"
	notMePage   = "not-me"
	refusalPage = "stop"
	firstPage   = "first-administrator"
)

// firstTTL is how long a link of FirstAdministrator works: whoever prints one uses it.
const firstTTL = 30 * time.Minute

// plan is a link that is to be made.
type plan struct {
	claim   Claim
	page    string
	email   string // the address that stands in the link, or ""
	expires time.Time
}

// plan returns what link to make for a target, or ErrDead.
func (m *Maker) plan(ctx context.Context, to Target, now time.Time) (p plan, err error) {
	switch u := to.User; to.Purpose {
	case ConfirmRegistration:
		r := to.Registration
		p = plan{Claim{Purpose: to.Purpose, Registration: r.ID, EmailKey: r.EmailKey}, confirmPage, r.Email, r.ExpiresAt}
		if to.Whichever {
			p.claim.Registration = ""
		}
		if r.Closed {
			return plan{}, ErrDead
		}
	case ConfirmNewEmail:
		address, key := u.Pending(now)
		if key == "" || u.DisabledAt != nil {
			return plan{}, ErrDead
		}
		p = plan{Claim{Purpose: to.Purpose, User: u.ID, Version: u.SecurityVersion, EmailKey: key}, confirmPage, address, *u.PendingUntil}
	case ResetPassword:
		if u.DisabledAt != nil {
			return plan{}, ErrDead
		}
		p = plan{Claim{Purpose: to.Purpose, User: u.ID, Version: u.SecurityVersion, EmailKey: u.EmailKey}, resetPage, u.Email, now.Add(m.c.ResetTTL)}
		if u.InvitedUntil != nil {
			p.expires = *u.InvitedUntil
		}
	case NotMe:
		e, err := m.c.Store.Undo(ctx, to.Event, now)
		if errors.Is(err, store.ErrNotFound) {
			return plan{}, ErrDead
		} else if err != nil {
			return plan{}, fmt.Errorf("link: %w", err)
		}
		p = plan{Claim{Purpose: to.Purpose, Event: e.ID}, notMePage, "", e.ExpiresAt}
	case FirstAdministrator:
		p = plan{Claim{Purpose: to.Purpose}, firstPage, "", now.Add(firstTTL)}
	default:
		return plan{}, fmt.Errorf("link: unknown purpose %q", to.Purpose)
	}
	if !now.Before(p.expires) {
		return plan{}, ErrDead
	}
	return p, nil
}

// url returns the link to a page with a token: to the frontend's own page if there is
// one.
func (m *Maker) url(page, token, email string) string {
	if own := map[string]string{confirmPage: m.c.ConfirmURL, resetPage: m.c.ResetURL}[page]; own != "" {
		return strings.ReplaceAll(own, "{token}", token)
	}
	//lint:ignore G125 plan chooses page among names of ours
	u := m.c.PublicURL.JoinPath("email", page)
	u.RawQuery = "token=" + token
	if email != "" {
		u.RawQuery += "&email=" + url.QueryEscape(email)
	}
	return u.String()
}
