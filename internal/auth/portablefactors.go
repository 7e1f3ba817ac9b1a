package auth

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"latchkey/internal/codes"
	"latchkey/internal/store"
	"latchkey/internal/totp"
)

// PortableFactors is what opens an account besides its password, in a line of import and
// export.
type PortableFactors struct {
	TOTP                *PortableTOTP     `json:"totp,omitzero"`
	Passkeys            []PortablePasskey `json:"passkeys,omitzero"`
	RecoveryCodes       []string          `json:"recoveryCodes,omitzero"`       // the SHA-256 of each, in hex
	RequireSecondFactor bool              `json:"requireSecondFactor,omitzero"` // a login by password asks for a passkey
}

// PortableTOTP is an authenticator app in a line.
type PortableTOTP struct {
	Secret    string     `json:"secret"` // Base32, in the clear
	Name      string     `json:"name"`
	CreatedAt *time.Time `json:"createdAt,omitzero"` // nil: now
	LastStep  int64      `json:"lastStep,omitzero"`  // of the last code that was used
}

// PortablePasskey is a passkey in a line. Bytes are base64url without padding.
type PortablePasskey struct {
	CredentialID   string     `json:"credentialId"`
	PublicKey      string     `json:"publicKey"` // COSE
	RPID           string     `json:"rpId"`
	AAGUID         string     `json:"aaguid,omitzero"`
	Transports     []string   `json:"transports,omitzero"`
	Counter        uint32     `json:"counter"`
	BackupEligible bool       `json:"backupEligible"`
	BackedUp       bool       `json:"backedUp"`
	Name           string     `json:"name"`
	CreatedAt      *time.Time `json:"createdAt,omitzero"` // nil: now
}

// What a line may have. Apps of other services have secrets of 80 bits.
const (
	minSecret       = 10 // bytes
	maxSecret       = 64
	maxCredentialID = 1023 // bytes
	maxPublicKey    = 1024
	aaguidBytes     = 16
	hashBytes       = 32
)

// read reads what a line of a user with this id has, sealed for the database, and tells
// wrong what is wrong with it. An id was given if the line has one.
func (p *PortableFactors) read(s *Service, userID string, idGiven bool, now time.Time, wrong func(format string, args ...any)) store.PortableFactors {
	var f store.PortableFactors
	if p.TOTP != nil {
		f.TOTP = p.TOTP.read(s, userID, now, wrong)
	}
	switch {
	case len(p.Passkeys) > maxPasskeys:
		wrong("passkeys: %d at most", maxPasskeys)
	case len(p.Passkeys) > 0 && !idGiven:
		wrong("passkeys: they know their user by the id, which is missing")
	default:
		for i := range p.Passkeys {
			f.Passkeys = append(f.Passkeys, p.Passkeys[i].read(i, now, wrong))
		}
	}
	switch {
	case len(p.RecoveryCodes) > codes.RecoveryCodes:
		wrong("recoveryCodes: %d at most", codes.RecoveryCodes)
	case len(p.RecoveryCodes) > 0 && p.TOTP == nil && len(p.Passkeys) == 0:
		wrong("recoveryCodes: there is nothing that they stand in for")
	}
	seen := map[string]bool{}
	for _, text := range p.RecoveryCodes {
		hash, err := hex.DecodeString(text)
		if err != nil || len(hash) != hashBytes || seen[string(hash)] {
			wrong("recoveryCodes: each is another SHA-256, in hex")
			break
		}
		seen[string(hash)] = true
		f.RecoveryCodes = append(f.RecoveryCodes, hash)
	}
	if p.RequireSecondFactor && len(p.Passkeys) == 0 {
		wrong("requireSecondFactor: there is no passkey to ask for")
	}
	return f
}

