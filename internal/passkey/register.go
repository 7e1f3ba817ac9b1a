package passkey

import (
	"math/big"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// transports are the ways to an authenticator that are stored. They only help browsers to
// find it again.
var transports = []string{"ble", "hybrid", "internal", "nfc", "smart-card", "usb"}

// What a public key may be. A signature by a larger key costs more than a login may, and one
// by a smaller RSA key proves too little.
const (
	mostKey  = 1 << 10 // bytes of COSE
	leastRSA = 2048    // bits
	mostRSA  = 4096
)

// Register checks an answer to CreateOptions, and returns the new passkey. The answer must
// have been made at origin, which is that of the request; where there is none, as of a native
// app, at any that is accepted. Whether another user has this passkey is not known here.
// Every error is ErrInvalid.
func (p *Party) Register(challenge []byte, u User, origin, text string) (*Credential, error) {
	a, err := readAnswer(text)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.CredentialCreationResponse{
		PublicKeyCredential: a.credential(),
		AttestationResponse: protocol.AuthenticatorAttestationResponse{
			AuthenticatorResponse: a.clientData(), AttestationObject: a.Response.AttestationObject,
		},
	}.Parse()
	if err != nil {
		return nil, refused(err)
	}
	at := parsed.Response.CollectedClientData.Origin
	if origin != "" && at != origin || !p.accepts(at) {
		return nil, invalid("it was made at another origin")
	}
	// Who made the authenticator was not asked for, and anybody could say nothing of it: what
	// is said all the same is not looked at.
	object := &parsed.Response.AttestationObject
	object.Format, object.AttStatement, object.SubStatements = string(protocol.AttestationFormatNone), nil, nil
	made, err := p.checks.CreateCredential(owner{User: u}, p.session(challenge, u, at, protocol.VerificationRequired), parsed)
	if err != nil {
		return nil, refused(err)
	}
	if !usable(made.PublicKey) {
		return nil, invalid("its public key is of no use")
	}
	return &Credential{
		ID: made.ID, PublicKey: made.PublicKey, AAGUID: made.Authenticator.AAGUID, Transports: known(a.Response.Transports),
		Counter: made.Authenticator.SignCount, BackupEligible: made.Flags.BackupEligible, BackedUp: made.Flags.BackupState,
	}, nil
}

// usable reports whether signatures by a key can be checked. That its algorithm was asked for
// has been seen before.
func usable(cose []byte) bool {
	if len(cose) > mostKey {
		return false
	}
	key, err := webauthncose.ParsePublicKey(cose)
	if rsa, is := key.(webauthncose.RSAPublicKeyData); is {
		bits := new(big.Int).SetBytes(rsa.Modulus).BitLen()
		return rsa.Algorithm == int64(webauthncose.AlgRS256) && leastRSA <= bits && bits <= mostRSA
	}
	return err == nil
}

// known returns the transports that have a meaning, each once and in order.
func known(said []string) []string {
	var all []string
	for _, t := range transports {
		if slices.Contains(said, t) {
			all = append(all, t)
		}
	}
	return all
}
