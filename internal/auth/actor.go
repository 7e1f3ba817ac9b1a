package auth

import (
	"cmp"

	"github.com/rs/zerolog"

	"latchkey/internal/store"
)

// Way is how an actor came in.
type Way = store.Way

// The ways in.
const (
	ByAPI   = store.WayAPI
	ByOAuth = store.WayOAuth
	ByLink  = store.WayLink
	ByShell = store.WayShell
)

// An Actor is who does something, and how they came in. It is the second argument
// of every use case, so that each of them can say in the log and in the account's
// history who it was.
type Actor struct {
	Way       Way
	Client    Client  // where the request came from; zero in the shell
	Viewer    *Viewer // who is signed in; nil if nobody is
	ClientID  string  // the OAuth client that speaks for them; "" is OwnClient
	RequestID string  // as in X-Request-Id; "" in the shell
	Person    string  // in the shell: who runs the command, "root@db1"
}

// Viewer is who is signed in.
type Viewer struct {
	User    *store.User
	Session *store.Session
}

// Shell is the actor who runs a command of the shell.
func Shell(person string) Actor { return Actor{Way: ByShell, Person: person} }

// MaySee reports whether the actor may see what is private to a user.
func (a Actor) MaySee(userID string) bool {
	return a.Way == ByShell || a.Viewer != nil && a.Viewer.User.ID == userID || a.isAdmin()
}

func (a Actor) isAdmin() bool { return a.Viewer != nil && a.Viewer.User.Role == store.RoleAdmin }

// clientID is the OAuth client whose sessions the actor may open and use.
func (a Actor) clientID() string { return cmp.Or(a.ClientID, OwnClient) }

// as is the actor who has just shown who they are.
func (a Actor) as(u *store.User, session *store.Session) Actor {
	a.Viewer = &Viewer{User: u, Session: session}
	return a
}

// to says who the actor is to the account of a user, and by which id.
func (a Actor) to(userID string) (kind store.ActorKind, id string) {
	switch {
	case a.Way == ByShell:
		return store.ActorShell, a.Person
	case a.Viewer == nil:
		return store.ActorNobody, ""
	case a.Viewer.User.ID == userID:
		return store.ActorUser, userID
	}
	return store.ActorAdmin, a.Viewer.User.ID
}

// logged adds to a line of the log by which request it came about.
func (a Actor) logged(line *zerolog.Event) *zerolog.Event {
	if a.RequestID != "" {
		line = line.Str("request_id", a.RequestID)
	}
	return line
}

// loggedBy adds to a line of the log who does what only few may do.
func (a Actor) loggedBy(line *zerolog.Event) *zerolog.Event {
	_, id := a.to("")
	return a.logged(line).Str("by", id)
}
