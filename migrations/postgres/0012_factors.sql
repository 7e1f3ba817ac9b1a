-- +goose Up

-- What a session was opened with, and when somebody last showed who they are in it.
ALTER TABLE sessions ADD COLUMN proofs TEXT NOT NULL DEFAULT 'PASSWORD'; -- of auth.ProofKind, separated by spaces
ALTER TABLE sessions ADD COLUMN authenticated_at TIMESTAMPTZ;            -- null in rows of before: created_at counts

ALTER TABLE users ADD COLUMN wants_second_factor BOOLEAN NOT NULL DEFAULT FALSE;  -- a login by password asks for a passkey
ALTER TABLE users ADD COLUMN must_change_password BOOLEAN NOT NULL DEFAULT FALSE; -- at the next login
ALTER TABLE users ADD COLUMN must_enrol BOOLEAN NOT NULL DEFAULT FALSE;           -- likewise: it needs a second factor

-- What these were before the event.
ALTER TABLE undo ADD COLUMN wants_second_factor BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE undo ADD COLUMN must_enrol BOOLEAN NOT NULL DEFAULT FALSE;

-- Challenges and codes that were used up, until they would have expired anyway.
CREATE TABLE used (
	hash       BYTEA PRIMARY KEY,          -- SHA-256
	owner      TEXT NOT NULL,              -- the id of what was made with it
	expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX used_expires_at ON used (expires_at);

-- In the tables below added_seq and removed_seq are the undo.seq of what added and removed
-- a row, so that "this was not me" can put it back to what it was. A row whose removed_seq
-- is not null does not count any more.

-- Authenticator apps: one a user.
CREATE TABLE totps (
	id           TEXT PRIMARY KEY,
	user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	name         TEXT NOT NULL,
	secret       BYTEA NOT NULL,           -- sealed by SECRET_KEY: see internal/seal
	last_step    BIGINT NOT NULL,          -- of the last code taken: neither it nor an older one is taken again
	created_at   TIMESTAMPTZ NOT NULL,
	last_used_at TIMESTAMPTZ,
	added_seq    BIGINT NOT NULL,
	removed_seq  BIGINT
);
CREATE UNIQUE INDEX totps_one ON totps (user_id) WHERE removed_seq IS NULL;
CREATE INDEX totps_user_id ON totps (user_id);
CREATE INDEX totps_removed_seq ON totps (removed_seq) WHERE removed_seq IS NOT NULL;

CREATE TABLE passkeys (
	id              TEXT PRIMARY KEY,
	user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	credential_id   BYTEA NOT NULL UNIQUE, -- of removed ones too
	public_key      BYTEA NOT NULL,        -- COSE
	rp_id           TEXT NOT NULL,         -- PASSKEY_DOMAIN when it was added
	aaguid          BYTEA NOT NULL,        -- the authenticator's model
	transports      TEXT NOT NULL,         -- separated by spaces
	counter         BIGINT NOT NULL,
	backup_eligible BOOLEAN NOT NULL,
	backed_up       BOOLEAN NOT NULL,
	name            TEXT NOT NULL,
	created_at      TIMESTAMPTZ NOT NULL,
	last_used_at    TIMESTAMPTZ,
	added_seq       BIGINT NOT NULL,
	removed_seq     BIGINT
);
CREATE INDEX passkeys_user_id ON passkeys (user_id);
CREATE INDEX passkeys_removed_seq ON passkeys (removed_seq) WHERE removed_seq IS NOT NULL;

CREATE TABLE recovery_codes (
	user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	hash        BYTEA NOT NULL,            -- SHA-256
	created_at  TIMESTAMPTZ NOT NULL,
	used_at     TIMESTAMPTZ,
	added_seq   BIGINT NOT NULL,
	removed_seq BIGINT,
	PRIMARY KEY (user_id, hash)
);
CREATE INDEX recovery_codes_removed_seq ON recovery_codes (removed_seq) WHERE removed_seq IS NOT NULL;

-- Tries at codes. They are here and not with the other counters: six digits leave no room
-- for a count that a restart or an empty Redis forgets.
CREATE TABLE factor_tries (
	user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	kind       TEXT NOT NULL,              -- TOTP, RECOVERY_CODE
	known      BOOLEAN NOT NULL,           -- from clients that are familiar to the user, or from others
	hour       TIMESTAMPTZ NOT NULL,       -- when the hour began that is counted in
	hour_count INTEGER NOT NULL,
	day        TIMESTAMPTZ NOT NULL,       -- the same of a day
	day_count  INTEGER NOT NULL,
	told_at    TIMESTAMPTZ,                -- when the user was told of wrong ones last
	PRIMARY KEY (user_id, kind, known)
);
CREATE INDEX factor_tries_day ON factor_tries (day);

-- Devices at which the second factor is left out.
CREATE TABLE trusted_devices (
	id               TEXT PRIMARY KEY,
	user_id          TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	hash             BYTEA NOT NULL UNIQUE, -- SHA-256 of the id in the device's token
	name             TEXT NOT NULL,
	security_version BIGINT NOT NULL,       -- the user's: another ends it
	created_at       TIMESTAMPTZ NOT NULL,
	last_used_at     TIMESTAMPTZ NOT NULL,
	expires_at       TIMESTAMPTZ NOT NULL
);
CREATE INDEX trusted_devices_user_id ON trusted_devices (user_id);
CREATE INDEX trusted_devices_expires_at ON trusted_devices (expires_at);
