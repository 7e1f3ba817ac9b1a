-- +goose Up

-- What concerns no account has its row too: what the shell does to all of them, keys,
-- and who was not let in and is nobody. SQLite makes a column nullable only in another
-- table.
CREATE TABLE all_events (
	id         TEXT PRIMARY KEY,             -- sorts by time
	at         TIMESTAMP NOT NULL,
	kind       TEXT NOT NULL,                -- of store.EventKind
	outcome    TEXT NOT NULL,                -- SUCCESS, REFUSED
	user_id    TEXT,                         -- whose account; null if it concerns none
	actor_kind TEXT NOT NULL,                -- of store.ActorKind
	actor_id   TEXT,                         -- the administrator's or the user's id; who ran the shell
	way        TEXT NOT NULL,                -- of store.Way
	session_id TEXT,                         -- of the actor, or the one that began or ended
	client     TEXT,                         -- the actor's network: IPv4 /24, IPv6 /48
	device     TEXT,                         -- for people: "Firefox on Linux"
	request_id TEXT,
	details    TEXT NOT NULL,                -- JSON of fixed keys
	count      INTEGER NOT NULL              -- how many times, or of how many sessions
);
INSERT INTO all_events SELECT id, at, kind, outcome, user_id, actor_kind, actor_id, way, session_id, client, device, request_id, details, count
	FROM security_events;
DROP TABLE security_events;
ALTER TABLE all_events RENAME TO security_events;
CREATE INDEX security_events_user_id ON security_events (user_id, at, id);

-- Administrators list events by time, by kind and by who did them. A user's own are among
-- those of their account.
CREATE INDEX security_events_at ON security_events (at, id);
CREATE INDEX security_events_kind ON security_events (kind, actor_kind, at, id);
CREATE INDEX security_events_actor ON security_events (actor_id, at, id) WHERE actor_kind <> 'USER';

-- How often something happened on a day, for whoever looks at it as a picture. Each process
-- adds its own sums.
CREATE TABLE days (
	day  TEXT NOT NULL,   -- 2026-11-25, in UTC
	kind TEXT NOT NULL,   -- of store.DayKind
	n    INTEGER NOT NULL,
	PRIMARY KEY (day, kind)
);
