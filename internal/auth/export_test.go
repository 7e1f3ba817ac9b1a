package auth

import (
	"time"

	"github.com/google/uuid"
)

// ParseRefreshToken shows the tests what a refresh token says.
func ParseRefreshToken(s string) (session uuid.UUID, generation int64, mac []byte, ok bool) {
	t, ok := parseRefreshToken(s)
	return t.session, t.generation, t.mac, ok
}

// OpensDevice shows the tests whether the service made a device secret that is good at
// now, whose ever it is.
func (s *Service) OpensDevice(secret string, now time.Time) bool {
	return s.devices.open(&secret, now) != nil
}
