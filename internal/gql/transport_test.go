package gql

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const typename = `{"query":"{ __typename }"}`

// wantRefusal fails unless w is a refusal with this status.
func wantRefusal(t *testing.T, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	if got := codes(t, w.Body.Bytes()); w.Code != status || len(got) != 1 || got[0] != "BAD_USER_INPUT" {
		t.Errorf("got %d %s, want %d and BAD_USER_INPUT", w.Code, w.Body, status)
	}
	if got := w.Header().Get("Content-Length"); got != strconv.Itoa(w.Body.Len()) {
		t.Errorf("got Content-Length %s for %d bytes", got, w.Body.Len())
	}
}

func TestMethod_I1(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	for _, method := range []string{"PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get"} {
		r := httptest.NewRequest(method, "/graphql?query={__typename}", strings.NewReader(typename))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		wantRefusal(t, w, http.StatusMethodNotAllowed)
		if got := w.Header().Get("Allow"); got != "GET, HEAD, POST" {
			t.Errorf("%s: got Allow %q", method, got)
		}
	}
}

func TestContentType_I1(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	for _, accepted := range []string{
		"application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8", "application/json;x=y",
	} {
		if w := sendBody(s, typename, "Content-Type", accepted); w.Code != http.StatusOK {
			t.Errorf("%s: got %d, want 200", accepted, w.Code)
		}
	}
	for _, refused := range []string{
		"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql",
		"application/json; charset=latin1", "application/json; charset", "application/jsonp", "text/json",
	} {
		wantRefusal(t, sendBody(s, typename, "Content-Type", refused), http.StatusUnsupportedMediaType)
	}
	wantRefusal(t, sendBody(s, typename, "Content-Encoding", "gzip"), http.StatusUnsupportedMediaType)
}

func TestAccept_I2(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	const asJSON, asResponse = "application/json; charset=utf-8", "application/graphql-response+json; charset=utf-8"
	urql := "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
	tests := []struct{ accept, want string }{
		{"", asJSON},
		{"*/*", asJSON},
		{"application/*;q=0.5", asJSON},
		{"application/json", asJSON},
		{"text/event-stream, application/json", asJSON},
		{"application/json, application/graphql-response+json", asJSON},
		{"Application/GraphQL-Response+JSON; charset=utf-8, application/json; charset=utf-8", asResponse},
		{"application/json;q=0, application/graphql-response+json", asResponse},
		{urql, asResponse},
	}
	for _, tt := range tests {
		headers := []string{"Accept", tt.accept}
		if tt.accept == "" {
			headers = nil
		}
		w := sendBody(s, typename, headers...)
		if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || got != tt.want {
			t.Errorf("Accept %q: got %d %s, want 200 %s", tt.accept, w.Code, got, tt.want)
		}
	}
	for _, accept := range []string{"text/html", "text/event-stream", "multipart/mixed", "application/json;q=0.0", "x"} {
		wantRefusal(t, sendBody(s, typename, "Accept", accept), http.StatusNotAcceptable)
	}
}

// An operation that could not run is 400 only for clients that know the newer type.
func TestStatus_I2(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	for _, body := range []string{
		`{"query":"{"}`, `{"query":"{ nothing }"}`, `{"query":"query($id: ID!) { node(id: $id) { id } }"}`,
		`{"query":"{ me { id } }","variables":{"a":"\u0000"}}`,
	} {
		if w := sendBody(s, body); w.Code != http.StatusOK || len(codes(t, w.Body.Bytes())) != 1 {
			t.Errorf("%s: got %d %s", body, w.Code, w.Body)
		}
		w := sendBody(s, body, "Accept", "application/graphql-response+json")
		if w.Code != http.StatusBadRequest || len(codes(t, w.Body.Bytes())) != 1 {
			t.Errorf("%s: got %d %s", body, w.Code, w.Body)
		}
	}
}

func TestBodySize_I3(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	fits := typename + strings.Repeat(" ", maxBody-len(typename))
	if w := sendBody(s, fits); w.Code != http.StatusOK {
		t.Errorf("%d bytes: got %d, want 200", len(fits), w.Code)
	}
	wantRefusal(t, sendBody(s, fits+" "), http.StatusRequestEntityTooLarge)

	r := httptest.NewRequest("POST", "/graphql", io.MultiReader(strings.NewReader(fits), strings.NewReader(" ")))
	r.Header.Set("Content-Type", "application/json")
	if r.ContentLength != -1 {
		t.Fatalf("the length is declared: %d", r.ContentLength)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	wantRefusal(t, w, http.StatusRequestEntityTooLarge)

	r = httptest.NewRequest("POST", "/graphql", io.NopCloser(unreadable{t}))
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = maxBody + 1
	w = httptest.NewRecorder()
	s.ServeHTTP(w, r)
	wantRefusal(t, w, http.StatusRequestEntityTooLarge)
}

type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("a body declared as too large was read")
	return 0, io.EOF
}

func TestUnfinishedBody(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	r := httptest.NewRequest("POST", "/graphql", io.MultiReader(strings.NewReader(typename), broken{}))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	wantRefusal(t, w, http.StatusBadRequest)
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestAnswer_I3(t *testing.T) {
	var resp graphql.Response
	s := fixedServer(t, Options{}, func(context.Context) *graphql.Response { return &resp })
	for range 7 {
		resp.Errors = append(resp.Errors, coded(gqlerror.Errorf("no"), "FORBIDDEN"))
	}
	resp.Data = []byte(`{"me":null}`)
	w := sendQuery(s, `{ me { id } }`)
	one := `{"message":"no","extensions":{"code":"FORBIDDEN"}}`
	want := `{"errors":[` + strings.Repeat(one+",", 4) + one + `],"data":{"me":null}}`
	if got := w.Body.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := w.Header().Get("Content-Length"); got != strconv.Itoa(len(want)) {
		t.Errorf("got Content-Length %s, want %d", got, len(want))
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("got Cache-Control %q, want no-store", got)
	}
	resp = graphql.Response{Data: []byte(`{"me":null}`), Extensions: map[string]any{"a": 1}}
	if got := sendQuery(s, `{ me { id } }`).Body.String(); got != `{"data":{"me":null},"extensions":{"a":1}}` {
		t.Errorf("got %s", got)
	}
}

// What is kept for the next request holds nothing of this one.
func TestBuffersAreWiped(t *testing.T) {
	var b buffers
	body, _ := json.Marshal(map[string]string{"query": `{ me(password: "hunter2") { id } }`})
	r := httptest.NewRequest("POST", "/graphql", bytes.NewReader(body))
	var env envelope
	r.Header.Set("Content-Type", "application/json")
	if err := b.fromBody(httptest.NewRecorder(), r, &env); err != nil {
		t.Fatal(string(err.body))
	}
	b.out.WriteString("hunter2")
	b.release()
	for _, buf := range []*bytes.Buffer{&b.in, &b.out} {
		if kept := buf.AvailableBuffer()[:buf.Cap()]; len(kept) == 0 || bytes.Contains(kept, []byte("hunter2")) {
			t.Errorf("%d bytes kept: %q", len(kept), kept)
		}
	}
}
