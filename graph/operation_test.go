package graph

import (
	"context"
	"net/http"
	"testing"

	"github.com/99designs/gqlgen/graphql"
)

func TestOperationName(t *testing.T) {
	s := fixedServer(t, serverOptions{}, nil)
	two := `"query":"query A { me { id } } query B { me { id } }"`
	if w := sendBody(s, `{`+two+`,"operationName":"B"}`); len(codes(t, w.Body.Bytes())) != 0 {
		t.Errorf("B: got %s", w.Body)
	}
	for _, name := range []string{``, `,"operationName":"C"`, `,"operationName":null`, `,"operationName":""`} {
		wantOneError(t, sendBody(s, `{`+two+name+`}`), "BAD_USER_INPUT", "operationName")
	}
}

func TestPanic_I6(t *testing.T) {
	s := fixedServer(t, serverOptions{}, func(context.Context) *graphql.Response { panic("password hunter2") })
	w := sendQuery(s, `{ me { id } }`)
	if got := w.Body.String(); w.Code != http.StatusInternalServerError ||
		got != `{"errors":[{"message":"it broke","extensions":{"code":"INTERNAL"}}]}` {
		t.Errorf("got %d %s", w.Code, got)
	}
}
