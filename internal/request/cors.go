package request

import (
	"net/http"
	"time"

	"github.com/rs/cors"
)

// preflightAge is how long a browser may remember a preflight's answer: the
// most that Chromium takes.
const preflightAge = 2 * time.Hour

// AllowOrigins lets pages of Config.Origins read the answers of next and send the
// cookie along, and those of Config.Previews read them without it (I5). The service's
// own pages need no CORS. methods are what next answers.
//
// Whatever header such a page asks for is allowed: tracing, error reports and client
// libraries add their own (traceparent, sentry-trace, Apollo's), and a page that may
// send requests and read the answers gains nothing by a header.
func (d *Door) AllowOrigins(next http.Handler, methods ...string) http.Handler {
	options := cors.Options{
		AllowOriginFunc: d.origins.preview, // not AllowedOrigins: an empty list there means every origin
		AllowedMethods:  methods,
		AllowedHeaders:  []string{"*"}, // answered by their names: with credentials a star means the header called "*"
		ExposedHeaders:  []string{"Retry-After", "X-Request-Id"},
		MaxAge:          int(preflightAge / time.Second),
	}
	previews := cors.New(options).Handler(next)
	options.AllowOriginFunc, options.AllowCredentials = d.origins.allowed, true
	others := cors.New(options).Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch origin := r.Header.Get("Origin"); {
		case d.origins.preview(origin):
			previews.ServeHTTP(w, r)
			return
		case origin != "" && !d.origins.mayCall(origin):
			d.origins.refused(origin)
		}
		others.ServeHTTP(w, r)
	})
}
