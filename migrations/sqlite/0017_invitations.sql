-- +goose Up

-- An account that an administrator invited somebody to is theirs once they set a password, and
-- is deleted if they have not by then.
ALTER TABLE users ADD COLUMN invited_until TIMESTAMP; -- null once it is theirs, and of all others
CREATE INDEX users_invited ON users (created_at, id) WHERE invited_until IS NOT NULL;
CREATE INDEX users_invited_until ON users (invited_until) WHERE invited_until IS NOT NULL;

-- Those of their mails that were given up go with them.
CREATE INDEX outbox_failed_user_id ON outbox (user_id) WHERE failed_at IS NOT NULL;
