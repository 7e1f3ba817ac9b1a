package passkey

import (
	"github.com/go-json-experiment/json"

	"github.com/go-webauthn/webauthn/protocol"
)

// How large an answer may be, in bytes: its JSON text, and what is decoded of it. An ordinary
// one has 2 KiB, and what it would take to read larger parts is many times their size.
const (
	mostAnswer     = 16 << 10
	mostClientData = 4 << 10
	mostObject     = 4 << 10 // two certificates, though none is asked for
	mostAuthData   = 1 << 10 // of a passkey that is used: 37, and extensions
)

// answer is what JSON.stringify makes of a browser's answer, but for what nobody here needs:
// extensions, and what the attestation object says once more.
type answer struct {
	ID       string                    `json:"id"`
	RawID    protocol.URLEncodedBase64 `json:"rawId"`
	Type     string                    `json:"type"`
	Response struct {
		ClientData protocol.URLEncodedBase64 `json:"clientDataJSON"`

		// Of a new passkey.
		AttestationObject protocol.URLEncodedBase64 `json:"attestationObject"`
		Transports        []string                  `json:"transports"`

		// Of one that is used.
		AuthenticatorData protocol.URLEncodedBase64 `json:"authenticatorData"`
		Signature         protocol.URLEncodedBase64 `json:"signature"`
		UserHandle        protocol.URLEncodedBase64 `json:"userHandle"`
	} `json:"response"`
}

// readAnswer reads JSON strictly: no name twice, no broken UTF-8, nothing behind it.
func readAnswer(text string) (*answer, error) {
	if len(text) > mostAnswer {
		return nil, invalid("it is larger than 16 KiB")
	}
	var a answer
	if json.Unmarshal([]byte(text), &a) != nil {
		return nil, invalid("it is not the JSON text of a credential")
	}
	r := &a.Response
	if len(r.ClientData) > mostClientData || len(r.AttestationObject) > mostObject || len(r.AuthenticatorData) > mostAuthData {
		return nil, invalid("a part of it is too large")
	}
	return &a, nil
}

func (a *answer) credential() protocol.PublicKeyCredential {
	return protocol.PublicKeyCredential{Credential: protocol.Credential{ID: a.ID, Type: a.Type}, RawID: a.RawID}
}

func (a *answer) clientData() protocol.AuthenticatorResponse {
	return protocol.AuthenticatorResponse{ClientDataJSON: a.Response.ClientData}
}
