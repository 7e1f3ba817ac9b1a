package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/db"
)

// EventOutcome tells what was done apart from what was refused.
type EventOutcome string

// The outcomes there are.
const (
	OutcomeSuccess EventOutcome = "SUCCESS"
	OutcomeRefused EventOutcome = "REFUSED"
)

// ActorKind says who did something, without saying whom.
type ActorKind string

// The actors there are.
const (
	ActorUser   ActorKind = "USER"   // the account's own user
	ActorAdmin  ActorKind = "ADMIN"  // an administrator, to another's account or to none
	ActorShell  ActorKind = "SHELL"  // whoever ran a command of the shell
	ActorSystem ActorKind = "SYSTEM" // the service by itself, at its time
	ActorClient ActorKind = "CLIENT" // an OAuth client that has shown its secret
	ActorNobody ActorKind = "NOBODY" // nobody who was signed in: by a mailed link, or with a stolen token
)

// Actors returns all of them.
func Actors() []ActorKind {
	return []ActorKind{ActorUser, ActorAdmin, ActorShell, ActorSystem, ActorClient, ActorNobody}
}

// Way is how an actor came in.
type Way string

// The ways there are.
const (
	WayAPI    Way = "API"    // a GraphQL operation
	WayOAuth  Way = "OAUTH"  // an endpoint of OAuth 2.0
	WayLink   Way = "LINK"   // the page behind a mailed link
	WayShell  Way = "SHELL"  // a command of the shell
	WaySystem Way = "SYSTEM" // none: the service itself
)

// SecurityEvent is a row of history: something that happened. It outlives its user. It
// holds no name, no full address and nothing that was typed.
type SecurityEvent struct {
	ID        string
	At        time.Time // of what is summed, when its ten minutes began
	Kind      EventKind
	Outcome   EventOutcome
	UserID    *string // whose account; nil if it concerns none, or nobody knows which
	Actor     ActorKind
	ActorID   *string // the id of the user, administrator or OAuth client, or who ran the shell; or nil
	Way       Way
	SessionID *string // the one that began or ended, else the actor's; or nil
	Client    *string // the actor's network: the /24 of an IPv4 address, the /48 of an IPv6 address; or nil
	Device    *string // the actor's, for people: "Firefox on Linux"; or nil
	RequestID *string // as in X-Request-Id; or nil
	Details   EventDetails
	Count     int // how many times it happened, or to how many rows; 1 at least
}

// EventDetails is what else there is to say of an event of some kinds.
type EventDetails struct {
	From   string `json:"from,omitempty"`   // the role before a ROLE_CHANGED
	To     string `json:"to,omitempty"`     // the role after a ROLE_CHANGED
	Reason string `json:"reason,omitempty"` // why something was refused, or which of its kind it was: a word of ours
	Proofs string `json:"proofs,omitempty"` // what was shown at a login or a step-up, as Session.Proofs has it
}

// From returns Details.From as the schema has it: null if it says nothing.
func (e *SecurityEvent) From() *string { return orNil(e.Details.From) }

// To returns Details.To as the schema has it: null if it says nothing.
func (e *SecurityEvent) To() *string { return orNil(e.Details.To) }

// Reason returns Details.Reason as the schema has it: null if it says nothing.
func (e *SecurityEvent) Reason() *string { return orNil(e.Details.Reason) }

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// MarshalZerologObject writes e to a line of the log, by the names that the table has.
func (e *SecurityEvent) MarshalZerologObject(line *zerolog.Event) {
	line.Str("event", string(e.Kind)).Str("outcome", string(e.Outcome)).Str("actor", string(e.Actor)).Str("way", string(e.Way))
	by := e.ActorID
	if e.Actor == ActorUser { // that is user_id
		by = nil
	}
	for _, f := range []struct {
		name  string
		value *string
	}{
		{"user_id", e.UserID}, {"by", by}, {"session_id", e.SessionID}, {"client", e.Client}, {"device", e.Device}, {"request_id", e.RequestID},
		{"from", e.From()}, {"to", e.To()}, {"reason", e.Reason()}, {"proofs", orNil(e.Details.Proofs)},
	} {
		if f.value != nil {
			line.Str(f.name, *f.value)
		}
	}
	if e.Count > 1 {
		line.Int("count", e.Count)
	}
}

