-- +goose Up

-- What may be taken back by "this was not me" is called so.
ALTER TABLE events RENAME TO undo;
DROP INDEX events_expires_at;
CREATE INDEX undo_expires_at ON undo (expires_at);

-- What happened to accounts, written in the transaction of what it tells. It
-- outlives its user, and holds no name, no full address, nothing that was typed.
CREATE TABLE security_events (
	id         TEXT PRIMARY KEY,             -- sorts by time
	at         TIMESTAMP NOT NULL,
	kind       TEXT NOT NULL,                -- of store.EventKind
	outcome    TEXT NOT NULL,                -- SUCCESS, REFUSED
	user_id    TEXT NOT NULL,                -- whose account
	actor_kind TEXT NOT NULL,                -- USER, ADMIN, SHELL, NOBODY
	actor_id   TEXT,                         -- the administrator's or the user's id; who ran the shell
	way        TEXT NOT NULL,                -- API, OAUTH, LINK, SHELL
	session_id TEXT,                         -- of the actor, or the one that began or ended
	client     TEXT,                         -- the actor's network: IPv4 /24, IPv6 /48
	device     TEXT,                         -- for people: "Firefox on Linux"
	request_id TEXT,
	details    TEXT NOT NULL,                -- JSON of fixed keys
	count      INTEGER NOT NULL              -- how many times, or of how many sessions
);
CREATE INDEX security_events_user_id ON security_events (user_id, at, id);
CREATE INDEX security_events_at ON security_events (at);
