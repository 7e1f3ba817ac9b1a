package redisstore

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"

	"latchkey/internal/trace"
)

// Spans is a hook of a client that makes a span of each command within a trace, and of
// commands that are sent together. It is called as the command is, and has no key and no
// argument.
type Spans struct{}

// DialHook implements redis.Hook.
func (Spans) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook implements redis.Hook.
func (Spans) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		ctx, span := begin(ctx, cmd)
		err := next(ctx, cmd)
		end(span, err)
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (Spans) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if len(cmds) == 0 {
			return next(ctx, cmds)
		}
		ctx, span := begin(ctx, cmds[0])
		span.Int("db.operation.batch.size", len(cmds))
		err := next(ctx, cmds)
		end(span, err)
		return err
	}
}

func begin(ctx context.Context, cmd redis.Cmder) (context.Context, trace.Span) {
	ctx, span := trace.Start(ctx, trace.Client, "command")
	if span.Recorded() {
		span.Str("db.system.name", "redis").Name(strings.ToUpper(cmd.Name()))
	}
	return ctx, span
}

// end ends a span. That there is no such key, or no such script yet, is no failure.
func end(span trace.Span, err error) {
	switch _, answered := answer(err); {
	case err == nil, errors.Is(err, redis.Nil), redis.HasErrorPrefix(err, "NOSCRIPT"):
	case answered:
		span.Fail("refused")
	default:
		span.Fail("unavailable")
	}
	span.End()
}
