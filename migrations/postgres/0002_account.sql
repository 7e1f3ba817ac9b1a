-- +goose Up

-- A change of address that waits for its confirmation, and when the account
-- last went through something that kills older links.
ALTER TABLE users ADD COLUMN pending_email TEXT;            -- null while none waits
ALTER TABLE users ADD COLUMN pending_email_key TEXT;
ALTER TABLE users ADD COLUMN pending_until TIMESTAMPTZ;     -- when its links end
ALTER TABLE users ADD COLUMN secured_at TIMESTAMPTZ;        -- when security_version was raised last

-- Users by the order and the filters of their list.
CREATE INDEX users_created_at ON users (created_at, id);
CREATE INDEX users_admins ON users (created_at, id) WHERE role = 'ADMIN';
CREATE INDEX users_disabled ON users (created_at, id) WHERE disabled_at IS NOT NULL;
CREATE INDEX users_pending ON users (pending_email_key) WHERE pending_email_key IS NOT NULL;

-- What happened to an account and may be taken back by "this was not me".
CREATE TABLE events (
	id         TEXT PRIMARY KEY,
	user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	seq        BIGINT NOT NULL,              -- order among the user's events, whatever the clocks
	kind       TEXT NOT NULL,                -- the mail's that tells of it
	email      TEXT NOT NULL,                -- in force before it
	email_key  TEXT NOT NULL,
	username   TEXT NOT NULL,
	device     TEXT NOT NULL,                -- for people: "Firefox on Linux"
	at         TIMESTAMPTZ NOT NULL,
	expires_at TIMESTAMPTZ NOT NULL,
	UNIQUE (user_id, seq)
);
CREATE INDEX events_expires_at ON events (expires_at);

-- Addresses that a user may still come back to: taken for everybody else. The
-- user may be gone, and the address is kept all the same.
CREATE TABLE held_addresses (
	email_key  TEXT PRIMARY KEY,
	user_id    TEXT NOT NULL,
	held_until TIMESTAMPTZ NOT NULL
);
CREATE INDEX held_addresses_held_until ON held_addresses (held_until);

-- One row for each rule over several rows: updated first, so that those who
-- could break it together wait for each other.
CREATE TABLE guards (
	name  TEXT PRIMARY KEY,
	count BIGINT NOT NULL
);
INSERT INTO guards (name, count) VALUES ('administrators', 0);
