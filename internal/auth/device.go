package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"latchkey/internal/store"
)

// A device secret is what a device keeps of a login, and shows at the next. It opens
// nothing. It only says that its user logged in with this device before: then the
// limits that others use up do not bind the login, its network is not new, and the second
// factor is left out if the user wanted that (trusted.go).
//
// It is devicePrefix and, in base64url, an HMAC-SHA256 and what that is over: the
// user's security_version, until when it is good, an id of its own and the user's id.
// So nothing of it is kept, and what makes a user's links dead makes it dead, too:
// whoever knew the password before has no secrets that count after it was changed.
const (
	devicePrefix  = "lkd_"
	deviceIDBytes = 16
	deviceHead    = 8 + 8 + deviceIDBytes // before the user's id
	maxDevice     = 256                   // characters
)

var deviceEncoding = base64.RawURLEncoding.Strict()

// DeviceLasts is how long a device secret is good.
const DeviceLasts = 180 * 24 * time.Hour

// device is a device secret that one of our keys made and that is not expired.
type device struct {
	id      string // by which its tries are counted, and its user trusts it
	userID  string
	version int64 // the user's security_version when it was made
}

// deviceKeys are the server's keys: the first makes secrets, all of them verify.
type deviceKeys [][]byte

// newDeviceID returns an id that no device had before.
func newDeviceID() string {
	id := make([]byte, deviceIDBytes)
	rand.Read(id) // never fails since Go 1.24
	return deviceEncoding.EncodeToString(id)
}

// secret returns a new device secret of a user, with an id of newDeviceID.
func (k deviceKeys) secret(u *store.User, id string, now time.Time) string {
	b := make([]byte, 0, sha256.Size+deviceHead+len(u.ID))
	//lint:ignore G115 versions count from 1
	b = binary.BigEndian.AppendUint64(b, uint64(u.SecurityVersion))
	b = binary.BigEndian.AppendUint64(b, uint64(now.Add(DeviceLasts).UnixMicro()))
	raw, _ := deviceEncoding.DecodeString(id) // as newDeviceID made it
	b = append(append(b, raw...), u.ID...)
	return devicePrefix + deviceEncoding.EncodeToString(append(deviceMAC(k[0], b), b...))
}

// open returns the device of a secret, or nil if the secret is missing, is not one of
// ours or is expired.
func (k deviceKeys) open(secret *string, now time.Time) *device {
	if secret == nil || len(*secret) > maxDevice {
		return nil
	}
	text, ok := strings.CutPrefix(*secret, devicePrefix)
	if !ok {
		return nil
	}
	b, err := deviceEncoding.DecodeString(text)
	if err != nil || len(b) <= sha256.Size+deviceHead || len(text) != deviceEncoding.EncodedLen(len(b)) { // the decoder skips line breaks
		return nil
	}
	mac, b := b[:sha256.Size], b[sha256.Size:]
	if !slices.ContainsFunc(k, func(key []byte) bool { return hmac.Equal(deviceMAC(key, b), mac) }) {
		return nil
	}
	//lint:ignore G115 the bits that secret wrote, the same way back
	version, until := int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))
	if now.UnixMicro() >= until {
		return nil
	}
	return &device{id: deviceEncoding.EncodeToString(b[16:deviceHead]), userID: string(b[deviceHead:]), version: version}
}

func deviceMAC(key, message []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(message)
	return mac.Sum(nil)
}

// of reports whether a device is one of u, whose secret still counts. There may be no
// device, and u may be nobody.
func (d *device) of(u *store.User) bool {
	return d != nil && d.userID == u.ID && d.version == u.SecurityVersion
}
