package admin

import (
	"net/http"
	"time"

	"latchkey/internal/auth"
)

// eventList is the page of what happened.
type eventList struct {
	Kind, Actor, User, Day string
	Kinds                  []string
	Actors                 []string
	Events                 []event
	Around                 around
	Wrong                  string // a filter that is none
}

// Filtered reports whether the list leaves anything out.
func (l eventList) Filtered() bool { return l.Kind+l.Actor+l.User+l.Day != "" }

// actors are whom events can be of.
var actors = []string{"USER", "ADMIN", "SHELL", "SYSTEM", "CLIENT", "NOBODY"}

func (s *server) events(v *view) {
	q := v.r.URL.Query()
	l := eventList{Kind: q.Get("kind"), Actor: q.Get("actor"), User: q.Get("user"), Day: q.Get("day"), Kinds: s.eventKinds(), Actors: actors}
	variables := window(q)
	if contains(l.Kinds, l.Kind) {
		variables["kinds"] = []string{l.Kind}
	}
	if contains(actors, l.Actor) {
		variables["actor"] = l.Actor
	}
	if l.User != "" {
		variables["user"] = l.User
	}
	if day, err := time.Parse(time.DateOnly, l.Day); err == nil {
		variables["from"], variables["until"] = day.Format(time.RFC3339), day.AddDate(0, 0, 1).Format(time.RFC3339)
	} else if l.Day != "" {
		l.Wrong = "A day is written 2026-11-25."
	}
	var got struct {
		SecurityEvents struct {
			Nodes    []event
			PageInfo pageInfo
		}
	}
	if err := v.run("events", variables, &got); err != nil {
		v.fail(err)
		return
	}
	l.Events, l.Around = got.SecurityEvents.Nodes, got.SecurityEvents.PageInfo.neighbours("/admin/events", q)
	v.write(http.StatusOK, "events", l)
}

// eventKinds are all kinds, in the order of their names.
func (s *server) eventKinds() (kinds []string) {
	for _, k := range auth.EventKinds() {
		kinds = append(kinds, string(k))
	}
	return kinds
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}
