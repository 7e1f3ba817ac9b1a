-- +goose Up

-- Mails leave in turn: see EnqueueMail.
ALTER TABLE outbox ADD COLUMN line TEXT;                        -- who shares the connection that caused it; null if nobody did
ALTER TABLE outbox ADD COLUMN place INTEGER NOT NULL DEFAULT 0;  -- those with the least go first
CREATE INDEX outbox_line ON outbox (line) WHERE failed_at IS NULL;
CREATE INDEX outbox_place ON outbox (place, due_at, id) WHERE failed_at IS NULL;
