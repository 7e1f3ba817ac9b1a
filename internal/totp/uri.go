package totp

import (
	"encoding/base32"
	"fmt"
	"net/url"
	"strings"
)

// Base32 returns a secret as people type it into an app.
func Base32(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// ParseBase32 returns a secret that somebody has as Base32: in whatever case, with spaces or
// without, with padding or without.
func ParseBase32(text string) (secret []byte, ok bool) {
	text = strings.TrimRight(strings.ToUpper(strings.ReplaceAll(text, " ", "")), "=")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	return secret, err == nil
}

// URI returns the otpauth: URI that adds a secret to an app, where it is listed by the
// service that it is for and by the account there.
func URI(secret []byte, issuer, account string) string {
	issuer, account = escape(issuer), escape(account)
	return fmt.Sprintf("otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=%d&period=%d",
		issuer, account, Base32(secret), issuer, digits, period)
}

// escape writes a text so that it is one in a path and in a query. Apps take a plus sign
// for itself, and a colon for what is between issuer and account.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
