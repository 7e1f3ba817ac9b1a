// Package doctor looks at a configuration and at all that a server would work with, and
// returns what is wrong and what to do about it. It changes nothing but a row and a key
// that are there for it. If one thing is down, it looks at the others all the same.
//
// [Examine] in doctor.go runs the checks; those of the configuration are in settings.go,
// those of the database in database.go and factors.go, and those of Redis, mail, stolen passwords and traces in servers.go.
package doctor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"latchkey/internal/config"
	"latchkey/internal/keyring"
	"latchkey/internal/mail"
	"latchkey/internal/redisstore"
	"latchkey/internal/store"
)

// Verdict is how one check ended.
type Verdict string

// The verdicts there are.
const (
	OK   Verdict = "ok"
	Warn Verdict = "warn" // it works, but look at it
	Fail Verdict = "fail" // the service does not work, or not well
)

// Finding is what one check found. Its texts hold no secret, and no address but those of
// servers.
type Finding struct {
	Check   string  `json:"check"` // configuration, keys, claims, hashing, breaches, database, factors, redis, mail, outbox, url, browsers, passkeys, traces, proxies
	Verdict Verdict `json:"verdict"`
	Text    string  `json:"text"`
	Advice  string  `json:"advice,omitempty"` // what to do; "" with OK
}

// Subject is what the checks look at. Database, Redis and Mail are nil if they could not be
// opened, and then their errors say why; or if the configuration has none, and then their
// errors are nil, too.
type Subject struct {
	Config   config.Config
	Warnings []config.Warning
	Now      func() time.Time

	Database    *store.Store
	DatabaseErr error
	Pooler      func(ctx context.Context) error // finds one in front of the database that it does not work with
	Steps       []int64                         // numbers of the migrations that this program knows
	Columns     []string                        // what they make, as table.column
	Keys        *keyring.Ring                   // those in the database; nil without a secret
	Redis       *redisstore.Store
	RedisErr    error
	Mail        *mail.SMTP
	MailErr     error
	Reach       func(ctx context.Context) error // asks PUBLIC_URL for its /livez
	Hash        func() error                    // hashes a password in a process of its own

	Breaches    func(ctx context.Context) (string, error) // says what the list of stolen passwords is; nil without one
	BreachesErr error                                     // of opening it

	Traces func(ctx context.Context) error // asks their receiver; nil where there are none
}

// checkTime bounds each group of checks. Each call in it has a shorter bound of
// its own.
const checkTime = 10 * time.Second

// clockDrift is how far apart clocks may be. Replicas compare times that others wrote: when
// sessions end, mails are due, and tokens were refreshed.
const clockDrift = 5 * time.Second

// Examine runs all checks, side by side, and returns what they found in a fixed
// order. It takes some 10 s at most.
func Examine(ctx context.Context, s *Subject) []Finding {
	groups := []func(context.Context, *report){s.configuration, s.keys, s.claims, s.hashing, s.breaches, s.database, s.redis, s.mail, s.url, s.browsers, s.passkeys, s.traces, s.proxies}
	reports := make([]report, len(groups))
	var wg sync.WaitGroup
	for i, group := range groups {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, checkTime)
			defer cancel()
			group(ctx, &reports[i])
		})
	}
	wg.Wait()
	var all []Finding
	for _, r := range reports {
		all = append(all, r...)
	}
	return all
}

// report collects what a group of checks finds.
type report []Finding

func (r *report) ok(check, format string, args ...any) {
	*r = append(*r, Finding{check, OK, fmt.Sprintf(format, args...), ""})
}

func (r *report) warn(check, advice, format string, args ...any) {
	*r = append(*r, Finding{check, Warn, fmt.Sprintf(format, args...), advice})
}

func (r *report) fail(check, advice, format string, args ...any) {
	*r = append(*r, Finding{check, Fail, fmt.Sprintf(format, args...), advice})
}

// Drift returns how far two clocks are apart, in whole seconds, and reports whether that is
// worth a warning.
func Drift(one, other time.Time) (drift time.Duration, much bool) {
	drift = one.Sub(other).Abs().Round(time.Second)
	return drift, drift > clockDrift
}

// clock compares another machine's clock with ours.
func (r *report) clock(check, what string, theirs, ours time.Time) {
	if drift, much := Drift(ours, theirs); much {
		r.warn(check, "let both machines set their clocks by NTP", "the clocks of %s and of this machine are %v apart", what, drift)
	}
}
