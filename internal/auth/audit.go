package auth

import (
	"context"
	"fmt"
	"slices"
	"time"

	"latchkey/internal/store"
)

// EventList says which events are asked for. Its fields are the arguments of the schema's
// securityEvents.
type EventList struct {
	First, Last     *int
	After, Before   *string
	Kinds           []store.EventKind // nil: all
	Actor           *store.ActorKind
	ActorID, UserID *string
	From, Until     *time.Time
}

// AllSecurityEvents returns a page of what happened, to all accounts and to none, the newest
// first: what all of the filters ask for. BadUserInput.
func (s *Service) AllSecurityEvents(ctx context.Context, a Actor, q EventList) (*SecurityEventConnection, error) {
	asked := PageQuery{First: q.First, Last: q.Last, After: q.After, Before: q.Before}
	page, n, err := asked.page()
	if err != nil {
		return nil, err
	}
	f, some := q.filter()
	if !some {
		return connection(a, nil, asked, n), nil
	}
	list, err := s.store.AllSecurityEvents(ctx, f, page)
	if err != nil {
		return nil, fmt.Errorf("all security events: %w", err)
	}
	return connection(a, list, asked, n), nil
}

// filter returns what the store is asked for; false if nothing can be that.
func (q EventList) filter() (f store.EventFilter, some bool) {
	f.Kinds = slices.Compact(slices.Sorted(slices.Values(q.Kinds)))
	if q.Actor != nil {
		f.Actor = *q.Actor
	}
	if q.ActorID != nil {
		f.ActorID = *q.ActorID
	}
	if q.UserID != nil {
		f.UserID = *q.UserID
	}
	if q.From != nil {
		f.From = *q.From
	}
	if q.Until != nil {
		f.Until = *q.Until
	}
	impossible := q.Kinds != nil && len(f.Kinds) == 0 || q.ActorID != nil && f.ActorID == "" || q.UserID != nil && f.UserID == ""
	switch {
	case len(f.Kinds) == 0 && f.Actor != "" && f.ActorID == "" && f.UserID == "": // the index has kinds before actors
		f.Kinds = EventKinds()
	case len(f.Kinds) == len(EventKinds()) && f.Actor == "":
		f.Kinds = nil
	}
	return f, !impossible
}

// UsersByID returns users by their ids, by one query, in no order. Who is deleted is not
// among them.
func (s *Service) UsersByID(ctx context.Context, ids []string) ([]store.User, error) {
	list, err := s.store.UsersByID(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("users by id: %w", err)
	}
	return list, nil
}
