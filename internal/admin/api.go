package admin

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
)

//go:embed documents/*.graphql
var documentFiles embed.FS

// documents are the operations of the page, by the names of their files.
var documents = mustDocuments()

func mustDocuments() map[string]string {
	entries, err := documentFiles.ReadDir("documents")
	if err != nil {
		panic(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		text, err := documentFiles.ReadFile("documents/" + e.Name())
		if err != nil {
			panic(err)
		}
		all[strings.TrimSuffix(path.Base(e.Name()), ".graphql")] = string(text)
	}
	return all
}

// failure is how an operation failed as a whole: extensions of its first error.
type failure struct {
	Code       string
	Reason     string
	Message    string `json:"-"`
	RequestID  string
	RetryAfter int // seconds
}

func (f *failure) Error() string { return f.Code + " " + f.Reason }

// mistake is one of the errors of a payload.
type mistake struct {
	Code, Message string
	Field         []string
}

// payload is what all payloads have.
type payload struct{ Errors []mistake }

// code returns the code of the first mistake, or "".
func (p payload) code() string {
	if len(p.Errors) == 0 {
		return ""
	}
	return p.Errors[0].Code
}

// beside returns the mistakes by the last name of their field, the first of each.
func (p payload) beside() map[string]string {
	all := map[string]string{}
	for _, m := range p.Errors {
		field := ""
		if len(m.Field) > 0 {
			field = m.Field[len(m.Field)-1]
		}
		if all[field] == "" {
			all[field] = m.Message
		}
	}
	return all
}

// answer is what an operation comes to. It keeps what was written in memory.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// run runs a document as the Caller of ctx and decodes its data into into, a pointer. The
// error is a *failure, and leaves of into what came through all the same.
func (s *server) run(ctx context.Context, document string, variables map[string]any, into any) error {
	text, ok := documents[document]
	if !ok {
		return fmt.Errorf("admin: no document %s", document)
	}
	body, err := json.Marshal(map[string]any{"query": text, "variables": variables})
	if err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	a := &answer{header: http.Header{}}
	s.cfg.API.ServeHTTP(a, r)
	var got struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Extensions failure
		}
	}
	if err := json.Unmarshal(a.body.Bytes(), &got); err != nil {
		return fmt.Errorf("admin: document %s: %w", document, err)
	}
	if len(got.Data) > 0 {
		if err := json.Unmarshal(got.Data, into); err != nil {
			return fmt.Errorf("admin: document %s: %w", document, err)
		}
	}
	if len(got.Errors) > 0 {
		f := got.Errors[0].Extensions
		f.Message = got.Errors[0].Message
		return &f
	}
	return nil
}
