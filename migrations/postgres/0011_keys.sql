-- +goose Up

-- The keys that sign access tokens, where JWT_PRIVATE_KEYS has the entry auto.
CREATE TABLE signing_keys (
	number     INTEGER PRIMARY KEY,   -- in the order in which they sign; of several that are made at once, one gets it
	id         TEXT NOT NULL UNIQUE,  -- its kid
	private    BYTEA NOT NULL,        -- in PEM, sealed by SECRET_KEY: see internal/seal
	created_at TIMESTAMPTZ NOT NULL,  -- it is published since
	signs_at   TIMESTAMPTZ NOT NULL   -- it signs from then on, until the next one does
);
