-- +goose Up

-- The development inbox: mails that were delivered here instead of being sent. In
-- production nothing is written to it. sealed is the mail, under a key that is derived
-- from SECRET_KEY.
CREATE TABLE inbox (
	id            TEXT PRIMARY KEY,
	recipient_key TEXT NOT NULL,
	sealed        BYTEA NOT NULL,
	created_at    TIMESTAMPTZ NOT NULL
);
CREATE INDEX inbox_created_at ON inbox (created_at);
