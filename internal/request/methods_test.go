package request

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestMethodsOfPath(t *testing.T) {
	m := Methods{"GET": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("got")) }}
	inJSON := m.Or(func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusMethodNotAllowed)
		_, _ = w.Write([]byte("{}"))
	})
	for _, tt := range []struct {
		h                   http.Handler
		method, body, allow string
		status              int
	}{
		{m, "GET", "got", "", 200},
		{m, "HEAD", "got", "", 200}, // which net/http does not send
		{m, "OPTIONS", "", "GET, HEAD, OPTIONS", 204},
		{m, "POST", "This address does not take that method.\n", "GET, HEAD, OPTIONS", 405},
		{inJSON, "GET", "got", "", 200},
		{inJSON, "OPTIONS", "", "GET, HEAD, OPTIONS", 204},
		{inJSON, "POST", "{}", "GET, HEAD, OPTIONS", 405},
	} {
		w := do(tt.h, httptest.NewRequest(tt.method, "/", nil))
		if w.Code != tt.status || w.Body.String() != tt.body || w.Header().Get("Allow") != tt.allow {
			t.Errorf("%s: got %d %q, Allow %q; want %d %q, %q", tt.method, w.Code, w.Body, w.Header().Get("Allow"), tt.status, tt.body, tt.allow)
		}
	}
}
