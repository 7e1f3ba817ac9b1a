package store

import (
	"context"
	"slices"
	"strings"
	"time"
)

// EventFilter says which events are asked for. The zero value asks for all.
type EventFilter struct {
	Kinds   []EventKind // of these; none is all
	Actor   ActorKind   // or ""
	ActorID string      // the id of whoever did it, or who ran the shell; or ""
	UserID  string      // whose account; or ""
	From    time.Time   // at or after; zero is the beginning
	Until   time.Time   // before; zero is the end
}

// within narrows a page to the times of the filter.
func (f EventFilter) within(p Page) Page {
	if from := (Place{At: f.From}); !f.From.IsZero() && (p.Before == nil || p.Before.At.Before(f.From)) {
		p.Before = &from // which is older than any row of that moment
	}
	if until := (Place{At: f.Until}); !f.Until.IsZero() && (p.After == nil || !p.After.At.Before(f.Until)) {
		p.After = &until
	}
	return p
}

// eventsInPage is the condition that events are between a page's bounds, which are $1 to
// $4; a page has $5 events at most.
const eventsInPage = `(at, id) < ($1, $2) AND (at, id) > ($3, $4)`

// AllSecurityEvents returns a page of the events that a filter asks for, the newest first.
// Each is found by an index: those of a user, of an actor, or of kinds and kinds of
// actors, each of these by itself.
func (s *Store) AllSecurityEvents(ctx context.Context, f EventFilter, p Page) ([]SecurityEvent, error) {
	p = f.within(p)
	order, args := p.order(`at`, `id`)+` LIMIT $5`, append(p.bounds(), p.Limit)
	bind := func(v any) string {
		args = append(args, v)
		return param(len(args))
	}
	if f.Actor == ActorUser && f.ActorID != "" { // who did it to their own account
		if f.UserID != "" && f.UserID != f.ActorID {
			return []SecurityEvent{}, nil
		}
		f.UserID, f.ActorID = f.ActorID, ""
	}
	var sql string
	switch {
	case f.UserID != "":
		sql = `/* AllSecurityEvents of a user */ SELECT ` + securityEventColumns + ` FROM security_events
			WHERE user_id = ` + bind(f.UserID) + ` AND ` + eventsInPage + f.also(bind) + order
	case f.ActorID != "" && f.Actor != "":
		sql = `/* AllSecurityEvents by an actor */ SELECT ` + securityEventColumns + ` FROM security_events
			WHERE ` + byOthers(bind(f.ActorID)) + f.also(bind) + order
	case f.ActorID != "": // to their own account, or to others
		id, also := bind(f.ActorID), f.also(bind)
		sql = `/* AllSecurityEvents by somebody */ SELECT * FROM (SELECT ` + securityEventColumns + ` FROM security_events
				WHERE user_id = ` + id + ` AND actor_kind = 'USER' AND ` + eventsInPage + also + order + `) AS own
			UNION ALL SELECT * FROM (SELECT ` + securityEventColumns + ` FROM security_events
				WHERE ` + byOthers(id) + also + order + `) AS others` + order
	case len(f.Kinds) > 0:
		actors := Actors()
		if f.Actor != "" {
			actors = []ActorKind{f.Actor}
		}
		var parts []string
		for _, kind := range f.Kinds {
			for _, actor := range actors {
				parts = append(parts, `(SELECT `+securityEventColumns+` FROM security_events
					WHERE kind = `+bind(kind)+` AND actor_kind = `+bind(actor)+` AND `+eventsInPage+order+`) AS e`)
			}
		}
		sql = `/* AllSecurityEvents of kinds */ SELECT * FROM ` + strings.Join(parts, ` UNION ALL SELECT * FROM `) + order
	default:
		sql = `/* AllSecurityEvents */ SELECT ` + securityEventColumns + ` FROM security_events WHERE ` + eventsInPage + order
	}
	list, err := query(ctx, s.conn, scanSecurityEvent, sql, args...)
	if p.Last {
		slices.Reverse(list)
	}
	return list, err
}

// byOthers is the condition that an event is one that an actor did, who is not the account's
// own user.
func byOthers(id string) string {
	return `actor_id = ` + id + ` AND actor_kind <> 'USER' AND ` + eventsInPage
}

// also returns what else the filter asks for of the events of one user or actor, behind
// other conditions.
func (f EventFilter) also(bind func(any) string) (sql string) {
	if len(f.Kinds) > 0 {
		kinds := make([]string, len(f.Kinds))
		for i, kind := range f.Kinds {
			kinds[i] = bind(kind)
		}
		sql += ` AND kind IN (` + strings.Join(kinds, `, `) + `)`
	}
	if f.Actor != "" {
		sql += ` AND actor_kind = ` + bind(f.Actor)
	}
	if f.UserID != "" && f.ActorID != "" {
		sql += ` AND actor_id = ` + bind(f.ActorID)
	}
	return sql
}
