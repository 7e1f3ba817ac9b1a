package gql

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/go-json-experiment/json/jsontext"
)

// BenchmarkServeHTTP answers a small query, whose document is kept or, for the quotation mark in its comment, is not.
func BenchmarkServeHTTP(b *testing.B) {
	for _, bm := range []struct{ name, query string }{
		{"kept", `{ me { id username } }`},
		{"not-kept", `{ me { id username } } # "`},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			s := fixedServer(b, Options{}, nil)
			body, err := json.Marshal(map[string]string{"query": bm.query})
			if err != nil {
				b.Fatal(err)
			}
			sent := bytes.NewReader(body)
			r := httptest.NewRequest("POST", "/graphql", sent)
			r.Header.Set("Content-Type", "application/json")
			r.Body = io.NopCloser(sent)
			w := &lastAnswer{header: http.Header{}}
			for b.Loop() {
				sent.Reset(body)
				s.ServeHTTP(w, r)
				if w.status != http.StatusOK || w.size != len(`{"data":{"ran":true}}`) {
					b.Fatalf("an answer of status %d and %d bytes", w.status, w.size)
				}
			}
		})
	}
}

// lastAnswer is a ResponseWriter that counts the last answer, and allocates nothing for it.
type lastAnswer struct {
	header       http.Header
	status, size int
}

func (w *lastAnswer) Header() http.Header { return w.header }

func (w *lastAnswer) WriteHeader(status int) { w.status, w.size = status, 0 }

func (w *lastAnswer) Write(p []byte) (int, error) {
	w.size += len(p)
	return len(p), nil
}

// BenchmarkCheckLimits walks a small document, the largest that honest clients send, and one whose fragments come to
// 2^29 fields.
func BenchmarkCheckLimits(b *testing.B) {
	for _, bm := range []struct {
		name, query string
		refused     bool
	}{
		{"small", `{ me { id username } }`, false},
		{"introspection", introspection.Query, false},
		{"doubling", "{ ...f0 }" + chain(30, "NEXT NEXT", "a"), true},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			doc, err := parse(bm.query)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := checkLimits(doc, true); (err != nil) != bm.refused {
					b.Fatalf("got %v, want a refusal: %t", err, bm.refused)
				}
			}
		})
	}
}

// BenchmarkDecode reads the envelope of an operation with variables.
func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	body := []byte(`{"query":"mutation($in: LoginInput!) { login(input: $in) { errors { code } } }","variables":{"in":{"login":"ada","password":"hunter2"}}}`)
	var dec jsontext.Decoder
	for b.Loop() {
		dec.Reset(bytes.NewBuffer(body))
		var env envelope
		if refused := env.decode(&dec); refused != nil {
			b.Fatal(said(refused))
		}
	}
}
