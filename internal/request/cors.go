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

// corsHeaders are what GraphQL clients send. Apollo's are those of its client
// awareness and of its servers' defence against cross-site requests, which
// people leave switched on.
var corsHeaders = []string{
	"Accept", "Authorization", "Content-Type",
	"Apollo-Require-Preflight", "Apollographql-Client-Name", "Apollographql-Client-Version", "X-Apollo-Operation-Name",
}

// AllowOrigins lets pages of Config.Origins read the answers of next and send the
// cookie along (I5). An origin is compared byte for byte, as browsers send it: "*"
// allows nobody, and "null", which any sandboxed page may send, is never allowed.
// The service's own pages need no CORS. methods are what next answers.
func (d *Door) AllowOrigins(next http.Handler, methods ...string) http.Handler {
	return cors.New(cors.Options{
		// Not AllowedOrigins: an empty list there means every origin.
		AllowOriginFunc: func(origin string) bool {
			return origin != "null" && slices.Contains(d.cfg.Origins, origin)
		},
		AllowedMethods:   methods,
		AllowedHeaders:   corsHeaders,
		ExposedHeaders:   []string{"Retry-After", "X-Request-Id"},
		AllowCredentials: true,
		MaxAge:           int(preflightAge / time.Second),
	}).Handler(next)
}
