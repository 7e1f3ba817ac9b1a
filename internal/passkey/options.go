package passkey

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// patience is how long a browser waits for the person in front of it.
const patience = 5 * time.Minute

// leastChallenge is the bytes that no challenge has fewer of (WebAuthn section 13.4.3).
const leastChallenge = 16

// algorithms are those that passkeys sign by, the best known first.
var algorithms = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// CreateOptions returns the JSON text for navigator.credentials.create: a passkey that its
// authenticator keeps for this user, and uses once it knows its owner. It is to be none of have.
func (p *Party) CreateOptions(challenge []byte, u User, have []Credential) (string, error) {
	if len(u.Handle) == 0 || len(u.Handle) > protocol.MaximumUserHandleLength {
		return "", errors.New("passkey: a user without a handle of 1 to 64 bytes")
	}
	return marshal(challenge, protocol.PublicKeyCredentialCreationOptions{
		RelyingParty: protocol.RelyingPartyEntity{CredentialEntity: protocol.CredentialEntity{Name: p.name}, ID: p.id},
		User: protocol.UserEntity{
			CredentialEntity: protocol.CredentialEntity{Name: u.Name}, DisplayName: u.Name, ID: protocol.URLEncodedBase64(u.Handle),
		},
		Challenge:             challenge,
		Parameters:            algorithms,
		Timeout:               int(patience.Milliseconds()),
		CredentialExcludeList: describe(have),
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: protocol.ResidentKeyRequired(),
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			UserVerification:   protocol.VerificationRequired,
		},
		Attestation: protocol.PreferNoAttestation,
	})
}

// GetOptions returns the JSON text for navigator.credentials.get. Without allow it names
// nobody, and any passkey of this domain answers it. With verified, the authenticator has to
// know its owner, by a PIN or a finger.
func (p *Party) GetOptions(challenge []byte, allow []Credential, verified bool) (string, error) {
	return marshal(challenge, protocol.PublicKeyCredentialRequestOptions{
		Challenge:          challenge,
		Timeout:            int(patience.Milliseconds()),
		RelyingPartyID:     p.id,
		AllowedCredentials: describe(allow),
		UserVerification:   verification(verified),
	})
}

func marshal(challenge []byte, options any) (string, error) {
	if len(challenge) < leastChallenge {
		return "", errors.New("passkey: a challenge of less than 16 bytes")
	}
	text, err := json.Marshal(options)
	return string(text), err
}

func describe(list []Credential) []protocol.CredentialDescriptor {
	var all []protocol.CredentialDescriptor
	for _, c := range list {
		d := protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: c.ID}
		for _, t := range c.Transports {
			d.Transport = append(d.Transport, protocol.AuthenticatorTransport(t))
		}
		all = append(all, d)
	}
	return all
}

func verification(required bool) protocol.UserVerificationRequirement {
	if required {
		return protocol.VerificationRequired
	}
	return protocol.VerificationDiscouraged
}
