package trace

import (
	"encoding/hex"
	"net/http"
	"strings"

	api "go.opentelemetry.io/otel/trace"
)

// Caller is the span of whoever sent a request, as its traceparent names it; the zero Caller
// is none. What else it says of its trace (tracestate, baggage) is any text, and not read.
type Caller struct {
	Trusted bool // it may be a parent: it decides whether the trace is recorded
	span    api.SpanContext
}

// CallerOf reads the caller's span of a request's headers. trusted is whether it may be
// believed.
func CallerOf(h http.Header, trusted bool) Caller {
	values := h["Traceparent"]
	if len(values) != 1 {
		return Caller{}
	}
	// W3C Trace Context: version, ids of trace and span, flags. Versions to come may add to it.
	parts := strings.SplitN(values[0], "-", 5)
	if len(parts) < 4 || parts[0] == "ff" || parts[0] == "00" && len(parts) > 4 {
		return Caller{}
	}
	_, known := octet(parts[0])
	flags, flagged := octet(parts[3])
	traceID, err1 := api.TraceIDFromHex(parts[1])
	spanID, err2 := api.SpanIDFromHex(parts[2])
	if !known || !flagged || err1 != nil || err2 != nil {
		return Caller{}
	}
	return Caller{trusted, api.NewSpanContext(api.SpanContextConfig{
		TraceID: traceID, SpanID: spanID, TraceFlags: api.TraceFlags(flags) & api.FlagsSampled, Remote: true,
	})}
}

// octet reads two hexadecimal digits in small letters.
func octet(s string) (byte, bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 1 || strings.ToLower(s) != s {
		return 0, false
	}
	return b[0], true
}

// ID returns the id of the caller's trace, 32 hexadecimal digits, or "".
func (c Caller) ID() string {
	if !c.span.IsValid() {
		return ""
	}
	return c.span.TraceID().String()
}
