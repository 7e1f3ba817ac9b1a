-- +goose Up

-- What a session was refreshed by: the user agent of the last time, and the other kinds
-- of device than that of the login of which its user was told, a line each.
ALTER TABLE sessions ADD COLUMN refreshed_agent TEXT;
ALTER TABLE sessions ADD COLUMN told_kinds TEXT NOT NULL DEFAULT '';
