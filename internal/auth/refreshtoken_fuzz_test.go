package auth_test

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"latchkey/internal/auth"
)

var refreshToken = regexp.MustCompile(`^lkr_[A-Za-z0-9_-]{75}$`)

// A refresh token has one spelling, and every one of a generation that there may
// be is understood.
func FuzzParseRefreshToken(f *testing.F) {
	spelled := func(session uuid.UUID, generation int64, mac []byte) string {
		b := binary.BigEndian.AppendUint64(session[:], uint64(generation))
		return "lkr_" + base64.RawURLEncoding.EncodeToString(append(b, mac...))
	}
	good := spelled(uuid.UUID{1, 2, 3}, 4, make([]byte, 32))
	for _, seed := range []string{
		good, good + "=", good + "A", good[:len(good)-1], good[:len(good)-1] + "B", "lko_" + good[4:], "lkr_", "",
		spelled(uuid.UUID{}, 0, make([]byte, 32)), spelled(uuid.UUID{}, -1, make([]byte, 32)),
		spelled(uuid.UUID{}, math.MaxInt64, make([]byte, 32)), strings.Replace(good, "A", "\n", 1),
		good[:4+30] + strings.Repeat("\n", 45), strings.Replace(good, "A", "+", 1),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		session, generation, mac, ok := auth.ParseRefreshToken(s)
		if !ok {
			if refreshToken.MatchString(s) {
				b, err := base64.RawURLEncoding.DecodeString(s[4:])
				if g := int64(binary.BigEndian.Uint64(b[16:24])); err == nil && g > 0 && g < math.MaxInt64 && spelled(uuid.UUID(b[:16]), g, b[24:]) == s {
					t.Errorf("%q is refused", s)
				}
			}
			return
		}
		if generation < 1 || generation == math.MaxInt64 || len(mac) != 32 {
			t.Errorf("%q: generation %d, %d bytes of HMAC", s, generation, len(mac))
		}
		if again := spelled(session, generation, mac); again != s {
			t.Errorf("%q is written %q", s, again)
		}
	})
}
