package codes

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"strings"
)

const (
	mailedBytes    = 5 // 40 bits, eight characters
	referenceChars = 4
)

// mailedLetters is Crockford's base32: all digits and letters but i, l, o and u. So there
// is one of each that look alike, and no word that anybody minds.
var mailedLetters = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// alike reads what is no letter of a code as the one that it looks like.
var alike = strings.NewReplacer("o", "0", "i", "1", "l", "1")

// Mailed returns the code that a login by mail asks for: 40 bits of the HMAC-SHA-256 of
// the nonce of its ticket and the key of its address. Nobody has to keep it, and who does
// not have the key learns nothing of it from the ticket. The key serves this use alone.
// All nonces are of one length.
func Mailed(key, nonce []byte, emailKey string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(nonce)
	mac.Write([]byte(emailKey))
	return grouped(mailedLetters.EncodeToString(mac.Sum(nil)[:mailedBytes]), 4)
}

// MailedEqual reports in constant time whether a code of Mailed was typed. Letters that
// look like one of a code count as it.
func MailedEqual(code, typed string) bool {
	return subtle.ConstantTimeCompare([]byte(plain(code)), []byte(alike.Replace(plain(typed)))) == 1
}

// Reference returns four characters of a ticket's nonce, which the page and the mail both
// show, so that people see which mail belongs to which page. They are no secret. They are
// capitals, unlike a code.
func Reference(nonce []byte) string {
	return strings.ToUpper(mailedLetters.EncodeToString(nonce)[:referenceChars])
}
