-- +goose Up

-- Who waits for a username may log in by it, to be told that they wait.
CREATE INDEX registrations_username ON registrations (username_key);
