-- +goose Up

-- Whether there are passkeys of another domain than PASSKEY_DOMAIN is asked at each start.
CREATE INDEX passkeys_rp_id ON passkeys (rp_id);
