-- +goose Up

-- A search for the beginning of a name compares byte by byte, whatever the database's
-- collation. SQLite does so by itself.
CREATE INDEX usernames_key_bytes ON usernames (key COLLATE "C");
CREATE INDEX users_email_key_bytes ON users (email_key COLLATE "C");
