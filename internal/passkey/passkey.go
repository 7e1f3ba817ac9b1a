// Package passkey asks browsers and apps for passkeys, and checks what they answer: WebAuthn
// Level 3, by way of go-webauthn. It knows no database, no HTTP and no clock, and takes each
// answer as often as it comes: that it comes in time and counts once is for the caller to see to.
//
// A [Party] is who asks. options.go writes what it asks for, answer.go reads what comes back,
// register.go checks a new passkey, and verify.go a passkey that is used.
package passkey

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// ErrInvalid is the error of every answer that is not what was asked for, whatever is wrong
// with it. Its text has the reason, for the log: it repeats nothing of the answer.
var ErrInvalid = errors.New("the passkey is not what was asked for")

func invalid(reason string) error { return fmt.Errorf("%w: %s", ErrInvalid, reason) }

// Config is who asks, and where.
type Config struct {
	// RPID is the domain that passkeys are made for. Browsers use them nowhere else.
	RPID string
	// Name is what people read when they are asked, such as the service's name.
	Name string
	// Accepts reports whether pages or apps of an origin may make and use passkeys. It
	// compares exactly: the library takes origins for the same that differ in a path, in
	// letters' case, or in a user name.
	Accepts func(origin string) bool
}

// Party is who asks for passkeys. It is safe for concurrent use.
type Party struct {
	id, name string
	accepts  func(origin string) bool
	checks   *webauthn.WebAuthn
}

// New returns a Party. It fails if RPID is no domain: an IP address, for one.
func New(c Config) (*Party, error) {
	if c.RPID == "" || c.Name == "" || c.Accepts == nil {
		return nil, errors.New("passkey: incomplete Config")
	}
	checks, err := webauthn.New(&webauthn.Config{
		RPID: c.RPID, RPDisplayName: c.Name,
		RPOrigins: []string{"https://" + c.RPID}, // in whose place session names the one of each answer
		// Clients answer with extensions that nobody asked for. None of them is read.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, fmt.Errorf("passkey: %w", err)
	}
	return &Party{id: c.RPID, name: c.Name, accepts: c.Accepts, checks: checks}, nil
}

// Domain returns the domain that passkeys are made for.
func (p *Party) Domain() string { return p.id }

// User is whose passkey it is or will be.
type User struct {
	Handle []byte // the 16 bytes of the user's id. Authenticators keep it and give it back
	Name   string // what people tell their passkeys apart by
}

// Credential is a passkey as it is stored.
type Credential struct {
	ID             []byte // chosen by the authenticator, 1023 bytes at most
	PublicKey      []byte // a COSE key, 1 KiB at most
	AAGUID         []byte // 16 bytes: the kind of authenticator, or zeros; its own word
	Transports     []string
	Counter        uint32
	BackupEligible bool // it may be copied to other devices; its own word
	BackedUp       bool // it has been; its own word
}

// session is what the library compares an answer with. The origin is that of the answer,
// which the Party has accepted before; there is no time in it.
func (p *Party) session(challenge []byte, u User, origin string, verified protocol.UserVerificationRequirement) webauthn.SessionData {
	return webauthn.SessionData{
		Challenge: protocol.URLEncodedBase64(challenge).String(), RelyingPartyID: p.id, Origin: origin,
		UserID: u.Handle, UserVerification: verified, CredParams: algorithms,
	}
}

// owner is a user as the library wants one.
type owner struct {
	User
	credentials []webauthn.Credential
}

func (o owner) WebAuthnID() []byte                         { return o.Handle }
func (o owner) WebAuthnName() string                       { return o.Name }
func (o owner) WebAuthnDisplayName() string                { return o.Name }
func (o owner) WebAuthnCredentials() []webauthn.Credential { return o.credentials }

// refused returns ErrInvalid with the library's reason. The part of its texts that may
// repeat the answer stands behind the first colon or full stop.
func refused(err error) error {
	e, ok := errors.AsType[*protocol.Error](err)
	if !ok {
		return invalid("it cannot be read")
	}
	text := e.Details
	if text == protocol.ErrVerification.Details { // which says nothing
		text = e.DevInfo
	}
	text, _, _ = strings.Cut(text, ":")
	text, _, _ = strings.Cut(text, ".")
	return invalid(text)
}
