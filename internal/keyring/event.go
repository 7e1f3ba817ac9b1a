package keyring

import (
	"time"

	"github.com/google/uuid"

	"latchkey/internal/store"
)

// event returns the row of history for what happens to the keys now. by is who ran the
// command that does it, or "" if the service does it by itself.
func event(kind store.EventKind, by string, now time.Time) *store.SecurityEvent {
	e := &store.SecurityEvent{
		ID: uuid.Must(uuid.NewV7()).String(), At: store.Moment(now), Kind: kind, Outcome: store.OutcomeSuccess,
		Actor: store.ActorSystem, Way: store.WaySystem, Count: 1,
	}
	if by != "" {
		e.Actor, e.Way, e.ActorID = store.ActorShell, store.WayShell, &by
	}
	return e
}
