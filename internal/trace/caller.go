package trace

import (
	"encoding/hex"
	"net/http"
	"regexp"

	api "go.opentelemetry.io/otel/trace"
)

// Caller is the span of whoever sent a request, as its traceparent names it; the zero Caller
// is none. What else it says of its trace (tracestate, baggage) is any text, and not read.
type Caller struct {
	Trusted bool // it may be a parent: it decides whether the trace is recorded
	span    api.SpanContext
}

// traceparent is that of W3C Trace Context: version, ids of trace and span, flags. Versions
// to come may add to it.
var traceparent = regexp.MustCompile(`^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$`)

// CallerOf reads the caller's span of a request's headers. trusted is whether it may be
// believed.
func CallerOf(h http.Header, trusted bool) Caller {
	values := h["Traceparent"]
	if len(values) != 1 {
		return Caller{}
	}
	parts := traceparent.FindStringSubmatch(values[0])
	if parts == nil || parts[1] == "ff" || parts[1] == "00" && parts[5] != "" {
		return Caller{}
	}
	var c api.SpanContextConfig
	trace, _ := hex.DecodeString(parts[2]) // the pattern has them be digits
	span, _ := hex.DecodeString(parts[3])
	flags, _ := hex.DecodeString(parts[4])
	copy(c.TraceID[:], trace)
	copy(c.SpanID[:], span)
	c.TraceFlags, c.Remote = api.TraceFlags(flags[0])&api.FlagsSampled, true
	if from := api.NewSpanContext(c); from.IsValid() {
		return Caller{trusted, from}
	}
	return Caller{}
}

// ID returns the id of the caller's trace, 32 hexadecimal digits, or "".
func (c Caller) ID() string {
	if !c.span.IsValid() {
		return ""
	}
	return c.span.TraceID().String()
}
