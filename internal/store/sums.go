package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/db"
)

// The kinds of events that anybody can cause as often as they like. They have no rows of
// their own, but sums of ten minutes, so that nobody fills the disk by them.
const (
	EventLoginRefused   EventKind = "LOGIN_REFUSED"   // a wrong password, code or passkey
	EventThrottled      EventKind = "THROTTLED"       // a try beyond a limit
	EventTokenRefused   EventKind = "TOKEN_REFUSED"   // a refresh token of no session
	EventLinkRefused    EventKind = "LINK_REFUSED"    // a link that is dead, or none of ours
	EventAccessRefused  EventKind = "ACCESS_REFUSED"  // what needs a token, or more than the token's user may
	EventRequestRefused EventKind = "REQUEST_REFUSED" // what is not well-formed, too large or too costly, or comes from a foreign page
	EventRegistered     EventKind = "REGISTERED"      // an account that waits for its confirmation
	EventMailRequested  EventKind = "MAIL_REQUESTED"  // to an address that somebody named
	EventMailsRefused   EventKind = "MAILS_REFUSED"   // by the link of a mail
	EventMailsAllowed   EventKind = "MAILS_ALLOWED"   // by the same link, or by the shell
)

// succeeded are the kinds of sums of what was not refused.
var succeeded = []EventKind{EventRegistered, EventMailRequested, EventMailsRefused, EventMailsAllowed}

const (
	// SumSpan is how long a sum is of.
	SumSpan = 10 * time.Minute
	// mostSums bounds the rows of one span, of all processes together. What comes beyond
	// is summed in rows that tell only kind and way, for which some are kept free. Sums of
	// accounts and sums of networks have as many: who comes from many networks hides nobody
	// who tries at an account.
	mostSums  = 1000
	namedSums = (mostSums - 40) / 2
	// others is the reason of those rows.
	others = "others"
)

// A Sum is how often something happened within a span of [SumSpan].
type Sum struct {
	SumOf
	Client string // the network that all of it came from, as in history; "" if it was more than one
	N      int
}

// SumOf is what is summed.
type SumOf struct {
	Kind   EventKind
	Reason string
	Way    Way
	UserID string // whose account, or who asked; else ""
	From   string // the network, where no user is known; else ""
}

// OfAccount reports whether it is known whose account the sum is of.
func (s SumOf) OfAccount() bool { return s.UserID != "" }

// Other returns a sum as what it is counted as where there are too many.
func (s Sum) Other() Sum {
	return Sum{SumOf: SumOf{Kind: s.Kind, Reason: others, Way: s.Way}, N: s.N}
}

// event returns the row of a sum of the span that begins at a time.
func (s Sum) event(at time.Time) *SecurityEvent {
	e := &SecurityEvent{
		ID: s.id(at), At: at, Kind: s.Kind, Outcome: OutcomeRefused, UserID: orNil(s.UserID), Actor: ActorNobody, Way: s.Way,
		Client: orNil(s.Client), Details: EventDetails{Reason: s.Reason}, Count: s.N,
	}
	if slices.Contains(succeeded, s.Kind) {
		e.Outcome = OutcomeSuccess
	}
	if s.Kind == EventAccessRefused && s.UserID != "" { // with a token of theirs
		e.Actor, e.ActorID = ActorUser, e.UserID
	}
	return e
}

// id returns the id of the row, the same for all processes: a UUID of version 7 (RFC 9562
// section 5.7) of the span, with a hash of what is summed in the place of random bits.
func (s Sum) id(at time.Time) string {
	hash := sha256.Sum256([]byte(strings.Join([]string{string(s.Kind), s.Reason, string(s.Way), s.UserID, s.From}, "\n")))
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(at.UnixMilli())<<16)
	copy(id[6:], hash[:])
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id.String()
}

// sumsAtOnce is how many rows one statement writes.
const sumsAtOnce = 50

// AddSums adds sums to the rows of the span that begins at a time. A row has the network
// of its sums if all of them came from one.
func (s *Store) AddSums(ctx context.Context, at time.Time, sums []Sum) error {
	if len(sums) == 0 {
		return nil
	}
	return s.InTx(ctx, func(tx *Store) error {
		// The guard: processes wait for each other here, so that each counts the rows of
		// those before it.
		_, err := tx.conn.Exec(ctx, `/* AddSums, the guard */
			INSERT INTO guards (name, count) VALUES ('sums', 1) ON CONFLICT (name) DO UPDATE SET count = guards.count + 1`)
		if err != nil {
			return err
		}
		there := map[string]bool{}
		_, err = query(ctx, tx.conn, func(row db.Row) (*struct{}, error) {
			var id string
			var ofAccount bool
			err := row.Scan(&id, &ofAccount)
			there[id] = ofAccount
			return &struct{}{}, err
		}, `/* AddSums, those that are there */ SELECT id, user_id IS NOT NULL FROM security_events WHERE at = $1 LIMIT $2`, at, mostSums)
		if err != nil {
			return err
		}
		for rows := range slices.Chunk(bounded(at, sums, there), sumsAtOnce) {
			if err := tx.addSums(ctx, rows); err != nil {
				return err
			}
		}
		return nil
	})
}

// bounded returns the rows of sums, given the ids of those that are there, and whether each is
// of an account: what would be one too many is among others.
func bounded(at time.Time, sums []Sum, there map[string]bool) (rows []*SecurityEvent) {
	room, rest := map[bool]int{true: namedSums, false: namedSums}, map[SumOf]Sum{}
	for _, ofAccount := range there {
		room[ofAccount]--
	}
	for i := range sums {
		sum := &sums[i]
		e := sum.event(at)
		_, is := there[e.ID]
		// What the process had no room for itself is among the rest from the start: one
		// statement writes each row once.
		if sum.Reason != others && (is || room[sum.OfAccount()] > 0) {
			if !is {
				room[sum.OfAccount()]--
			}
			rows = append(rows, e)
			continue
		}
		other := sum.Other()
		other.N += rest[other.SumOf].N
		rest[other.SumOf] = other
	}
	for _, sum := range rest {
		rows = append(rows, sum.event(at))
	}
	return rows
}

func (s *Store) addSums(ctx context.Context, rows []*SecurityEvent) error {
	var args []any
	values := make([]string, len(rows))
	for i, e := range rows {
		var row []string
		for _, v := range e.args() {
			args = append(args, v)
			row = append(row, param(len(args)))
		}
		values[i] = `(` + strings.Join(row, `, `) + `)`
	}
	_, err := s.conn.Exec(ctx, `/* addSums */
		INSERT INTO security_events (`+securityEventColumns+`) VALUES `+strings.Join(values, `, `)+`
		ON CONFLICT (id) DO UPDATE SET count = security_events.count + excluded.count,
			client = CASE WHEN security_events.client = excluded.client THEN excluded.client END`, args...)
	return err
}
