-- +goose Up

-- Who waits for a username may log in by it, to be told that they wait.
CREATE INDEX registrations_username ON registrations (username_key);

-- A username that was made for somebody who gave none, and that they did not change.
ALTER TABLE registrations ADD COLUMN username_made BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN username_made BOOLEAN NOT NULL DEFAULT FALSE;
