package auth

import (
	"context"
	"slices"
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

	// repasswordLimit binds a user: each change is told by mail.
	repasswordLimit = throttle.Limit{N: 10, Window: time.Hour}
	// newNetworkLimit binds a user: beyond it, further logins from networks that are new
	// to them are told in the history alone.
	newNetworkLimit = throttle.Limit{N: 10, Window: 24 * time.Hour}
	// readdressLimit binds a user: each change writes to two addresses.
	readdressLimit = throttle.Limit{N: 10, Window: time.Hour}
)

// try is one try at a password.
type try struct {
	s          *Service
	actor      Actor
	identifier string
	client     Client
	device     *device          // whose secret came along; or nil
	pair       throttle.Count   // the client at the identifier
	limits     []throttle.Count // those that do not bind a user who is known (C5)
	over       time.Duration    // until all that bind a stranger allow a try again; 0 if they do now
	pairOver   bool             // the pair is over its limit: then nobody is known by their client
	counted    []counted
}

// known says what a user is known by who is tried.
type known struct {
	client bool // they logged in from this client lately
	device bool // the device has a secret of an earlier login of theirs
}

// counted is one thing that a try was counted on, and by whom.
type counted struct {
	by throttle.Giver
	on throttle.Count
}

// countTry begins a try at the password of an identifier by a client (C4): RateLimited
// if the pair of them is over its limit, unless a device's secret came along, whose ever
// it is. It only looks: what is never compared, and what a client tries beyond its limit,
// is to leave no count behind. [try.compare] counts.
func (s *Service) countTry(ctx context.Context, a Actor, identifier string, d *device) (*try, error) {
	client, line, site := a.Client.Key(), a.Client.line(), a.Client.site()
	t := &try{
		s: s, actor: a, identifier: identifier, client: a.Client, device: d,
		pair: throttle.Count{Key: "pair:" + client + ":" + identifier, Limit: pairLimit},
		limits: []throttle.Count{
			{Key: "client:" + client, Limit: clientLimit},
			{Key: "identifier:" + identifier, Limit: identifierLimit},
			{Key: "line:" + line + ":" + identifier, Limit: linePairLimit},
		},
	}
	if site != "" {
		t.limits = append(t.limits,
			throttle.Count{Key: "site:" + site + ":" + identifier, Limit: sitePairLimit},
			throttle.Count{Key: "line:" + line, Limit: lineLimit},
			throttle.Count{Key: "site:" + site, Limit: siteLimit})
	}
	pair, over, err := t.take(ctx, looks([]throttle.Count{t.pair}), looks(t.limits))
	if err != nil {
		return nil, err
	}
	if err := t.bind(pair, over); err != nil {
		s.countRefusal(a, overLimit, identifier)
		return nil, err
	}
	return t, nil
}

// bind takes note of how long the pair and the limits have the try wait. It is
// RateLimited if that is the pair alone and no device's secret came along.
func (t *try) bind(pair, limits time.Duration) error {
	switch {
	case limits > 0:
		t.over = limits
	case pair > 0 && t.device == nil:
		return errRateLimited(pair)
	case pair > 0:
		t.over, t.pairOver = pair, true
	}
	return nil
}

// looks returns counts that are only looked at.
func looks(counts []throttle.Count) []throttle.Count {
	counts = slices.Clone(counts)
	for i := range counts {
		counts[i].Look = true
	}
	return counts
}

// admits counts a try that is about to be compared, and returns how long it has to wait
// instead; 0 if it does not. It is RateLimited beyond the limit of the pair.
//
// While the limits are passed, a user who is known is bound by counts of their own in
// place of the pair's: one of their device's secret, wherever it is used, and one of them
// at this client. Either may allow the try. For everybody else these steps take as long
// then, which shows nobody that there is such a user.
func (t *try) admits(ctx context.Context, by known) (wait time.Duration, err error) {
	if t.over == 0 {
		pair, over, err := t.take(ctx, []throttle.Count{t.pair}, t.limits)
		if err != nil || pair == 0 && over == 0 {
			return 0, err
		}
		t.giveBack(ctx) // many at once came between
		if err := t.bind(pair, over); err != nil {
			return 0, err
		}
	}
	by.client = by.client && !t.pairOver
	var own []throttle.Count
	if by.device {
		own = append(own, throttle.Count{Key: "device:" + t.device.id, Limit: pairLimit})
	}
	if by.client || !by.device {
		own = append(own, throttle.Count{Key: "familiar " + t.pair.Key, Limit: pairLimit})
	}
	if !by.client && !by.device {
		_, _, err = t.take(ctx, looks(own), looks(t.limits))
		return t.over, err
	}
	if wait, _, err = t.take(ctx, own, t.limits); wait > 0 {
		wait = t.over // to be told from nobody
	}
	return wait, err
}

// take counts the try, and returns how long it takes until one of its own counts allows
// it, and until all of the limits do; 0 if they do now.
func (t *try) take(ctx context.Context, own, limits []throttle.Count) (ofOwn, ofLimits time.Duration, err error) {
	counts := slices.Concat(own, limits)
	waits, by, err := t.s.counters.Take(ctx, t.s.now(), counts...)
	if err != nil {
		return 0, 0, err
	}
	for i, wait := range waits {
		if wait == 0 && !counts[i].Look {
			t.counted = append(t.counted, counted{by, counts[i]})
		}
	}
	return slices.Min(waits[:len(own)]), slices.Max(waits[len(own):]), nil
}

// giveBack undoes what the try was counted on: the password was right, or it was not
// compared.
func (t *try) giveBack(ctx context.Context) {
	// The answer does not hang on it, and a caller who went away must not
	// keep a count that is not theirs.
	ctx = context.WithoutCancel(ctx)
	for i := 0; i < len(t.counted); {
		by, counts := t.counted[i].by, []throttle.Count(nil)
		for ; i < len(t.counted) && t.counted[i].by == by; i++ {
			counts = append(counts, t.counted[i].on)
		}
		if err := by.GiveBack(ctx, t.s.now(), counts...); err != nil {
			t.s.log.Warn().Err(err).Msg("throttle")
		}
	}
	t.counted = nil
}

// countMail counts a call that makes us write to an address that a stranger names. It is
// RateLimited beyond mailLimit. What is malformed causes no mail, and is counted apart.
func (s *Service) countMail(ctx context.Context, a Actor, what string, wellFormed bool) error {
	if !wellFormed {
		what = "malformed " + what
	}
	waits, _, err := s.counters.Take(ctx, s.now(), throttle.Count{Key: what + ":" + a.Client.Key(), Limit: mailLimit})
	if err == nil && waits[0] > 0 {
		return errRateLimited(waits[0])
	}
	return err
}

// countChange counts a change that users make of their own account. It is RateLimited
// beyond limit.
func (s *Service) countChange(ctx context.Context, what, userID string, limit throttle.Limit) error {
	waits, _, err := s.counters.Take(ctx, s.now(), throttle.Count{Key: "change " + what + ":" + userID, Limit: limit})
	if err == nil && waits[0] > 0 {
		return errRateLimited(waits[0])
	}
	return err
}

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