const securityEventColumns = `id, at, kind, outcome, user_id, actor_kind, actor_id, way, session_id, client, device, request_id, details, count`

func scanSecurityEvent(row db.Row) (*SecurityEvent, error) {
	var e SecurityEvent
	var details string
	err := row.Scan(&e.ID, &e.At, &e.Kind, &e.Outcome, &e.UserID, &e.Actor, &e.ActorID, &e.Way, &e.SessionID, &e.Client, &e.Device,
		&e.RequestID, &details, &e.Count)
	if err != nil {
		return nil, err
	}
	e.At = e.At.UTC()
	return &e, json.Unmarshal([]byte(details), &e.Details)
}

// securityEventValues is what follows INSERT INTO in a statement that writes an
// event with the parameters that args returns.
const securityEventValues = `security_events (` + securityEventColumns + `)
	SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14`

func (e *SecurityEvent) args() []any {
	details, _ := json.Marshal(e.Details) // strings cannot fail
	return []any{e.ID, e.At, e.Kind, e.Outcome, e.UserID, e.Actor, e.ActorID, e.Way, e.SessionID, e.Client, e.Device,
		e.RequestID, string(details), e.Count}
}

// AddSecurityEvent writes e. Call it in the transaction of what e tells.
func (s *Store) AddSecurityEvent(ctx context.Context, e *SecurityEvent) error {
	stmt := e.insert()
	_, err := s.conn.Exec(ctx, stmt.SQL, stmt.Args...)
	return err
}

// insert returns the statement of AddSecurityEvent.
func (e *SecurityEvent) insert() db.Stmt {
	return db.Stmt{SQL: `/* AddSecurityEvent */ INSERT INTO ` + securityEventValues, Args: e.args()}
}

// insertOfSession returns the statement that writes e if its session is there. It is for
// a batch that opens or ends the session.
func (e *SecurityEvent) insertOfSession() db.Stmt {
	return db.Stmt{
		SQL:  `/* AddSecurityEvent of a session */ INSERT INTO ` + securityEventValues + ` WHERE EXISTS (SELECT 1 FROM sessions WHERE id = $9 AND user_id = $5)`,
		Args: e.args(),
	}
}

// SecurityEvents returns a page of a user's history, the newest first.
func (s *Store) SecurityEvents(ctx context.Context, userID string, p Page) ([]SecurityEvent, error) {
	list, err := query(ctx, s.conn, scanSecurityEvent, `/* SecurityEvents */
		SELECT `+securityEventColumns+` FROM security_events
		WHERE user_id = $5 AND (at, id) < ($1, $2) AND (at, id) > ($3, $4)`+p.order(`at`, `id`)+` LIMIT $6`,
		append(p.bounds(), userID, p.Limit)...)
	if p.Last {
		slices.Reverse(list)
	}
	return list, err
}

// SecurityEventsOf returns the newest n events of each of several users by the users'
// ids, the newest first. Users without events are not in the map.
func (s *Store) SecurityEventsOf(ctx context.Context, userIDs []string, n int) (map[string][]SecurityEvent, error) {
	all := make(map[string][]SecurityEvent, len(userIDs))
	if len(userIDs) == 0 {
		return all, nil
	}
	args, parts := []any{n}, make([]string, len(userIDs))
	for i, id := range userIDs { // each by the index, however much the user's history has
		args = append(args, id)
		parts[i] = `(SELECT ` + securityEventColumns + ` FROM security_events WHERE user_id = ` + param(len(args)) + `
			ORDER BY at DESC, id DESC LIMIT $1) AS e`
	}
	list, err := query(ctx, s.conn, scanSecurityEvent, `/* SecurityEventsOf */
		SELECT * FROM `+strings.Join(parts, ` UNION ALL SELECT * FROM `)+` ORDER BY at DESC, id DESC`, args...)
	for i := range list {
		all[*list[i].UserID] = append(all[*list[i].UserID], list[i])
	}
	return all, err
}
