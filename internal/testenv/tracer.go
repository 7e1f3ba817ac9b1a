package testenv

import (
	"net/url"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/trace"
)

// Traced calls f within a span and returns what it was made of: the span of f, and a
// collector that has all of them.
func Traced(t testing.TB, f func(tracer *trace.Tracer, span trace.Span)) (*Collector, *Span) {
	t.Helper()
	c := NewCollector(t)
	u, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	tracer := trace.New(trace.Config{URL: u.JoinPath("v1", "traces"), Timeout: 10 * time.Second, Log: zerolog.New(t.Output())})
	tracer.Start()
	_, span := tracer.Begin(t.Context(), trace.Internal, "all of it", trace.Caller{})
	f(tracer, span)
	span.End()
	tracer.Stop()
	return c, c.Await(t, "all of it", func(s *Span) bool { return s.Name == "all of it" })
}

// Names are those of spans, in their order.
func Names(spans []*Span) (names []string) {
	for _, s := range spans {
		names = append(names, s.Name)
	}
	return names
}
