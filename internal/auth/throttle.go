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
	// lookLimit binds a user: a name that turns out to be taken is no change, and
	// yet tells that somebody has it. People try a few, who collects them goes on.
	lookLimit = throttle.Limit{N: 30, Window: time.Hour}

	// repasswordLimit binds a user: each change is told by mail.
	repasswordLimit = throttle.Limit{N: 10, Window: time.Hour}
	// readdressLimit binds a user: each change writes to two addresses.
	readdressLimit = throttle.Limit{N: 10, Window: time.Hour}
)

// try is one counted try at a password.
type try struct {
	s       *Service
	client  Client
	counted []counted
	over    time.Duration // how long until the client's and the identifier's limits allow another; 0 while they do
}

// counted is one key that a try was counted on, with what can give it back.
type counted struct {
	by throttle.Giver
	on throttle.Count
}

// countTry counts a try at the password of an identifier by a client (C4). It is
// RateLimited if the pair of them is over its limit. Whether one of the other two limits
// is passed is only noted: these do not bind a user at a client that they use (C5),
// which is known later, in [try.compare].
func (s *Service) countTry(ctx context.Context, a Actor, identifier string) (*try, error) {
	client := a.Client.Key()
	t := &try{s: s, client: a.Client}
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

// take counts the try on counts, and returns how long it takes until the last of them
// allows one; 0 if all do now.
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
