package auth

import "errors"

// Refusals is told of everybody who is not let in: by which way and why, who was tried (or
// "" where that is not said), and which client tried. It must not block.
type Refusals interface {
	Count(way, why, name, client string)
}

// Why somebody is not let in.
const (
	wrongPassword = "wrong_passwords"
	unknownName   = "unknown_names"
	wrongCode     = "wrong_codes" // of a second factor
	wrongPasskey  = "wrong_passkeys"
	overLimit     = "rate_limited"
	deadToken     = "dead_tokens" // a refresh token of no session
	//lint:ignore G101 the name of a reason
	reusedToken = "reused_tokens" // a refresh token that was traded before
)

// countRefusal counts that an actor is not let in. name is who was tried, or "".
func (s *Service) countRefusal(a Actor, why, name string) {
	if s.refusals != nil {
		s.refusals.Count(string(a.Way), why, name, a.Client.Key())
	}
}

// countEnd counts how a try at a password ended, if it was refused. known says that there
// was a password to compare.
func (t *try) countEnd(known bool, err error) {
	switch {
	case errors.Is(err, errMismatch) && known:
		t.s.countRefusal(t.actor, wrongPassword, t.identifier)
	case errors.Is(err, errMismatch):
		t.s.countRefusal(t.actor, unknownName, t.identifier)
	case err != nil && AsError(err).Code == RateLimited:
		t.s.countRefusal(t.actor, overLimit, t.identifier)
	}
}
