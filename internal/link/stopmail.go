package link

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"latchkey/internal/names"
)

// The link by which the reader of a mail refuses more of its kind is none of the
// one-time links. It has to work for as long as somebody may find the mail, and again
// after they changed their mind. So nothing is kept of it: its token is a MAC over the
// mailbox, which only a server with the secret can make. It opens no account. Nothing
// that one-time links do can be done with it.

// refusalPrefix begins its tokens; a MAC follows.
const refusalPrefix = "lks_"

// What the two keys of refusals are for, as they are derived from a secret.
const (
	refusalLinks  = "link that refuses mail"
	refusalHashes = "mailbox that refuses mail"
)

// Refusal returns the link by which the reader of the mails to an address refuses more
// of them, and has them back.
func (m *Maker) Refusal(address string) string {
	e, _ := names.ParseKnownEmail(address)
	return m.url(refusalPage, refusalToken(m.refusalLinks[0], e.Key), address)
}

// OpenRefusal returns the address that a token of a Refusal is for, as it is compared.
// ErrDead if the token is for another mailbox, or was not made here.
func (m *Maker) OpenRefusal(token, address string) (emailKey string, err error) {
	e, ok := names.ParseKnownEmail(address)
	made := slices.ContainsFunc(m.refusalLinks, func(key []byte) bool {
		return hmac.Equal([]byte(refusalToken(key, e.Key)), []byte(token))
	})
	if !ok || !made {
		return "", ErrDead
	}
	return e.Key, nil
}

// RefusalHashes returns what is kept of a mailbox that refuses mail, given the key of an
// address of it: a hash by each secret, the newest first. None of them tells the address
// to who lacks the secret.
func (m *Maker) RefusalHashes(emailKey string) [][]byte {
	hashes := make([][]byte, len(m.refusalHashes))
	for i, key := range m.refusalHashes {
		hashes[i] = mailboxMAC(key, emailKey)
	}
	return hashes
}

func refusalToken(key []byte, emailKey string) string {
	return refusalPrefix + base64.RawURLEncoding.EncodeToString(mailboxMAC(key, emailKey))
}

func mailboxMAC(key []byte, emailKey string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(names.Mailbox(emailKey)))
	return mac.Sum(nil)
}
