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

// Viewer is the user who is signed in, with the session that they use.
type Viewer struct {
	User    *store.User
	Session *store.Session
}

// Shell returns the actor who runs a command of the shell.
func Shell(person string) Actor { return Actor{Way: ByShell, Person: person} }

// MaySee reports whether the actor may see what is private to a user.
func (a Actor) MaySee(userID string) bool {
	return a.Way == ByShell || a.Viewer != nil && a.Viewer.User.ID == userID || a.isAdmin()
}

func (a Actor) isAdmin() bool { return a.Viewer != nil && a.Viewer.User.Role == store.RoleAdmin }

// device returns what the actor came with, as mails call it. A native app says nothing
// of itself that we would repeat: it is called as its user named it at login, while it
// still looks as it did then.
func (a Actor) device() string {
	kind := a.Client.device()
	if a.Viewer == nil || kind != unknownDevice {
		return kind
	}
	then, now := a.Viewer.Session.UserAgent, a.Client.userAgent()
	if (then == nil) != (now == nil) || then != nil && *then != *now {
		return kind
	}
	return a.Viewer.Session.DeviceName
}

// clientID returns the OAuth client whose sessions the actor may open and use.
func (a Actor) clientID() string { return cmp.Or(a.ClientID, OwnClient) }

// as returns the actor as one who has just shown that they are u.
func (a Actor) as(u *store.User, session *store.Session) Actor {
	a.Viewer = &Viewer{User: u, Session: session}
	return a
}

// to returns what the actor is to the account of a user, and the id that history
// knows them by.
func (a Actor) to(userID string) (kind store.ActorKind, id string) {
	switch {
	case a.Way == ByShell:
		return store.ActorShell, a.Person
	case a.Viewer == nil && a.clientID() != OwnClient && a.clientID() != AdminClient: // which has shown its secret
		return store.ActorClient, a.ClientID
	case a.Viewer == nil:
		return store.ActorNobody, ""
	case a.Viewer.User.ID == userID:
		return store.ActorUser, userID
	}
	return store.ActorAdmin, a.Viewer.User.ID
}

// logged adds the request that caused it, and where that came from, to a line of the log.
func (a Actor) logged(line *zerolog.Event) *zerolog.Event {
	if a.RequestID != "" {
		line = line.Str("request_id", a.RequestID)
	}
	if network := a.Client.Network(); network != nil {
		line = line.Str("client", *network)
	}
	return line
}
