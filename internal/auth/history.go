package auth

import (
	"context"
	"fmt"

	"latchkey/internal/store"
)

// SecurityEventConnection is a page of an account's history.
type SecurityEventConnection struct {
	Edges    []SecurityEventEdge
	Nodes    []store.SecurityEvent
	PageInfo PageInfo
}

// SecurityEventEdge is an event's place on a page.
type SecurityEventEdge struct {
	Cursor string
	Node   *store.SecurityEvent
}

// SecurityEvents returns a page of what happened to a user's account, the newest
// first, as far as the actor may know. Whether they may see it at all is for the
// caller to know. BadUserInput.
func (s *Service) SecurityEvents(ctx context.Context, a Actor, userID string, q PageQuery) (*SecurityEventConnection, error) {
	page, n, err := q.page()
	if err != nil {
		return nil, err
	}
	list, err := s.store.SecurityEvents(ctx, userID, page)
	if err != nil {
		return nil, fmt.Errorf("security events: %w", err)
	}
	return connection(a, list, q, n), nil
}

// SecurityEventsOf returns the first page of the history of several users by their
// ids, by one query. BadUserInput.
func (s *Service) SecurityEventsOf(ctx context.Context, a Actor, userIDs []string, first *int) (map[string]*SecurityEventConnection, error) {
	q := PageQuery{First: first}
	page, n, err := q.page()
	if err != nil {
		return nil, err
	}
	lists, err := s.store.SecurityEventsOf(ctx, userIDs, page.Limit)
	if err != nil {
		return nil, fmt.Errorf("security events: %w", err)
	}
	all := make(map[string]*SecurityEventConnection, len(userIDs))
	for _, id := range userIDs {
		all[id] = connection(a, lists[id], q, n)
	}
	return all, nil
}

func connection(a Actor, list []store.SecurityEvent, q PageQuery, n int) *SecurityEventConnection {
	place := func(e *store.SecurityEvent) string { return cursor(e.At, e.ID) }
	c := &SecurityEventConnection{}
	c.Nodes, c.PageInfo = onPage(list, q, n, place)
	c.Edges = make([]SecurityEventEdge, len(c.Nodes))
	for i := range c.Nodes {
		e := &c.Nodes[i]
		if !a.isAdmin() && a.Way != ByShell {
			conceal(e)
		}
		c.Edges[i] = SecurityEventEdge{Cursor: place(e), Node: e}
	}
	return c
}

// conceal leaves out of an event what its user need not know: which administrator
// it was, or who ran the shell, and where they were.
func conceal(e *store.SecurityEvent) {
	if e.Actor == store.ActorAdmin || e.Actor == store.ActorShell {
		e.ActorID, e.SessionID, e.Client, e.Device, e.RequestID = nil, nil, nil, nil, nil
	}
}
