package request

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Outcome is in one word what came of a request.
type Outcome string

// The outcomes. Where a request has several, as GraphQL's fields may, the last of them in
// this order counts: what an operator has to look at.
const (
	OK              Outcome = "ok"
	UserError       Outcome = "user_error" // a mistake that a person can put right
	Invalid         Outcome = "invalid"    // the request itself is wrong, or nobody waited for its answer
	Unauthenticated Outcome = "unauthenticated"
	Forbidden       Outcome = "forbidden"
	RateLimited     Outcome = "rate_limited"
	Unavailable     Outcome = "unavailable" // something that the service needs is away or busy
	Internal        Outcome = "internal"    // a mistake of ours
)

// Outcomes are all there are, in that order.
var Outcomes = []Outcome{OK, UserError, Invalid, Unauthenticated, Forbidden, RateLimited, Unavailable, Internal}

// OutcomeOf returns what an HTTP status says.
func OutcomeOf(status int) Outcome {
	switch status {
	case http.StatusUnauthorized:
		return Unauthenticated
	case http.StatusForbidden:
		return Forbidden
	case http.StatusGone, http.StatusUnprocessableEntity: // a dead link, a form with a mistake
		return UserError
	case http.StatusTooManyRequests:
		return RateLimited
	case http.StatusServiceUnavailable:
		return Unavailable
	}
	switch {
	case status >= http.StatusInternalServerError:
		return Internal
	case status >= http.StatusBadRequest:
		return Invalid
	}
	return OK
}

// Observed is what is known of a request for those who count, trace or log it. Harden makes
// one for each, and hands it to Config.Observers once the answer is sent. Of what a client
// sent they see nothing but its address.
type Observed struct {
	RequestID string
	TraceID   string // of the trace that it is in, ours or that of a proxy of ours; or ""
	Method    string // or "other"
	Route     string // the pattern of the Mux that matched, never the path; "" if none did
	Client    netip.Addr
	UserID    string // whose access token came along, if somebody asked; or ""

	// CallerTraceID is the trace that somebody else says the request is in, or "".
	CallerTraceID string

	// Operation is the field at the root of a GraphQL operation, as the schema calls it, of
	// several the first; [InvalidOperation] for what is none; "" elsewhere.
	Operation string
	Outcome   Outcome
	Code      string // of the error that the outcome is of, as the client was told it; or ""

	Status int // of HTTP; 0 if the connection was cut instead
	Began  time.Time
	Took   time.Duration

	caller *Caller // by Identify, before others see this

	mu sync.Mutex // over what Note writes: fields of an operation are resolved at once
}

// InvalidOperation is the Operation of a request to GraphQL that asks for none.
const InvalidOperation = "invalid"

type observedKey struct{}

// Observing returns what is known so far of the request that ctx belongs to; nil outside of
// one.
func Observing(ctx context.Context) *Observed {
	o, _ := ctx.Value(observedKey{}).(*Observed)
	return o
}

// RequestID returns the id of the request that ctx belongs to, as the client
// sees it in X-Request-Id; "" outside of one.
func RequestID(ctx context.Context) string {
	if o := Observing(ctx); o != nil {
		return o.RequestID
	}
	return ""
}

// Note says what came of the request that ctx belongs to, or of a part of it, where its
// status says less. code is what the client is told, or "". It may be called by many at once.
func Note(ctx context.Context, is Outcome, code string) {
	o := Observing(ctx)
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.Outcome == "" || slices.Index(Outcomes, is) > slices.Index(Outcomes, o.Outcome) {
		o.Outcome, o.Code = is, code
	}
}

// observe completes what is known of a request whose answer was sent, and tells it to those
// who listen.
func (d *Door) observe(r *http.Request, o *Observed) {
	o.Took, o.Route = time.Since(o.Began), r.Pattern
	if len(d.cfg.Observers) == 0 {
		return
	}
	if o.Outcome == "" {
		o.Outcome = OutcomeOf(o.Status)
	}
	if o.Outcome == Internal && r.Context().Err() != nil { // it was broken off by whoever left
		o.Outcome = Invalid
	}
	if !o.Client.IsValid() {
		o.Client, _ = addresses(r, d.cfg.Proxies)
	}
	for _, f := range d.cfg.Observers {
		f(r.Context(), o)
	}
}
