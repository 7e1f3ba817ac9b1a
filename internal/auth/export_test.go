package auth

import "github.com/google/uuid"

// ParseRefreshToken shows the tests what a refresh token says.
func ParseRefreshToken(s string) (session uuid.UUID, generation int64, mac []byte, ok bool) {
	t, ok := parseRefreshToken(s)
	return t.session, t.generation, t.mac, ok
}
