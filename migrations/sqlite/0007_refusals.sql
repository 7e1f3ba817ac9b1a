-- +goose Up

-- Mailboxes whose readers want no more mails that strangers cause.
CREATE TABLE refusals (
	hash       BLOB PRIMARY KEY,          -- of the mailbox, by a key of the server
	expires_at TIMESTAMP NOT NULL
);
CREATE INDEX refusals_expires_at ON refusals (expires_at);
