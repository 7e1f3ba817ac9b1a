package graph_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"latchkey/internal/testenv"
)

// Pages of allowed origins may ask the API by its methods and read its answers, also
// those to what it refuses; pages of others may not.
func TestCORS_I5(t *testing.T) {
	t.Parallel()
	f := setup(t, testenv.SQLite(t))
	for origin, allowed := range map[string]string{"https://app.example": "https://app.example", "https://auth.example": "", "https://evil.example": "", "null": ""} {
		for method, want := range map[string]string{http.MethodPost: allowed, http.MethodGet: allowed, http.MethodPut: ""} {
			r := httptest.NewRequest(http.MethodOptions, "/graphql", nil)
			r.Header.Set("Origin", origin)
			r.Header.Set("Access-Control-Request-Method", method)
			preflight := httptest.NewRecorder()
			f.handler.ServeHTTP(preflight, r)
			r = httptest.NewRequest(method, "/graphql", nil)
			r.Header.Set("Origin", origin)
			answer := httptest.NewRecorder()
			f.handler.ServeHTTP(answer, r)
			for what, w := range map[string]*httptest.ResponseRecorder{"preflight": preflight, "answer": answer} {
				if got := w.Header().Get("Access-Control-Allow-Origin"); got != want {
					t.Errorf("%s from %s: the %s allows %q, want %q", method, origin, what, got, want)
				}
			}
		}
	}
}
