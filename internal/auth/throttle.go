package auth

import (
	"context"
	"time"

	"latchkey/internal/throttle"
)

// How often somebody may try, all in one place. A try is counted before a
// password is compared, and a right one is given back, so only guesses add up.
var (
	// pairLimit binds one client at one identifier: a person mistypes a few
	// times, a program would go on. It is what a guesser meets first, and it
	// leaves everybody else at that identifier alone.
	pairLimit = throttle.Limit{N: 10, Every: 30 * time.Second}
	// clientLimit binds one client over all identifiers. An office behind one
	// address mistypes less than this, a sprayer would not.
	clientLimit = throttle.Limit{N: 300, Window: 10 * time.Minute}
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
	// repasswordLimit binds a user: each change is told by mail.
	repasswordLimit = throttle.Limit{N: 10, Window: time.Hour}
	// readdressLimit binds a user: each change writes to two addresses.
	readdressLimit = throttle.Limit{N: 10, Window: time.Hour}
)

// How long a client and a kind of device stay familiar to a user.
const (
	clientMemory = 30 * 24 * time.Hour
	deviceMemory = 180 * 24 * time.Hour
	familiarStep = 24 * time.Hour // a session that is used says so once in each
)

// try is one counted try at a password.
type try struct {
	s       *Service
	client  string // its key
	counted []counted
	over    time.Duration // until the client's or the identifier's limit allows one again; 0 if it does now
}

// counted is one thing that a try was counted on, and by whom.
type counted struct {
	by throttle.Giver
	on throttle.Count
}

// countTry counts a try at an identifier by a client: RateLimited if the pair
// is over its limit. The other two limits do not bind a user where they are
// known, which is only seen later: see try.compare.
func (s *Service) countTry(ctx context.Context, a Actor, identifier string) (*try, error) {
	client := a.Client.Key()
	t := &try{s: s, client: client}
	now := s.now()
	// The pair first and alone: a try that it refuses is unheard, and must not
	// count against anybody else for a moment.
	wait, err := t.take(ctx, now, throttle.Count{Key: "pair:" + client + ":" + identifier, Limit: pairLimit})
	if err != nil {
		return nil, err
	}
	if wait > 0 {
		return nil, errRateLimited(wait)
	}
	t.over, err = t.take(ctx, now,
		throttle.Count{Key: "client:" + client, Limit: clientLimit}, throttle.Count{Key: "identifier:" + identifier, Limit: identifierLimit})
	return t, err
}

// take counts the try and returns the longest wait; 0 if none is over its limit.
func (t *try) take(ctx context.Context, now time.Time, counts ...throttle.Count) (longest time.Duration, err error) {
	waits, by, err := t.s.counters.Take(ctx, now, counts...)
	if err != nil {
		return 0, err
	}
	for i, wait := range waits {
		if wait == 0 {
			//lint:ignore G602 Counters promises a wait for each count
			t.counted = append(t.counted, counted{by, counts[i]})
		}
		longest = max(longest, wait)
	}
	return longest, nil
}

// giveBack undoes the count: the password was right, or was not compared.
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
}

// countMail counts one call that makes us write to an address: RateLimited
// beyond mailLimit. What is malformed causes no mail, and is counted apart.
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

// countChange counts a change that a user makes of their own account.
func (s *Service) countChange(ctx context.Context, what, userID string, limit throttle.Limit) error {
	waits, _, err := s.counters.Take(ctx, s.now(), throttle.Count{Key: "change " + what + ":" + userID, Limit: limit})
	if err == nil && waits[0] > 0 {
		return errRateLimited(waits[0])
	}
	return err
}
