-- +goose Up

-- What each username looks like: I, l and 1 are one letter, O and 0 too. Names that
-- look alike already stay as they are.
ALTER TABLE usernames ADD COLUMN look TEXT NOT NULL DEFAULT '';
UPDATE usernames SET look = replace(replace(replace(key, 'i', 'l'), '1', 'l'), '0', 'o');
CREATE INDEX usernames_look ON usernames (look);

-- One row a look that was claimed lately: the guard of who claims one of its names.
CREATE TABLE looks (
	look    TEXT PRIMARY KEY,
	last_at TIMESTAMP NOT NULL
);
CREATE INDEX looks_last_at ON looks (last_at);
