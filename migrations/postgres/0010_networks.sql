-- +goose Up

-- The networks that are familiar, of the clients that are: the /16 of an IPv4 address,
-- the /32 of an IPv6 /64.
INSERT INTO familiar (user_id, kind, value, last_seen_at)
SELECT user_id, 'network', network, MAX(last_seen_at) FROM (
	SELECT user_id, last_seen_at, CASE
		WHEN value LIKE '%.%' THEN split_part(value, '.', 1) || '.' || split_part(value, '.', 2) || '.0.0/16'
		ELSE split_part(value, ':', 1) || ':' || split_part(value, ':', 2) || '::/32' END AS network
	FROM familiar WHERE kind = 'client') AS clients
GROUP BY user_id, network
ON CONFLICT DO NOTHING;
