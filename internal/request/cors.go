package request

import (
	"net/http"
	"slices"
	"time"

	"github.com/rs/cors"
)

// preflightAge is how long a browser may remember a preflight's answer: the
// most that Chromium takes.
const preflightAge = 2 * time.Hour

// AllowOrigins lets pages of Config.Origins read the answers of next and send the
// cookie along (I5). An origin is compared byte for byte, as browsers send it: "*"
// allows nobody, and "null", which any sandboxed page may send, is never allowed.
// The service's own pages need no CORS. methods are what next answers.
//
// Whatever header such a page asks for is allowed: tracing, error reports and client
// libraries add their own (traceparent, sentry-trace, Apollo's), and a page that may
// send requests and read the answers gains nothing by a header.
func (d *Door) AllowOrigins(next http.Handler, methods ...string) http.Handler {
	return cors.New(cors.Options{
		// Not AllowedOrigins: an empty list there means every origin.
		AllowOriginFunc: func(origin string) bool {
			return origin != "null" && slices.Contains(d.cfg.Origins, origin)
		},
		AllowedMethods:   methods,
		AllowedHeaders:   []string{"*"}, // answered by their names: with credentials a star means the header called "*"
		ExposedHeaders:   []string{"Retry-After", "X-Request-Id"},
		AllowCredentials: true,
		MaxAge:           int(preflightAge / time.Second),
	}).Handler(next)
}
