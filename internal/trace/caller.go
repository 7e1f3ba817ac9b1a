package trace

import (
	"encoding/hex"
	"net/http"
	"strings"
)

// Caller is the span of whoever sent a request, as its traceparent names it; the zero Caller
// is none. What else it says of its trace (tracestate, baggage) is any text, and not read.
type Caller struct {
	Trusted bool // it may be a parent: it decides whether the trace is recorded
	trace   traceID
	span    spanID
	sampled bool
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
	c := Caller{Trusted: trusted}
	var version, flags [1]byte
	for i, into := range [][]byte{version[:], c.trace[:], c.span[:], flags[:]} {
		if len(parts[i]) != 2*len(into) || strings.ToLower(parts[i]) != parts[i] {
			return Caller{}
		}
		if _, err := hex.Decode(into, []byte(parts[i])); err != nil {
			return Caller{}
		}
	}
	if c.sampled = flags[0]&flagSampled != 0; c.trace == (traceID{}) || c.span == (spanID{}) {
		return Caller{}
	}
	return c
}

// given reports whether there is a caller's span.
func (c Caller) given() bool { return c.trace != (traceID{}) }

// flags are those of W3C.
func (c Caller) flags() uint32 {
	if c.sampled {
		return flagSampled
	}
	return 0
}

// ID returns the id of the caller's trace, 32 hexadecimal digits, or "".
func (c Caller) ID() string {
	if !c.given() {
		return ""
	}
	return c.trace.String()
}
