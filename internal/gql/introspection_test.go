package gql

import (
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// shows counts the fields that text asks of the test schema.
func shows(t testing.TB, text string) int {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: testSchema})
	if err != nil {
		t.Fatal(err)
	}
	doc, parseErr := parse(text)
	if parseErr != nil {
		t.Fatal(parseErr)
	}
	const most = 1 << 20
	c := newCensus(schema, doc, most)
	c.document(doc)
	return most - c.left
}

// Fields count as often as they are answered, and what a list leads to as well.
func TestCensus_I3(t *testing.T) {
	for text, want := range map[string]int{
		`{ me { id } }`:                                                                                    0,
		`{ __schema { __typename } }`:                                                                      1,
		`{ __schema { queryType { name } } }`:                                                              3, // queryType, the type, its name
		`{ __schema { q: queryType { name } queryType { name } } }`:                                        6,
		`{ __schema { subscriptionType { name } } }`:                                                       1, // there is none
		`{ __type(name: "User") { name } }`:                                                                1,
		`{ __type(name: "User") { fields { name } } }`:                                                     7,  // id, username and role
		`{ __type(name: "Query") { fields { name } } }`:                                                    21, // six fields, two of them of introspection, with eight arguments
		`{ __type(name: "Role") { enumValues { name } fields { name } } }`:                                 6,
		`{ __type(name: "LoginInput") { inputFields { name } fields { name } } }`:                          8,
		`{ __type(name: "Node") { possibleTypes { name } } }`:                                              3,
		`{ __type(name: "User") { interfaces { name } } }`:                                                 3,
		`{ __type(name: "Nobody") { name } }`:                                                              0,
		`{ __type(name: "UserConnection") { fields { type { ofType { ofType { ofType { name } } } } } } }`: 1 + 2*10,
		`{ __type(name: "User") { ...f } } fragment f on __Type { ... { name } name }`:                     4,
		`query A { __type(name: "User") { name } } query B { __type(name: "User") { name } }`:              2,
		`{ ...f } fragment f on Query { __type(name: "User") { name } }`:                                   1,
		`{ me { ... { __type(name: "User") { name } } } }`:                                                 1,
	} {
		if got := shows(t, text); got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
	one, any := shows(t, `{ __schema { types { name } } }`), shows(t, `query ($n: String!) { __type(name: $n) { name } }`)
	if one != 2*any+1 {
		t.Errorf("all types by a variable: %d, all by a list: %d", any, one)
	}
}

// Tools ask for everything at once; no document has much more, and none keeps the
// count busy.
func TestIntrospectionCost_I3(t *testing.T) {
	s := fixedServer(t, Options{Introspection: true}, nil)
	full := introspection.NewQuery(introspection.QueryOptions{OneOf: true})
	cyclic := `{ __schema { types { ...f } } } fragment f on __Type { ...f ...f }`
	for _, query := range []string{full, introspection.Query, `{ __schema { types { name fields { name } } } }`} {
		if got := codes(t, sendQuery(s, query).Body.Bytes()); len(got) != 0 {
			t.Errorf("%s: got %v", query, got)
		}
	}
	for _, query := range []string{
		`{ __schema { ` + aliased(14, "types { name fields { name type { name fields { name } } } }") + `} }`,
		`{ __schema { types { ...f0 } } }` + strings.ReplaceAll(chain(30, "NEXT NEXT", "name"), "User", "__Type"),
		`{ __schema { types { ...f0 } } }` + strings.ReplaceAll(chain(30, "ofType { NEXT } NEXT NEXT", "name"), "User", "__Type"),
		cyclic,
		`{ me { id } ` + strings.Repeat("__schema { types { name kind description } } ", 80) + `}`,
	} {
		wantOneError(t, sendQuery(s, query), "GRAPHQL_VALIDATION_FAILED", "cost limit of introspection")
	}
	wantOneError(t, sendQuery(fixedServer(t, Options{}, nil), cyclic), "GRAPHQL_VALIDATION_FAILED", "Introspection is off.")
}
