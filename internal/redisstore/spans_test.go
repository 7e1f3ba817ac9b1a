package redisstore_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/redisstore"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
	"latchkey/internal/throttle"
	"latchkey/internal/trace"
)

// Each command within a trace is a span, and those that are sent together are one. None
// holds a key or an argument.
func TestSpans(t *testing.T) {
	for name, variable := range kinds {
		t.Run(name, func(t *testing.T) {
			rdb := open(t, testenv.Need(t, variable))
			rdb.AddHook(redisstore.Spans{})
			s := redisstore.New(rdb, prefix())
			c, all := testenv.Traced(t, func(_ *trace.Tracer, span trace.Span) {
				ctx := span.In(t.Context())
				if err := s.PutToken(ctx, []byte("hunter2"), []byte("hunter2"), start, time.Hour); err != nil {
					t.Fatal(err)
				}
				if _, err := s.TakeToken(ctx, []byte("other"), start); !errors.Is(err, store.ErrNotFound) {
					t.Error(err)
				}
				if _, _, err := s.Take(ctx, start, throttle.Count{Key: "hunter2", Limit: throttle.Limit{N: 1, Window: time.Hour}},
					throttle.Count{Key: "hunter2", Limit: throttle.Limit{N: 1, Every: time.Hour}}); err != nil {
					t.Fatal(err)
				}
			})
			spans := c.Within(all)
			names := testenv.Names(spans)
			if len(names) < 3 || names[0] != "SET" || names[1] != "GETDEL" || slices.ContainsFunc(names[2:], func(n string) bool { return n != "EVALSHA" && n != "EVAL" }) {
				t.Fatalf("got %q", names)
			}
			if spans[2].Int("db.operation.batch.size") != 2 {
				t.Errorf("together were %v", spans[2].Attributes)
			}
			for _, s := range spans {
				if s.Str("db.system.name") != "redis" || s.Status != nil {
					t.Errorf("%s: %v", s.Name, s)
				}
			}
			if strings.Contains(c.Text(), "hunter2") || strings.Contains(c.Text(), "latchkey-test-") {
				t.Errorf("the spans hold a key or an argument: %s", c.Text())
			}
			away := open(t, "redis://127.0.0.1:"+testenv.FreePort(t))
			away.AddHook(redisstore.Spans{})
			c, all = testenv.Traced(t, func(_ *trace.Tracer, span trace.Span) {
				if err := redisstore.New(away, prefix()).Ping(span.In(t.Context())); err == nil {
					t.Error("nobody answered")
				}
			})
			if s := c.Within(all); len(s) != 1 || s[0].Name != "PING" || s[0].Str("error.type") != "unavailable" {
				t.Errorf("a server that is away: %v", s)
			}
		})
	}
}
