-- +goose Up

-- Mails in the order in which they were written, those that wait and those that were
-- given up, each for itself.
CREATE INDEX outbox_waiting ON outbox (created_at, id) WHERE failed_at IS NULL;
CREATE INDEX outbox_failed ON outbox (created_at, id) WHERE failed_at IS NOT NULL;
