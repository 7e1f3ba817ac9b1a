// Package link makes and opens the one-time links that mails carry, the one that works for
// as long as they are kept (stopmail.go), and the codes of logins by mail (logincode.go).
//
// A link leads to a page, with a token in its address. Make draws the token and
// keeps its SHA-256 in the token store, together with a Claim, which says what
// the link is for and is sealed by a secret of the server. Open returns the claim
// of a token and changes nothing, however often people and the scanners of their mail
// look. Take uses the token up. While Redis takes no tokens the database keeps them,
// and each token is in one of the two (keep.go).
//
// What a link does is the affair of who opens it, in three steps: Open; one
// conditional statement on the row that the claim names, in the state that the
// claim knows; Take. The statement is what makes a link work once, whatever the
// token store remembers or forgets. And since the token is taken last, what was
// refused, such as a weak password, leaves the link as good as it was.
package link

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	"latchkey/internal/seal"
	"latchkey/internal/store"
)

// ErrDead says that a link does nothing: it was used, it is too old, it is for another
// purpose, this service did not make it, or what it was for is gone.
var ErrDead = errors.New("link: dead")

// Purpose says what a link is for. A token of one purpose counts for no other.
type Purpose string

// The purposes there are.
const (
	ConfirmRegistration Purpose = "confirm_registration"
	ConfirmNewEmail     Purpose = "confirm_new_email"
	ResetPassword       Purpose = "reset_password"
	NotMe               Purpose = "not_me"
	FirstAdministrator  Purpose = "first_administrator" // of nobody: whoever has it makes the first administrator
)

// Target is what a new link is to act on: a purpose, and the row that belongs to it.
type Target struct {
	Purpose      Purpose
	Registration *store.Registration // for ConfirmRegistration
	Whichever    bool                // the page asks which registration of its address is meant
	User         *store.User         // for ConfirmNewEmail and ResetPassword: of who was invited, it works as long as that
	Event        string              // for NotMe, the id of a store.Undo
}

// Link is a link as it is mailed.
type Link struct {
	URL       string
	ExpiresAt time.Time
}

// Claim is what a token stands for: the row that its link acts on, and what must
// still be in force then.
type Claim struct {
	Purpose      Purpose `json:"purpose"`
	Registration string  `json:"registration,omitempty"` // "": whichever of the address
	User         string  `json:"user,omitempty"`
	Version      int64   `json:"version,omitempty"` // the user's security_version
	Event        string  `json:"event,omitempty"`
	EmailKey     string  `json:"email,omitempty"` // the address that it was mailed to, or confirms
}

// Tokens keeps payloads under the SHA-256 of tokens until they expire. One that it loses
// costs a link, and nothing else.
type Tokens interface {
	PutToken(ctx context.Context, hash, payload []byte, now time.Time, ttl time.Duration) error
	// Token returns the payload of a token, or store.ErrNotFound.
	Token(ctx context.Context, hash []byte, now time.Time) ([]byte, error)
	// TakeToken returns what Token does, and deletes the token. Of many who take one at
	// once, at most one gets it.
	TakeToken(ctx context.Context, hash []byte, now time.Time) ([]byte, error)
}

// Config is what a Maker works with. All of it is needed but the pages of the
// frontend.
type Config struct {
	PublicURL  *url.URL      // base of links to the built-in pages
	ConfirmURL string        // the frontend's page for ConfirmRegistration and ConfirmNewEmail, with {token} in it
	ResetURL   string        // the same for ResetPassword
	LoginURL   string        // the frontend's page that takes the code of a login by mail, with {code} in it; "" is none
	ResetTTL   time.Duration // how long a link of ResetPassword works; most others last as long as their rows
	Secrets    [][]byte      // SECRET_KEY: the first seals claims and makes refusals and codes, all verify
	Tokens     Tokens        // Redis, or Store where there is none
	Store      *store.Store  // keeps the tokens that Tokens does not take; looks up the events of NotMe
	Now        func() time.Time
}

// Maker makes and opens links. It keeps nothing itself, so any number of replicas
// may share a token store.
type Maker struct {
	c      Config
	claims claims
	rests  atomic.Int64 // until when Redis is not asked to keep a token; nanoseconds since 1970

	refusalLinks, refusalHashes [][]byte
	codes                       [][]byte // make the codes of logins by mail
}

// New checks c and returns a Maker.
func New(c Config) (*Maker, error) {
	if c.PublicURL == nil || c.ResetTTL <= 0 || c.Tokens == nil || c.Store == nil || c.Now == nil {
		return nil, errors.New("link: the maker lacks something")
	}
	m := &Maker{c: c}
	var err error
	if m.claims, err = newClaims(c.Secrets); err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	for use, keys := range map[string]*[][]byte{refusalLinks: &m.refusalLinks, refusalHashes: &m.refusalHashes, "mail-code": &m.codes} {
		if *keys, err = seal.Derive(c.Secrets, use); err != nil {
			return nil, fmt.Errorf("link: %w", err)
		}
	}
	return m, nil
}

// now is the time in the form that the databases keep.
func (m *Maker) now() time.Time { return store.Moment(m.c.Now()) }
