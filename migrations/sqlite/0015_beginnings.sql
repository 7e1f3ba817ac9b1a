-- +goose Up

-- A search for the beginning of a name goes by the indexes of keys as they are. PostgreSQL
-- has others for it.
SELECT 1;
