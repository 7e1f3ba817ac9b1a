// Package request is what every room that answers HTTP shares: who sent a
// request, and what comes of it when it fails.
//
// A Door stands before the rooms' routes. Harden is around all of them: it gives
// each answer its id and its headers. Identify is around those
// that ask who calls: behind it, From returns the Caller, which knows the client,
// the viewer, and whether the cookie may be used. AllowOrigins is around those
// that pages of other sites may call. Mux has the paths of all of them.
//
// An error that fails a request becomes a Fault, in one place: FaultOf finds its
// code and status, and logs it if an operator should know. What a Fault looks
// like in GraphQL, OAuth or on a page is the business of each room.
//
// What came of a request is Observed, which the rooms complete by Note and those read who
// count requests. spans.go has their traces, access.go a line of the log for each.
package request

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
	"latchkey/internal/trace"
)

// Config is what a Door has to know.
type Config struct {
	Auth    *auth.Service
	Proxies []netip.Prefix // TRUSTED_PROXIES: whose X-Forwarded-For, X-Request-Id and traceparent count
	Secure  bool           // PUBLIC_URL is https: HSTS, and a cookie that is Secure
	Path    string         // of PUBLIC_URL: where the service lives on its host, or ""
	Log     zerolog.Logger

	Own      string   // the origin of the service's own pages, which may use the cookie
	Origins  []string // of CORS_ORIGINS: exact origins of other pages, which may call the API and use the cookie
	Previews []string // of CORS_ORIGINS: hosts; https pages one label below may call the API, without the cookie

	// Development is the host name of PUBLIC_URL on a server for development, whose
	// answers no name may read that a stranger owns; "" in production. In development
	// every page on this machine counts as one of Origins.
	Development string
	// AdviceFor says, in development, what would allow an origin that is refused.
	AdviceFor func(origin string) string

	// Trace makes a trace of each request that is none of a probe; nil: there are none.
	Trace *trace.Tracer
	// Observers are told of each request once its answer is sent. They are called by many
	// requests at once, and what they are given is theirs until they return.
	Observers []func(ctx context.Context, o *Observed)
}

// Door is what requests come through on their way to a room.
type Door struct {
	cfg     Config
	cookies cookies
	origins *origins
}

// New returns a Door.
func New(cfg Config) (*Door, error) {
	if cfg.Auth == nil || cfg.Own == "" {
		return nil, errors.New("request: incomplete Config")
	}
	if cfg.Trace != nil {
		cfg.Observers = append(slices.Clip(cfg.Observers), end)
	}
	return &Door{cfg, newCookies(cfg.Secure, cfg.Path), newOrigins(cfg)}, nil
}

// Identify has [From] return the Caller of each request. way is what this way in
// is called in the log and in history.
func (d *Door) Identify(way auth.Way, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o := Observing(r.Context())
		if o == nil { // outside of Harden
			o = new(Observed)
			r = r.WithContext(context.WithValue(r.Context(), observedKey{}, o))
		}
		o.caller = &Caller{door: d, w: w, r: r, way: way, client: clientOf(r, d.cfg.Proxies), bearer: bearerToken(r.Header)}
		o.Client = o.caller.client.Addr
		next.ServeHTTP(w, r)
	})
}
