package passkey

import (
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Assertion is an answer to GetOptions that was read, and not yet checked: it proves nothing.
type Assertion struct {
	Credential []byte // whose id to look up
	Handle     []byte // of the user whom the authenticator keeps it for; nil if it does not say
	parsed     *protocol.ParsedCredentialAssertionData
}

// Parse reads an answer to GetOptions. Every error is ErrInvalid.
func (p *Party) Parse(text string) (*Assertion, error) {
	a, err := readAnswer(text)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.CredentialAssertionResponse{
		PublicKeyCredential: a.credential(),
		AssertionResponse: protocol.AuthenticatorAssertionResponse{
			AuthenticatorResponse: a.clientData(),
			AuthenticatorData:     a.Response.AuthenticatorData, Signature: a.Response.Signature, UserHandle: a.Response.UserHandle,
		},
	}.Parse()
	if err != nil {
		return nil, refused(err)
	}
	return &Assertion{Credential: parsed.RawID, Handle: parsed.Response.UserHandle, parsed: parsed}, nil
}

// Use is what a passkey said when it was used.
type Use struct {
	Verified       bool // the authenticator knew its owner
	Counter        uint32
	BackupEligible bool
	BackedUp       bool

	// CounterFell is that the counter of a passkey which cannot be copied did not rise:
	// another device may have its key. One that never counts has 0 for good.
	CounterFell bool
	// BackupChanged is that BackupEligible is another than was stored. Some authenticators
	// change it, and it proves nothing.
	BackupChanged bool
}

// Verify checks that an answer was made for this challenge by this passkey of this user, at
// an origin that is accepted; and with verified, that the authenticator knew its owner. Every
// error is ErrInvalid.
func (p *Party) Verify(challenge []byte, a *Assertion, u User, c Credential, verified bool) (*Use, error) {
	at := a.parsed.Response.CollectedClientData.Origin
	if !p.accepts(at) {
		return nil, invalid("it was made at another origin")
	}
	said := a.parsed.Response.AuthenticatorData
	use := &Use{
		Verified: said.Flags.HasUserVerified(), Counter: said.Counter,
		BackupEligible: said.Flags.HasBackupEligible(), BackedUp: said.Flags.HasBackupState(),
	}
	use.BackupChanged = use.BackupEligible != c.BackupEligible
	use.CounterFell = !c.BackupEligible && use.Counter <= c.Counter && (use.Counter > 0 || c.Counter > 0)
	stored := webauthn.Credential{
		ID: c.ID, PublicKey: c.PublicKey,
		Flags: webauthn.CredentialFlags{BackupEligible: use.BackupEligible}, // the library refuses one that changed
	}
	_, err := p.checks.ValidateLogin(owner{u, []webauthn.Credential{stored}}, p.session(challenge, u, at, verification(verified)), a.parsed)
	if err != nil {
		return nil, refused(err)
	}
	return use, nil
}
