package gql

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

func TestOperationName(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	two := `"query":"query A { me { id } } query B { me { id } }"`
	if w := sendBody(s, `{`+two+`,"operationName":"B"}`); len(codes(t, w.Body.Bytes())) != 0 {
		t.Errorf("B: got %s", w.Body)
	}
	for _, name := range []string{``, `,"operationName":"C"`, `,"operationName":null`, `,"operationName":""`} {
		wantOneError(t, sendBody(s, `{`+two+name+`}`), "BAD_USER_INPUT", "operationName")
	}
}

type sharedKey struct{}

// What resolvers share is made for each operation that runs, and for no other.
func TestContext(t *testing.T) {
	made, found := 0, 0
	s := fixedServer(t, Options{Context: func(ctx context.Context) context.Context {
		made++
		return context.WithValue(ctx, sharedKey{}, made)
	}}, func(ctx context.Context) *graphql.Response {
		found, _ = ctx.Value(sharedKey{}).(int)
		return &graphql.Response{Data: []byte(`{}`)}
	})
	for want := range 2 {
		sendQuery(s, `{ me { id } }`)
		if made != want+1 || found != want+1 {
			t.Errorf("made %d, found %d, want %d", made, found, want+1)
		}
		for _, refused := range []string{`{ me `, `{ nothing }`, `query($id: ID!) { node(id: $id) { id } }`} {
			sendQuery(s, refused)
		}
	}
}

// What is told of an operation are the schema's names, never a client's, and the codes that
// its answer has.
func TestObserve(t *testing.T) {
	var told []string
	answer := &graphql.Response{Data: []byte(`{}`)}
	s := fixedServer(t, Options{Observe: func(_ context.Context, field string, errs gqlerror.List) {
		line := field
		for _, err := range errs {
			line += fmt.Sprint(" ", err.Extensions["code"])
		}
		told = append(told, line)
	}}, func(context.Context) *graphql.Response { return answer })
	post := func(query string) func() {
		return func() { sendQuery(s, query) }
	}
	for _, tt := range []struct {
		name string
		send func()
		want string
	}{
		{"named", post(`query Theirs { mine: me { id } }`), "me"},
		{"several", post(`{ node(id: "1") { id } me { id } }`), "node"},
		{"the name of the type first", post(`{ __typename probe }`), "probe"},
		{"nothing else", post(`{ __typename }`), "__typename"},
		{"in fragments", post(`{ __typename ...A } fragment A on Query { ... { users { nodes { id } } } }`), "users"},
		{"mutation", post(`mutation { logout { user { id } } }`), "logout"},
		{"no GraphQL", post(`{ me `), " GRAPHQL_PARSE_FAILED"},
		{"not of the schema", post(`{ theirs }`), " GRAPHQL_VALIDATION_FAILED"},
		{"introspection is off", post(`{ __schema { types { name } } }`), " GRAPHQL_VALIDATION_FAILED"},
		{"a variable", post(`query ($id: ID!) { node(id: $id) { id } }`), "node BAD_USER_INPUT"},
		{"no JSON", func() { sendBody(s, `{`) }, " BAD_USER_INPUT"},
		{"no such operation", func() { sendBody(s, `{"query":"{ me { id } }","operationName":"Theirs"}`) }, " BAD_USER_INPUT"},
		{"a type", func() { sendBody(s, typename, "Content-Type", "text/plain") }, " BAD_USER_INPUT"},
		{"an answer's type", func() { sendBody(s, typename, "Accept", "text/html") }, " BAD_USER_INPUT"},
		{"a mutation by GET", func() {
			s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/graphql?query="+url.QueryEscape(`mutation { logout { user { id } } }`), nil))
		}, "logout BAD_USER_INPUT"},
		{"a method", func() { s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("PUT", "/graphql", nil)) }, " BAD_USER_INPUT"},
		{"an error", func() {
			answer = &graphql.Response{Data: []byte(`{}`), Errors: gqlerror.List{coded(gqlerror.Errorf("no"), "FORBIDDEN"), coded(gqlerror.Errorf("no"), "INTERNAL")}}
			sendQuery(s, `{ me { id } }`)
		}, "me FORBIDDEN INTERNAL"},
		{"a panic", func() {
			answer = nil
			sendQuery(s, `{ me { id } }`)
		}, "me INTERNAL"},
	} {
		told = nil
		if tt.send(); len(told) != 1 || told[0] != tt.want {
			t.Errorf("%s: told %q, want %q", tt.name, told, tt.want)
		}
	}
}

func TestNewNeeds(t *testing.T) {
	present := func(_ context.Context, err error) *gqlerror.Error { return gqlerror.Wrap(err) }
	panics := func(o Options) (panicked bool) {
		defer func() { panicked = recover() != nil }()
		New(fixedServer(t, Options{}, nil).es, o)
		return false
	}
	if !panics(Options{Present: present}) || !panics(Options{Recover: graphql.DefaultRecover}) {
		t.Error("a handler was made without Present or Recover")
	}
	if panics(Options{Present: present, Recover: graphql.DefaultRecover}) {
		t.Error("a handler with both was refused")
	}
}

func TestPanic_I6(t *testing.T) {
	s := fixedServer(t, Options{}, func(context.Context) *graphql.Response { panic("password hunter2") })
	w := sendQuery(s, `{ me { id } }`)
	if got := w.Body.String(); w.Code != http.StatusInternalServerError ||
		got != `{"errors":[{"message":"it broke","extensions":{"code":"INTERNAL"}}]}` {
		t.Errorf("got %d %s", w.Code, got)
	}
}
