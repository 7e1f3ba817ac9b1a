package gql

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// testSchema has a field, an argument and a type of each kind that is treated by itself.
const testSchema = `
directive @isAuthenticated on FIELD_DEFINITION

type Query {
  me: User @isAuthenticated
  node(id: ID!): Node
  users(first: Int, role: Role): UserConnection
  probe(int: Int, text: String, role: Role, in: [ProbeInput!]): String
}

type Mutation {
  login(input: LoginInput!): Payload
  logout(input: LogoutInput): Payload
}

interface Node { id: ID! }
type User implements Node { id: ID! username: String! role: Role! }
type UserConnection { nodes: [User!]! edges: [UserEdge!]! }
type UserEdge { node: User! }
type Payload { user: User errors: [UserError!]! }
type UserError { code: String! }

enum Role { USER ADMIN }
enum TokenTransport { BODY COOKIE }

input LoginInput { login: String! password: String! transport: TokenTransport! = BODY }
input LogoutInput { refreshToken: String }
input ProbeInput { int: Int roles: [Role!] }
`

// fixedSchema is a schema whose every operation has one answer: these tests are about what comes before.
type fixedSchema struct {
	schema *ast.Schema
	exec   func(context.Context) *graphql.Response
}

func (f fixedSchema) Schema() *ast.Schema { return f.schema }

func (f fixedSchema) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (f fixedSchema) Exec(context.Context) graphql.ResponseHandler { return f.exec }

func fixedServer(t testing.TB, o Options, exec func(context.Context) *graphql.Response) *server {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: testSchema})
	if err != nil {
		t.Fatal(err)
	}
	if exec == nil {
		exec = func(context.Context) *graphql.Response { return &graphql.Response{Data: []byte(`{"ran":true}`)} }
	}
	o.Present = func(_ context.Context, err error) *gqlerror.Error {
		return coded(gqlerror.Wrap(err), "INTERNAL")
	}
	o.Recover = func(context.Context, any) error { return errors.New("it broke") }
	return New(fixedSchema{schema, exec}, o).(*server)
}

// sendBody posts body as JSON, with headers given as name and value in turn.
func sendBody(s *server, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// sendQuery posts query without variables.
func sendQuery(s *server, query string) *httptest.ResponseRecorder {
	body, _ := json.Marshal(map[string]string{"query": query})
	return sendBody(s, string(body))
}

// codes returns the code of each error in an answer, and fails unless the answer has the shape of one: errors, each
// with a message and no extension but its code, or data.
func codes(t testing.TB, body []byte) (codes []string) {
	t.Helper()
	var answer struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Extensions map[string]any
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	for _, e := range answer.Errors {
		code, _ := e.Extensions["code"].(string)
		if e.Message == "" || code == "" || len(e.Extensions) != 1 {
			t.Errorf("an error without message or code: %s", body)
		}
		codes = append(codes, code)
	}
	if (answer.Data == nil) != (len(codes) > 0) || len(codes) > maxErrors {
		t.Errorf("data and errors do not fit: %s", body)
	}
	return codes
}

// wantOneError fails unless w is a 200 with one error of this code that says text.
func wantOneError(t *testing.T, w *httptest.ResponseRecorder, code, text string) {
	t.Helper()
	got := codes(t, w.Body.Bytes())
	if w.Code != http.StatusOK || len(got) != 1 || got[0] != code || !strings.Contains(w.Body.String(), text) {
		t.Errorf("got %d %s, want one %s that says %q", w.Code, w.Body, code, text)
	}
}
