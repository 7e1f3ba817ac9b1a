package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/store"
)

// A refresh token is refreshPrefix and, in base64url, the session's id, a
// generation, and an HMAC-SHA256 of both. The HMAC's key is made from a key of the
// session and one of the server. So nobody can make a token from the database
// alone, no token has to be kept, and the same generation always has the same token.
const (
	refreshPrefix   = "lkr_"
	refreshKeyBytes = 32 // of a session's own key
	macOffset       = 16 + 8
	refreshBytes    = macOffset + sha256.Size
)

var refreshEncoding = base64.RawURLEncoding.Strict()

type refreshToken struct {
	session    uuid.UUID
	generation int64
	mac        []byte
}

func parseRefreshToken(s string) (refreshToken, bool) {
	text, ok := strings.CutPrefix(s, refreshPrefix)
	if !ok || len(text) != refreshEncoding.EncodedLen(refreshBytes) {
		return refreshToken{}, false
	}
	b, err := refreshEncoding.DecodeString(text)
	if err != nil || len(b) != refreshBytes { // the decoder skips line breaks
		return refreshToken{}, false
	}
	generation := binary.BigEndian.Uint64(b[16:macOffset])
	if generation == 0 || generation >= math.MaxInt64 {
		return refreshToken{}, false
	}
	return refreshToken{uuid.UUID(b[:16]), int64(generation), b[macOffset:]}, true
}

// refreshKeys are the server's keys: the first makes tokens, all of them verify.
type refreshKeys [][]byte

// token returns the token of a session's present generation.
func (k refreshKeys) token(v *store.Session) (string, error) {
	id, err := uuid.Parse(v.ID)
	if err != nil {
		return "", fmt.Errorf("session id: %w", err)
	}
	b := make([]byte, macOffset, refreshBytes)
	copy(b, id[:])
	//lint:ignore G115 generations count from 1
	binary.BigEndian.PutUint64(b[16:], uint64(v.Generation))
	return refreshPrefix + refreshEncoding.EncodeToString(append(b, refreshMAC(k[0], v.RefreshKey, b)...)), nil
}

// made reports whether a token was made with one of these keys, for the session whose
// own key is sessionKey.
func (k refreshKeys) made(t refreshToken, sessionKey []byte) bool {
	b := make([]byte, macOffset)
	copy(b, t.session[:])
	//lint:ignore G115 parseRefreshToken took no negative one
	binary.BigEndian.PutUint64(b[16:], uint64(t.generation))
	for _, key := range k {
		if hmac.Equal(refreshMAC(key, sessionKey, b), t.mac) {
			return true
		}
	}
	return false
}

func refreshMAC(server, session, message []byte) []byte {
	key := hmac.New(sha256.New, server)
	key.Write(session)
	mac := hmac.New(sha256.New, key.Sum(nil))
	mac.Write(message)
	return mac.Sum(nil)
}

// A session's Rotations are the times at which its last generations were
// rotated away, the latest first, in microseconds since 1970, 8 bytes each.
const rotationBytes = 8

func rotationTimes(b []byte) []time.Time {
	times := make([]time.Time, 0, graceGenerations)
	for ; len(b) >= rotationBytes; b = b[rotationBytes:] {
		//lint:ignore G115 the bits that rotated wrote, the same way back
		times = append(times, time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC())
	}
	return times
}

// rotated returns the Rotations of a session whose generation g is rotated away now. If
// the row has another generation, it comes from a backup that is older than the token:
// then nothing is known of the generations in between.
func rotated(v *store.Session, g int64, now time.Time) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(now.UnixMicro()))
	if g == v.Generation {
		b = append(b, v.Rotations...)
	}
	return b[:min(len(b), graceGenerations*rotationBytes)]
}
