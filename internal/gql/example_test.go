package gql_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"latchkey/internal/gql"
)

// greeter is a schema of one field. gqlgen generates such a type from a schema and resolvers.
type greeter struct{ schema *ast.Schema }

func (g greeter) Schema() *ast.Schema { return g.schema }

func (g greeter) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (g greeter) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	return func(context.Context) *graphql.Response {
		answer := map[string]string{}
		for _, f := range graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Query"}) {
			answer[f.Alias] = fmt.Sprintf("Hello, %v!", f.ArgumentMap(op.Variables)["name"])
		}
		data, err := json.Marshal(answer)
		if err != nil {
			panic(err)
		}
		return &graphql.Response{Data: data}
	}
}

// A handler answers by POST and queries by GET, and says in each error by a code what is wrong.
func ExampleNew() {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `type Query { hello(name: String!): String }`})
	handler := gql.New(greeter{schema}, gql.Options{
		Present: func(context.Context, error) *gqlerror.Error {
			return &gqlerror.Error{Message: "It failed.", Extensions: map[string]any{"code": "INTERNAL"}}
		},
		Recover: func(_ context.Context, p any) error { return fmt.Errorf("panic: a %T", p) },
	})

	send := func(method, parameters, body string) {
		r := httptest.NewRequest(method, "/graphql"+parameters, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body)
	}
	send(http.MethodPost, "", `{"query": "query($n: String!) { hello(name: $n) }", "variables": {"n": "Ada"}}`)
	send(http.MethodPost, "", `{"query": "query($n: String!) { hello(name: $n) }"}`)
	send(http.MethodPost, "", `{"query": "{ __schema { types { name } } }"}`)
	send(http.MethodGet, "?query={hello(name:%22Ada%22)}", "")
	send(http.MethodPut, "", "")

	// Output:
	// 200 {"data":{"hello":"Hello, Ada!"}}
	// 200 {"errors":[{"message":"Variable \"$n\" of required type \"String!\" was not provided.","locations":[{"line":1,"column":7}],"extensions":{"code":"BAD_USER_INPUT"}}]}
	// 200 {"errors":[{"message":"Introspection is off.","locations":[{"line":1,"column":1}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}
	// 200 {"data":{"hello":"Hello, Ada!"}}
	// 405 {"errors":[{"message":"GET and POST are taken here.","extensions":{"code":"BAD_USER_INPUT"}}]}
}