func (p *PortableTOTP) read(s *Service, userID string, now time.Time, wrong func(format string, args ...any)) *store.TOTP {
	secret, ok := totp.ParseBase32(p.Secret)
	if !ok || len(secret) < minSecret || len(secret) > maxSecret {
		wrong("totp: the secret is Base32 of %d to %d bytes", minSecret, maxSecret)
	}
	if p.LastStep < 0 || p.LastStep > totp.Step(now)+1 {
		wrong("totp: lastStep is the time of a code in seconds since 1970, divided by 30")
	}
	if p.CreatedAt != nil && !believable(*p.CreatedAt, now) {
		wrong("totp: createdAt: from 1970 to now")
	}
	t := &store.TOTP{ID: newID(), UserID: userID, Name: Client{}.deviceName(&p.Name), LastStep: p.LastStep, CreatedAt: now}
	if p.CreatedAt != nil {
		t.CreatedAt = *kept(p.CreatedAt)
	}
	t.Secret = s.seal.Seal(secret, totpPlace(t.ID))
	return t
}

func (p *PortablePasskey) read(i int, now time.Time, wrong func(format string, args ...any)) store.Passkey {
	bytes := func(field, text string, least, most int) []byte {
		b, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil || len(b) < least || len(b) > most {
			wrong("passkeys: %d: %s is base64url of %d to %d bytes", i, field, least, most)
		}
		return b
	}
	k := store.Passkey{
		ID: newID(), Credential: bytes("credentialId", p.CredentialID, 1, maxCredentialID), PublicKey: bytes("publicKey", p.PublicKey, 1, maxPublicKey),
		RPID: p.RPID, AAGUID: make([]byte, aaguidBytes), Transports: p.Transports, Counter: p.Counter,
		BackupEligible: p.BackupEligible, BackedUp: p.BackedUp, Name: Client{}.deviceName(&p.Name), CreatedAt: now,
	}
	if p.AAGUID != "" {
		k.AAGUID = bytes("aaguid", p.AAGUID, aaguidBytes, aaguidBytes)
	}
	if p.CreatedAt != nil {
		if k.CreatedAt = *kept(p.CreatedAt); !believable(*p.CreatedAt, now) {
			wrong("passkeys: %d: createdAt: from 1970 to now", i)
		}
	}
	for _, text := range append([]string{p.RPID}, p.Transports...) {
		if !word(text) {
			wrong("passkeys: %d: rpId is a domain, and transports are words", i)
			break
		}
	}
	return k
}

// word reports whether a text is a domain, or a word, of a passkey.
func word(text string) bool {
	for _, r := range text {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' {
			return false
		}
	}
	return text != "" && len(text) <= 253 // RFC 1035
}

// portable returns the factors of a user as a line has them: in the clear.
func (s *Service) portable(u *store.User, f store.PortableFactors) (p PortableFactors, err error) {
	if t := f.TOTP; t != nil {
		secret, err := s.seal.Open(t.Secret, totpPlace(t.ID))
		if err != nil {
			return p, fmt.Errorf("the app of %s: %w", u.ID, err)
		}
		p.TOTP = &PortableTOTP{Secret: totp.Base32(secret), Name: t.Name, CreatedAt: &t.CreatedAt, LastStep: t.LastStep}
	}
	text := base64.RawURLEncoding.EncodeToString
	for i := range f.Passkeys {
		k := &f.Passkeys[i]
		p.Passkeys = append(p.Passkeys, PortablePasskey{
			CredentialID: text(k.Credential), PublicKey: text(k.PublicKey), RPID: k.RPID, AAGUID: text(k.AAGUID),
			Transports: k.Transports, Counter: k.Counter, BackupEligible: k.BackupEligible, BackedUp: k.BackedUp,
			Name: k.Name, CreatedAt: &k.CreatedAt,
		})
	}
	for _, hash := range f.RecoveryCodes {
		p.RecoveryCodes = append(p.RecoveryCodes, hex.EncodeToString(hash))
	}
	p.RequireSecondFactor = u.WantsSecondFactor && len(f.Passkeys) > 0
	return p, nil
}
