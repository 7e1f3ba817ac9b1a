-- +goose Up

-- The networks that are familiar, of the clients that are: the /16 of an IPv4 address,
-- the /32 of an IPv6 /64. One that this reads wrong is one mail more about a login.
INSERT INTO familiar (user_id, kind, value, last_seen_at)
SELECT user_id, 'network', network, MAX(last_seen_at) FROM (
	SELECT user_id, last_seen_at, CASE
		WHEN value LIKE '%.%' THEN substr(value, 1, instr(value, '.') + instr(substr(value, instr(value, '.') + 1), '.')) || '0.0/16'
		ELSE substr(value, 1, instr(value, ':') + instr(substr(value, instr(value, ':') + 1), ':') - 1) || '::/32' END AS network
	FROM familiar WHERE kind = 'client') AS clients
WHERE TRUE
GROUP BY user_id, network
ON CONFLICT DO NOTHING;
