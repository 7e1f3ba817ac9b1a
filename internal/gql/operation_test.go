package gql

import (
	"context"
	"net/http"
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
