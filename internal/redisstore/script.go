package redisstore

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// The scripts count the same as throttle.Memory. Each touches one key. Times are
// microseconds of the callers' clocks, which Lua's numbers hold exactly until the
// year 2255; the answer is the time to wait, 0 for "counted". A key vanishes, by
// Redis's own clock, a second after it could have mattered.

// A window is a sorted set of the counted tries by their times.
var takeWindow = redis.NewScript(`
local window, now, n, try = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))
local full = redis.call('ZCARD', KEYS[1]) - n
if full >= 0 and not redis.call('ZSCORE', KEYS[1], try) then
	local leaves = redis.call('ZRANGE', KEYS[1], full, full, 'WITHSCORES')
	return tonumber(leaves[2]) + window - now
end
if try == 'look' then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], try)
redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000) + 1000)
return 0`)

var giveBackWindow = redis.NewScript(`
local window, now = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZPOPMAX', KEYS[1])
local latest = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
if latest then redis.call('PEXPIRE', KEYS[1], math.ceil((tonumber(latest) + window - now) / 1000) + 1000) end
return 0`)

// What was counted elsewhere is brought: first tries are given back, then some are
// counted, by their times. No more are kept than the limit has.
var bringWindow = redis.NewScript(`
local window, now, n, back = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if back > 0 then redis.call('ZPOPMAX', KEYS[1], back) end
for i = 6, #ARGV do redis.call('ZADD', KEYS[1], ARGV[i], ARGV[5] .. i) end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -n - 1)
local latest = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
if latest then redis.call('PEXPIRE', KEYS[1], math.ceil((tonumber(latest) + window - now) / 1000) + 1000) end
return 0`)

// A pace is a string: the time up to which the counted tries fill it (GCRA).
var takePace = redis.NewScript(`
local every, now, n = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local start = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local wait = start - now - (n - 1) * every
if wait > 0 then return wait end
if ARGV[4] == 'look' then return 0 end
local full = start + every
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1000)
return 0`)

var giveBackPace = redis.NewScript(`
local every, now = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or 0) - every
if full <= now then
	redis.call('DEL', KEYS[1])
else
	redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1000)
end
return 0`)

var bringPace = redis.NewScript(`
local every, now, n, back = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local full = tonumber(redis.call('GET', KEYS[1]) or 0) - back * every
for i = 6, #ARGV do full = math.max(full, tonumber(ARGV[i])) + every end
full = math.min(full, now + n * every)
if full <= now then
	redis.call('DEL', KEYS[1])
else
	redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1000)
end
return 0`)

// A call is one run of a script.
type call struct {
	script *redis.Script
	key    string
	args   []any
}

// run sends all calls at once and returns their answers. They name their
// scripts by hash. Of a server that was restarted or flushed those it does not
// know come back, undone, and are sent once more with their text.
func (s *Store) run(ctx context.Context, calls []call) ([]int64, error) {
	if len(calls) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()

	cmds := make([]*redis.Cmd, len(calls))
	pipe := s.rdb.Pipeline()
	for i, c := range calls {
		cmds[i] = c.script.EvalSha(ctx, pipe, []string{c.key}, c.args...)
	}
	_, unsent := pipe.Exec(ctx) // each command has its own error, unless there was no connection to send it on

	for i, c := range calls {
		if redis.HasErrorPrefix(cmds[i].Err(), "NOSCRIPT") {
			cmds[i] = c.script.Eval(ctx, pipe, []string{c.key}, c.args...)
		}
	}
	if pipe.Len() > 0 {
		_, unsent = pipe.Exec(ctx)
	}

	answers := make([]int64, len(calls))
	for i, cmd := range cmds {
		n, err := cmd.Int64()
		switch {
		case err != nil && cmd.Err() == nil && unsent != nil:
			return nil, unsent
		case err != nil:
			return nil, err
		}
		answers[i] = n
	}
	return answers, nil
}
