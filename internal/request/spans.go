package request

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/netip"
	"strings"

	"latchkey/internal/trace"
)

// fromProxy reports whether a request comes from one of our own proxies.
func (d *Door) fromProxy(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && trusted(peer.Addr().Unmap(), d.cfg.Proxies)
}

// isID reports whether a proxy may call a request so: with enough in it that no two are
// alike, and nothing that a log could take for something else.
func isID(s string) bool {
	other := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-'
	}
	return len(s) >= 20 && len(s) <= 64 && !strings.ContainsFunc(s, other)
}

// requestID returns the id of a request: that of the proxy that it comes from, or one of our
// making.
func (d *Door) requestID(r *http.Request) string {
	if given := r.Header["X-Request-Id"]; len(given) == 1 && isID(given[0]) && d.fromProxy(r) {
		return given[0]
	}
	return rand.Text()
}

// begin begins the span of a request, and notes the ids of its traces. Probes have none.
func (d *Door) begin(r *http.Request, o *Observed) *http.Request {
	if r.Header["Traceparent"] == nil && d.cfg.Trace == nil {
		return r
	}
	caller := trace.CallerOf(r.Header, d.fromProxy(r))
	if caller.Trusted {
		o.TraceID = caller.ID()
	} else {
		o.CallerTraceID = caller.ID()
	}
	if strings.HasSuffix(r.URL.Path, "/livez") || strings.HasSuffix(r.URL.Path, "/readyz") {
		return r
	}
	ctx, span := d.cfg.Trace.Begin(r.Context(), trace.Server, o.Method, caller)
	if span.Recorded() {
		o.TraceID = span.ID()
	}
	return r.WithContext(ctx)
}

// end is the observer that ends the span of a request. Nothing in it is what a client sent.
func end(ctx context.Context, o *Observed) {
	span := trace.Of(ctx)
	if !span.Recorded() {
		return
	}
	if span.Name(o.Method); o.Route != "" {
		span.Name(o.Method, o.Route)
	}
	span.Str("http.request.method", o.Method).Str("http.route", o.Route).Int("http.response.status_code", o.Status).
		Str("latchkey.request_id", o.RequestID).Str("latchkey.operation", o.Operation).Str("latchkey.outcome", string(o.Outcome))
	switch o.Outcome {
	case Unavailable, Internal:
		span.Fail(string(o.Outcome))
	}
	span.Str("error.type", o.Code)
	span.End()
}
