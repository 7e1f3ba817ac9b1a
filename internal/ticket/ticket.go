// Package ticket makes and opens tickets: signed texts that expire, for what a stranger
// begins and the service need not remember.
//
// A login page begins a login by passkey each time somebody looks at it. If that were a
// row, strangers would fill the database. So [Maker.Make] puts what there is to remember
// into a text that only we can make, whoever began hands it back, and [Maker.Open] reads
// it. A ticket is signed and not hidden: it holds nothing that its holder may not know.
//
// A ticket opens as often as somebody likes until it expires. What it may do once is
// kept to that by who does it, with a row in the transaction of the effect.
package ticket

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// ErrInvalid says that a text is no ticket of ours for this purpose, or no longer.
var ErrInvalid = errors.New("ticket: invalid")

// Purpose says what a ticket is for. A ticket of one purpose opens for no other.
type Purpose byte

// The purposes there are. Their numbers are in tickets, so none is ever given anew.
const (
	Step         Purpose = 1 // the next step of a login
	PasskeyLogin Purpose = 2 // a login that begins with a passkey
	PasskeyAdd   Purpose = 3 // a new passkey
	TOTPAdd      Purpose = 4 // a new authenticator app
	MailLogin    Purpose = 5 // a login by a mailed code
	StepUp       Purpose = 6 // a fresh proof in a session
)

// A ticket is prefix and, in base64url: version · purpose · when it was issued, in
// microseconds since 1970 · for how many seconds it is good · nonce · body · HMAC-SHA-256
// of all before it.
const (
	prefix  = "lkc_"
	version = 1
	headLen = 1 + 1 + 8 + 4 + nonceLen

	nonceLen = 16
	maxBody  = 1536 // bytes
	skew     = time.Minute
)

var (
	encoding = base64.RawURLEncoding.Strict()
	maxText  = len(prefix) + encoding.EncodedLen(headLen+maxBody+sha256.Size)
)

// Maker makes and opens tickets. It keeps nothing, so what one replica makes all open.
type Maker struct{ keys [][]byte }

// New returns a Maker with keys that serve this use alone: the first makes, all verify.
func New(keys [][]byte) *Maker { return &Maker{keys} }

// Ticket is a ticket, but for its body.
type Ticket struct {
	Text            string
	Nonce           [nonceLen]byte // random, and no secret
	Issued, Expires time.Time
}

// Challenge returns the WebAuthn challenge that is bound to this ticket: SHA-256 of
// "webauthn" and its text.
func (t Ticket) Challenge() []byte {
	sum := sha256.Sum256([]byte("webauthn" + t.Text))
	return sum[:]
}

// Make returns a new ticket that is good for ttl, which is of whole seconds. The body is
// a struct, of at most 1.5 KB as JSON.
func (m *Maker) Make(p Purpose, body any, now time.Time, ttl time.Duration) (Ticket, error) {
	seconds := ttl / time.Second
	if seconds <= 0 || seconds > math.MaxUint32 || seconds*time.Second != ttl {
		return Ticket{}, fmt.Errorf("ticket: good for %v", ttl)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return Ticket{}, fmt.Errorf("ticket: %w", err)
	}
	if len(text) > maxBody {
		return Ticket{}, fmt.Errorf("ticket: a body of %d bytes", len(text))
	}
	issued := now.UnixMicro()
	t := Ticket{Issued: time.UnixMicro(issued).UTC()}
	t.Expires = t.Issued.Add(ttl)
	rand.Read(t.Nonce[:]) // never fails since Go 1.24

	b := append(make([]byte, 0, headLen+len(text)+sha256.Size), version, byte(p))
	b = binary.BigEndian.AppendUint64(b, uint64(issued))
	b = binary.BigEndian.AppendUint32(b, uint32(seconds))
	b = append(append(b, t.Nonce[:]...), text...)
	t.Text = prefix + encoding.EncodeToString(append(b, sign(m.keys[0], b)...))
	return t, nil
}

// Open reads a ticket of this purpose, and what Make was given into body, a pointer to
// such a struct. All that is wrong with a ticket is ErrInvalid: it is not ours, it is for
// something else, it expired, it was issued more than a minute from now, or body lacks a
// field that it has. Body is good for nothing then.
func (m *Maker) Open(text string, p Purpose, now time.Time, body any) (Ticket, error) {
	encoded, ok := strings.CutPrefix(text, prefix)
	if !ok || len(text) > maxText {
		return Ticket{}, ErrInvalid
	}
	b, err := encoding.DecodeString(encoded)
	if err != nil || len(b) < headLen+sha256.Size || len(encoded) != encoding.EncodedLen(len(b)) { // the decoder skips line breaks
		return Ticket{}, ErrInvalid
	}
	b, mac := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	ours := slices.ContainsFunc(m.keys, func(key []byte) bool { return hmac.Equal(sign(key, b), mac) })
	if !ours || b[0] != version || Purpose(b[1]) != p {
		return Ticket{}, ErrInvalid
	}
	//lint:ignore G115 the bits that Make wrote, the same way back
	issued := time.UnixMicro(int64(binary.BigEndian.Uint64(b[2:]))).UTC()
	ttl := time.Duration(binary.BigEndian.Uint32(b[10:])) * time.Second
	t := Ticket{Text: text, Nonce: [nonceLen]byte(b[14:headLen]), Issued: issued, Expires: issued.Add(ttl)}
	if issued.After(now.Add(skew)) || !now.Before(t.Expires) {
		return Ticket{}, ErrInvalid
	}
	if json.Unmarshal(b[headLen:], body, json.RejectUnknownMembers(true)) != nil {
		return Ticket{}, ErrInvalid
	}
	return t, nil
}

func sign(key, message []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(message)
	return mac.Sum(nil)
}
