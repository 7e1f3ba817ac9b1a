package web_test

import (
	"net/http"

	"github.com/rs/zerolog"

	"latchkey/graph"
	"latchkey/internal/auth"
	"latchkey/internal/web"
)

func init() {
	web.RealGraphQL = func(s *auth.Service) http.Handler { return graph.Handler(s, true, zerolog.Nop()) }
}
