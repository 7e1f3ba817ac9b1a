-- +goose Up

-- Names of accounts that are gone, which nobody gets for a while.
CREATE TABLE reservations (
	hash       BYTEA NOT NULL,             -- of an address, or of what a username looks like, by a key of the server
	holder     BYTEA NOT NULL,             -- the same of the address that may have it back; empty: nobody may
	held_until TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (hash, holder)
);
CREATE INDEX reservations_held_until ON reservations (held_until);

-- What an account that is deleted leaves elsewhere.
CREATE INDEX usernames_holder ON usernames (holder) WHERE holder IS NOT NULL;
CREATE INDEX held_addresses_user_id ON held_addresses (user_id);
CREATE INDEX outbox_user_id ON outbox (user_id) WHERE user_id IS NOT NULL;
DROP INDEX outbox_failed_user_id; -- is a part of that
CREATE INDEX outbox_recipient ON outbox (recipient_key);
