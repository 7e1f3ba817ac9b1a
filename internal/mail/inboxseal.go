package mail

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"

	"latchkey/internal/store"
)

// inboxKeys seal the mails of the inbox, whose links open accounts: whoever reads the
// database without SECRET_KEY finds none (D1). The first seals, all open.
type inboxKeys []cipher.AEAD

// newInboxKeys derives a key for AES-256-GCM from each secret (RFC 5869).
func newInboxKeys(secrets [][]byte) (inboxKeys, error) {
	if len(secrets) == 0 {
		return nil, errors.New("no secret")
	}
	keys := make(inboxKeys, len(secrets))
	for i, secret := range secrets {
		key, err := hkdf.Key(sha256.New, secret, nil, "development inbox", 32)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if keys[i], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// seal returns what is kept of m, which opens in the row with its ID alone.
func (k inboxKeys) seal(m *Message) ([]byte, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return k[0].Seal(nil, nil, text, []byte(m.ID)), nil
}

// open returns the mail of a row. The error is ErrNoMail if none of the keys opens it.
func (k inboxKeys) open(row *store.InboxMail) (*Message, error) {
	for _, key := range k {
		if text, err := key.Open(nil, nil, row.Sealed, []byte(row.ID)); err == nil {
			var m Message
			return &m, json.Unmarshal(text, &m)
		}
	}
	return nil, ErrNoMail
}
