// Package totp makes and checks the codes of authenticator apps (RFC 6238): six digits
// of HMAC-SHA-1, another each 30 seconds, which is what every app can do.
//
// [Match] takes the code of this step, of the one before and of the next, so a code is
// good for 90 seconds. It takes none of a step that is not after the last one that was
// used: whoever keeps that step, and moves it by one conditional statement, has each
// code work once. uri.go and qr.go are how a secret comes into an app.
package totp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //lint:ignore G505 HMAC-SHA-1 is what the apps do, and its weakness is none of HMAC
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode"
)

const (
	secretLen = 20 // bytes: as many as SHA-1 has, which RFC 4226 section 4 asks for
	digits    = 6
	period    = 30 // seconds
)

// NewSecret returns a secret of 160 random bits.
func NewSecret() []byte {
	secret := make([]byte, secretLen)
	rand.Read(secret) // never fails since Go 1.24
	return secret
}

// Step returns in which step since 1970 a time is.
func Step(now time.Time) int64 { return now.Unix() / period }

// Code returns the code of a step.
func Code(secret []byte, step int64) string {
	return fmt.Sprintf("%0*d", digits, truncated(secret, step)%1_000_000)
}

// truncated is 31 bits of the HMAC of a step, at the place that its last byte names (RFC
// 4226 section 5.3).
func truncated(secret []byte, step int64) uint32 {
	mac := hmac.New(sha1.New, secret)
	//lint:ignore G115 steps count from 1970
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := mac.Sum(nil)
	return binary.BigEndian.Uint32(sum[sum[len(sum)-1]&0xf:]) &^ (1 << 31)
}

// Match returns the step whose code was typed: the present one, the one before or the
// next, and only one after the step after, whose code was used last. Where two of them
// have one code it is the later, so that the code does not work again for that. Spaces in
// what was typed do not count. All three are compared, in constant time.
func Match(secret []byte, typed string, now time.Time, after int64) (step int64, ok bool) {
	typed = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, typed)
	present := Step(now)
	for s := present - 1; s <= present+1; s++ {
		equal := subtle.ConstantTimeCompare([]byte(Code(secret, s)), []byte(typed)) == 1
		if equal && s > after {
			step, ok = s, true
		}
	}
	return step, ok
}
