package auth

import (
	"errors"
	"net/netip"

	"latchkey/internal/store"
)

// Refusals is told of everybody who is not let in, for the log: by which way and why, who
// was tried (or "" where that is not said), and which client tried. It must not block.
type Refusals interface {
	Count(way, why, name, client string)
}

// Tally counts what is written down in sums: what anybody can cause as often as they like,
// with the network of the client that does, and numbers by day. It must not block.
type Tally interface {
	Sum(of store.SumOf, client string)
	Day(kind store.DayKind, n int)
}

// Why somebody is not let in.
const (
	wrongPassword = "wrong_passwords"
	unknownName   = "unknown_names"
	wrongCode     = "wrong_codes" // of a second factor, or of a mail
	wrongPasskey  = "wrong_passkeys"
	overLimit     = "rate_limited"
	deadToken     = "dead_tokens" // a refresh token of no session
	deadLink      = "dead_links"
	//lint:ignore G101 the name of a reason
	reusedToken = "reused_tokens" // a refresh token that was traded before
)

// summedAs has the kind of event that each of them is summed up as. A token that was traded
// before has an event of its own.
var summedAs = map[string]store.EventKind{
	wrongPassword: store.EventLoginRefused, unknownName: store.EventLoginRefused, wrongCode: store.EventLoginRefused,
	wrongPasskey: store.EventLoginRefused, overLimit: store.EventThrottled, deadToken: store.EventTokenRefused, deadLink: store.EventLinkRefused,
}

// countRefusal counts that an actor is not let in. name is who was tried, or "", and userID
// whose account that is, as far as it is known; or "".
func (s *Service) countRefusal(a Actor, why, name, userID string) {
	if s.refusals != nil {
		s.refusals.Count(string(a.Way), why, name, a.Client.Key())
	}
	kind := summedAs[why]
	if kind != "" {
		s.sum(a, kind, why, userID)
	}
	if kind == store.EventLoginRefused || kind == store.EventThrottled {
		s.day(store.DayRefusedLogins)
	}
}

// RequestRefused counts a request that was refused before any rule was asked, or by one that
// is not of this package: by whose token it came, or else from where; by neither, if addr is
// not valid.
func (s *Service) RequestRefused(kind store.EventKind, reason string, way Way, userID string, addr netip.Addr) {
	s.sum(Actor{Way: way, Client: Client{Addr: addr}}, kind, reason, userID)
}

// sum counts what an actor does that has no events of its own: to a user's account or, where
// that is not known, by network.
func (s *Service) sum(a Actor, kind store.EventKind, reason, userID string) {
	if s.tally == nil {
		return
	}
	of, client := store.SumOf{Kind: kind, Reason: reason, Way: a.Way, UserID: userID}, ""
	if network := a.Client.Network(); network != nil {
		client = *network
	}
	if userID == "" {
		of.From = client
	}
	s.tally.Sum(of, client)
}

// day counts one more of what is counted by day.
func (s *Service) day(kind store.DayKind) {
	if s.tally != nil {
		s.tally.Day(kind, 1)
	}
}

// countEnd counts how a try at a password ended, if it was refused. known says that there
// was a password to compare.
func (t *try) countEnd(known bool, err error) {
	switch {
	case errors.Is(err, errMismatch) && known:
		t.s.countRefusal(t.actor, wrongPassword, t.identifier, t.owner)
	case errors.Is(err, errMismatch):
		t.s.countRefusal(t.actor, unknownName, t.identifier, "")
	case err != nil && AsError(err).Code == RateLimited:
		t.s.countRefusal(t.actor, overLimit, t.identifier, t.owner)
	}
}
