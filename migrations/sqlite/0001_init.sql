-- +goose Up

-- People with a confirmed email address.
CREATE TABLE users (
	id               TEXT PRIMARY KEY,
	email            TEXT NOT NULL,          -- the local part as it was typed
	email_key        TEXT NOT NULL UNIQUE,   -- what addresses are compared by
	username         TEXT NOT NULL,          -- as it was typed; its key is in usernames
	password_hash    TEXT NOT NULL,
	role             TEXT NOT NULL,
	security_version INTEGER NOT NULL,        -- raised by what kills older links
	created_at       TIMESTAMP NOT NULL,
	updated_at       TIMESTAMP NOT NULL,
	last_login_at    TIMESTAMP,
	disabled_at      TIMESTAMP
);

-- Every username that is not free: a user has it, or an address holds it until
-- held_until. One table, so that both exclude each other.
CREATE TABLE usernames (
	key        TEXT PRIMARY KEY,
	user_id    TEXT UNIQUE REFERENCES users (id) ON DELETE CASCADE,
	holder     TEXT,                         -- the key of an address
	held_until TIMESTAMP
);
CREATE INDEX usernames_held_until ON usernames (held_until);

-- Accounts that wait for their confirmation.
CREATE TABLE registrations (
	id            TEXT PRIMARY KEY,
	email         TEXT NOT NULL,
	email_key     TEXT NOT NULL,
	username      TEXT NOT NULL,
	username_key  TEXT NOT NULL,
	password_hash TEXT NOT NULL,
	client        TEXT NOT NULL,             -- the client's key: who registered
	device        TEXT NOT NULL,             -- for people: "Firefox on Linux"
	closed        BOOLEAN NOT NULL,          -- can never be confirmed; counts until it expires
	created_at    TIMESTAMP NOT NULL,
	expires_at    TIMESTAMP NOT NULL
);
CREATE INDEX registrations_email_key ON registrations (email_key);
CREATE INDEX registrations_client ON registrations (client);
CREATE INDEX registrations_expires_at ON registrations (expires_at);

-- One row a client that registers: the guard of how many registrations it may have open.
CREATE TABLE registrars (
	client  TEXT PRIMARY KEY,
	last_at TIMESTAMP NOT NULL
);
CREATE INDEX registrars_last_at ON registrars (last_at);

-- One row a signed-in device; gone when it is logged out or revoked.
CREATE TABLE sessions (
	id           TEXT PRIMARY KEY,
	user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	client_id    TEXT NOT NULL,              -- the OAuth client
	device_name  TEXT NOT NULL,
	user_agent   TEXT,
	ip_address   TEXT,
	refresh_key  BLOB NOT NULL,             -- makes its refresh tokens, with the server's key
	generation   INTEGER NOT NULL,            -- of the current refresh token
	rotations    BLOB NOT NULL,             -- when the last four were rotated away
	created_at   TIMESTAMP NOT NULL,
	last_used_at TIMESTAMP NOT NULL,
	expires_at   TIMESTAMP NOT NULL,       -- when idle for too long; never after ends_at
	ends_at      TIMESTAMP NOT NULL
);
CREATE INDEX sessions_user_id ON sessions (user_id, last_used_at);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- The kinds of device and the clients that a user logged in from.
CREATE TABLE familiar (
	user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	kind         TEXT NOT NULL,              -- device, client
	value        TEXT NOT NULL,
	last_seen_at TIMESTAMP NOT NULL,
	PRIMARY KEY (user_id, kind, value)
);
CREATE INDEX familiar_last_seen_at ON familiar (last_seen_at);

-- Mails to be sent, written in the transaction that causes them.
CREATE TABLE outbox (
	id              TEXT PRIMARY KEY,        -- the Message-ID's left part
	kind            TEXT NOT NULL,
	dedupe          TEXT UNIQUE,             -- one waiting row for what may be asked for again and again
	recipient_key   TEXT NOT NULL,           -- the key of the address it is about
	client          TEXT NOT NULL,           -- the client that caused it
	registration_id TEXT,
	user_id         TEXT,
	details         TEXT NOT NULL,           -- JSON: what the mail says, never a secret
	admitted        BOOLEAN NOT NULL,        -- whether it was counted and may go
	attempts        INTEGER NOT NULL,         -- tries that a server answered
	last_error      TEXT NOT NULL,           -- of the last try, without addresses
	created_at      TIMESTAMP NOT NULL,
	due_at          TIMESTAMP NOT NULL,    -- or the end of a worker's lease
	failed_at       TIMESTAMP              -- when it was given up
);
CREATE INDEX outbox_due_at ON outbox (due_at) WHERE failed_at IS NULL;

-- One-time tokens, where there is no Redis.
CREATE TABLE tokens (
	hash       BLOB PRIMARY KEY,            -- SHA-256 of the token
	payload    BLOB NOT NULL,
	expires_at TIMESTAMP NOT NULL
);
CREATE INDEX tokens_expires_at ON tokens (expires_at);
