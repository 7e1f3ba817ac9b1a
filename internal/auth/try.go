package auth

import (
	"context"
	"errors"
	"slices"
	"time"

	"latchkey/internal/throttle"
)

// try is one try at a password, or by a passkey.
type try struct {
	s          *Service
	actor      Actor
	identifier string
	owner      string // the id of the user who is tried, as far as that is known; or ""
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
		limits: append(clientLimits(a.Client),
			throttle.Count{Key: "identifier:" + identifier, Limit: identifierLimit},
			throttle.Count{Key: "line:" + line + ":" + identifier, Limit: linePairLimit}),
	}
	if site != "" {
		t.limits = append(t.limits, throttle.Count{Key: "site:" + site + ":" + identifier, Limit: sitePairLimit})
	}
	pair, over, err := t.take(ctx, looks([]throttle.Count{t.pair}), looks(t.limits))
	if err != nil {
		return nil, err
	}
	if err := t.bind(pair, over); err != nil {
		s.countRefusal(a, overLimit, identifier, "")
		return nil, err
	}
	return t, nil
}

// clientLimits bind a client, and the networks that it shares, over all identifiers.
func clientLimits(c Client) []throttle.Count {
	limits := []throttle.Count{{Key: "client:" + c.Key(), Limit: clientLimit}}
	if site := c.site(); site != "" {
		limits = append(limits, throttle.Count{Key: "line:" + c.line(), Limit: lineLimit}, throttle.Count{Key: "site:" + site, Limit: siteLimit})
	}
	return limits
}

// countAnswer counts a try at what nobody can guess, the signature of a passkey, by its
// client alone: whose it is shows once it is right. Call [try.answered] behind it.
func (s *Service) countAnswer(ctx context.Context, a Actor) (*try, error) {
	t := &try{s: s, actor: a, client: a.Client}
	waits, err := t.count(ctx, clientLimits(a.Client))
	if err != nil {
		return nil, err
	}
	t.over = slices.Max(waits)
	return t, nil
}

// answered ends a try of countAnswer that came to err, and returns how it ends: a right one
// is given back. Beyond the limits it is RateLimited, but for a right one of a user who is
// known at the client (C5).
func (t *try) answered(ctx context.Context, err error, known bool) error {
	mistake, wrong := errors.AsType[UserErrors](err)
	switch {
	case err != nil && !wrong: // nothing was compared
		t.giveBack(ctx)
		return err
	case t.over > 0 && (wrong || !known):
		t.giveBack(ctx)
		t.s.countRefusal(t.actor, overLimit, "", "")
		return errRateLimited(t.over)
	case wrong:
		t.s.countRefusal(t.actor, wrongPasskey, "", t.owner)
		return mistake
	}
	t.giveBack(ctx)
	return nil
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
	waits, err := t.count(ctx, slices.Concat(own, limits))
	if err != nil {
		return 0, 0, err
	}
	return slices.Min(waits[:len(own)]), slices.Max(waits[len(own):]), nil
}

// count counts the try on counts, and returns how long each of them has it wait.
func (t *try) count(ctx context.Context, counts []throttle.Count) ([]time.Duration, error) {
	waits, by, err := t.s.counters.Take(ctx, t.s.now(), counts...)
	if err != nil {
		return nil, err
	}
	for i, wait := range waits {
		if wait == 0 && !counts[i].Look {
			t.counted = append(t.counted, counted{by, counts[i]})
		}
	}
	return waits, nil
}

// giveBack undoes what the try was counted on: the password was right, or it was not
// compared.
func (t *try) giveBack(ctx context.Context) {
	for i := 0; i < len(t.counted); {
		by, counts := t.counted[i].by, []throttle.Count(nil)
		for ; i < len(t.counted) && t.counted[i].by == by; i++ {
			counts = append(counts, t.counted[i].on)
		}
		t.s.giveBack(ctx, by, counts...)
	}
	t.counted = nil
}

// giveBack undoes what somebody was counted on.
func (s *Service) giveBack(ctx context.Context, by throttle.Giver, counts ...throttle.Count) {
	// The answer does not hang on it, and a caller who went away must not
	// keep a count that is not theirs.
	if err := by.GiveBack(context.WithoutCancel(ctx), s.now(), counts...); err != nil {
		s.log.Warn().Err(err).Msg("throttle")
	}
}
