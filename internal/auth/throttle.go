package auth

import (
	"context"
	"time"

	"latchkey/internal/names"
	"latchkey/internal/store"
	"latchkey/internal/throttle"
)

// How often somebody may try, all in one place. A try is counted right before a
// password is compared, and a right one is given back, so only guesses add up.
var (
	// pairLimit binds one client at one identifier: a person mistypes a few
	// times, a program would go on. It is what a guesser meets first, and it
	// leaves everybody else at that identifier alone.
	pairLimit = throttle.Limit{N: 10, Every: 200 * time.Second}
	// linePairLimit and sitePairLimit bind all clients of one IPv6 /56, which is what
	// a home has, or an IPv4 address, and of one /48, at one identifier. Four /56 do not
	// use up what all together have there, nor do two /48.
	linePairLimit = throttle.Limit{N: 19, Window: time.Hour}
	sitePairLimit = throttle.Limit{N: 40, Window: time.Hour}
	// clientLimit binds one client over all identifiers, and lineLimit and siteLimit
	// its /56 and /48. An office behind one address mistypes less than this, a
	// sprayer would not.
	clientLimit = throttle.Limit{N: 300, Window: 10 * time.Minute}
	lineLimit   = throttle.Limit{N: 600, Window: 10 * time.Minute}
	siteLimit   = throttle.Limit{N: 1200, Window: 10 * time.Minute}
	// identifierLimit binds everybody at one identifier, so that many addresses
	// together have few tries. An account has three: its username, its address
	// and, where somebody is signed in, its id.
	identifierLimit = throttle.Limit{N: 100, Window: time.Hour}
	// mailLimit binds one client at what makes us write to addresses that it
	// names, whatever the address.
	mailLimit = throttle.Limit{N: 60, Window: 10 * time.Minute}
	// renameLimit binds a user: each change keeps a name from everybody else for
	// three days.
	renameLimit = throttle.Limit{N: 5, Window: 24 * time.Hour}
	// lookLimit binds a user: a name that turns out to be taken is no change, and
	// yet tells that somebody has it. People try a few, who collects them goes on.
	lookLimit = throttle.Limit{N: 30, Window: time.Hour}

	// labelLimit binds a user: each new name of a passkey is a row of history.
	labelLimit = throttle.Limit{N: 60, Window: time.Hour}

	// repasswordLimit binds a user: each change is told by mail.
	repasswordLimit = throttle.Limit{N: 10, Window: time.Hour}
	// newNetworkLimit binds a user: beyond it, further logins from networks that are new
	// to them are told in the history alone.
	newNetworkLimit = throttle.Limit{N: 10, Window: 24 * time.Hour}
	// resetLimit binds a user: a password that is refused leaves the link good, and may
	// have had a service asked.
	resetLimit = throttle.Limit{N: 60, Window: 10 * time.Minute}
	// readdressLimit binds a user: each change writes to two addresses.
	readdressLimit = throttle.Limit{N: 10, Window: time.Hour}
)

// countMail counts a call that makes us write to an address that a stranger names. It is
// RateLimited beyond mailLimit. What is malformed causes no mail, and is counted apart.
func (s *Service) countMail(ctx context.Context, a Actor, what string, wellFormed bool) error {
	if !wellFormed {
		what = "malformed " + what
	}
	waits, _, err := s.counters.Take(ctx, s.now(), throttle.Count{Key: what + ":" + a.Client.Key(), Limit: mailLimit})
	if err == nil && waits[0] > 0 {
		s.sum(a, store.EventThrottled, overLimit, "")
		return errRateLimited(waits[0])
	}
	return err
}

// countChange counts a change that users make of their own account. It is RateLimited
// beyond limit.
func (s *Service) countChange(ctx context.Context, what, userID string, limit throttle.Limit) error {
	err := s.countTold(ctx, what, userID, limit)
	if err != nil && AsError(err).Code == RateLimited {
		s.sum(Actor{Way: ByAPI}, store.EventThrottled, overLimit, userID)
	}
	return err
}

// countTold counts what a user is told. It is RateLimited beyond limit.
func (s *Service) countTold(ctx context.Context, what, userID string, limit throttle.Limit) error {
	waits, _, err := s.counters.Take(ctx, s.now(), throttle.Count{Key: "change " + what + ":" + userID, Limit: limit})
	if err == nil && waits[0] > 0 {
		return errRateLimited(waits[0])
	}
	return err
}

// testMailLimit bounds how often an administrator has the mail server tried.
var testMailLimit = throttle.Limit{N: 20, Window: time.Hour}

// openRegistrations bounds how much of the database, and how many names, one client
// can take up in registrationWindow without confirming anything. It is an hour, so that
// somebody's junk keeps nobody behind the same address waiting for longer.
var openRegistrations = store.RegistrationLimits{PerAddress: 5, PerClient: 20}

const registrationWindow = time.Hour

// registrationLimits are those of an actor.
func (s *Service) registrationLimits(a Actor, now time.Time) store.RegistrationLimits {
	limits := openRegistrations
	if limits.Since = now.Add(-registrationWindow); s.unbound(a) {
		limits.Since = now
	}
	return limits
}

// unbound reports whether an actor may register as often as they like, and have mails
// written to one domain: a test suite on the developer's machine does.
func (s *Service) unbound(a Actor) bool {
	return s.cfg.Development && a.Client.Addr.Unmap().IsLoopback()
}

// line returns whose line the mails that an actor causes are counted on, or "" if that is
// not to bind them.
func (s *Service) line(a Actor) string {
	if s.unbound(a) {
		return ""
	}
	return a.Client.line()
}

// countRegister counts a call of Register. What cannot become a registration is
// counted apart, so that it uses up nobody's.
func (s *Service) countRegister(ctx context.Context, a Actor, in RegisterInput) error {
	if s.unbound(a) {
		return nil
	}
	_, ok := names.ParseEmail(in.Email)
	if in.Username != nil && ok {
		_, ok = names.ParseUsername(*in.Username)
	}
	return s.countMail(ctx, a, "register", ok && len(s.policy.Check(in.Password)) == 0)
}
