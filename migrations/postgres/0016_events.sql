-- +goose Up

-- What concerns no account has its row too: what the shell does to all of them, keys,
-- and who was not let in and is nobody.
ALTER TABLE security_events ALTER COLUMN user_id DROP NOT NULL;

-- Administrators list events by time, by kind and by who did them. A user's own are among
-- those of their account.
DROP INDEX security_events_at;
CREATE INDEX security_events_at ON security_events (at, id);
CREATE INDEX security_events_kind ON security_events (kind, actor_kind, at, id);
CREATE INDEX security_events_actor ON security_events (actor_id, at, id) WHERE actor_kind <> 'USER';

-- How often something happened on a day, for whoever looks at it as a picture. Each process
-- adds its own sums.
CREATE TABLE days (
	day  TEXT NOT NULL,   -- 2026-11-25, in UTC
	kind TEXT NOT NULL,   -- of store.DayKind
	n    BIGINT NOT NULL,
	PRIMARY KEY (day, kind)
);
