package link

import (
	"slices"
	"strings"
	"time"

	"latchkey/internal/codes"
)

// CodeTTL is how long the code of a login by mail works, and its ticket.
const CodeTTL = 10 * time.Minute

// LoginCode returns the code by which whoever holds the ticket with this nonce logs in at an
// address, and the link to the page of the frontend that fills it in, or "". It is made from
// the two alone, when it is mailed and when it is typed, so nothing of it is kept.
func (m *Maker) LoginCode(nonce []byte, emailKey string) (code, url string) {
	code = codes.Mailed(m.codes[0], nonce, emailKey)
	return code, strings.ReplaceAll(m.c.LoginURL, "{code}", code)
}

// IsLoginCode reports whether LoginCode makes this code of a nonce and an address, or made it
// by an older secret. However it is typed, it takes as long.
func (m *Maker) IsLoginCode(nonce []byte, emailKey, typed string) bool {
	return slices.ContainsFunc(m.codes, func(key []byte) bool { return codes.MailedEqual(codes.Mailed(key, nonce, emailKey), typed) })
}
