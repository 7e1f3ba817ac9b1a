package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// The fourteen questions that graphql-cop asks of a GraphQL server, each with the
// answer that it hopes for; but a query by GET is answered, since cookies play no part
// in it (TestQueriesLeaveCookies_I5).
func TestGraphQLCop_I1_I3_I4_I5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		production := secure(s)
		ask := func(query string) *testenv.Answer { return postQuery(t, s.URL(), query) }
		refused := func(name string, a *testenv.Answer) {
			t.Helper()
			mustRefuse(t, name, a, http.StatusOK, notValid)
		}
		status := func(name string, p page, want int) {
			t.Helper()
			mustRefuse(t, name, answered(p), want, badInput)
		}

		refused("alias overloading", ask("{ "+numbered(101, "alias%d: __typename ")+"}"))
		status("array-based batching", exchange(t, http.MethodPost, s.URL()+"/graphql",
			"["+strings.TrimSuffix(times(10, typenameBody+","), ",")+"]", "Content-Type", "application/json"), http.StatusBadRequest)
		refused("a circular fragment", ask("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"))
		refused("circular introspection", ask("{ __schema { types { "+times(6, "fields { type { ")+"name"+times(6, " } }")+" } } }"))
		refused("directive overloading", ask("{ __typename "+times(10, "@aa ")+"}"))
		refused("field duplication", ask("{ "+times(500, "__typename ")+"me { id } }"))
		if a := ask("{ mee { id } }"); production == strings.Contains(string(a.Body), "Did you mean") {
			t.Errorf("field suggestions: %s", a.Body)
		}
		status("a mutation by GET", exchange(t, http.MethodGet, s.URL()+"/graphql?query=mutation%7Blogout%7Berrors%7Bcode%7D%7D%7D", ""), http.StatusMethodNotAllowed)
		if p := exchange(t, http.MethodGet, s.URL()+"/graphql?query=%7B__typename%7D", ""); p.status != http.StatusOK || p.header.Get("Cache-Control") != "no-store" {
			t.Errorf("a query by GET: %d %s %v", p.status, p.body, p.header)
		}
		for _, path := range []string{"/", "/graphql", "/graphiql", "/playground", "/console", "/graphql/console", "/altair", "/v1/graphql", "/api/graphql"} {
			p := exchange(t, http.MethodGet, s.URL()+path, "", "Accept", "text/html")
			if found := strings.Contains(p.body, "<h1>Explorer</h1>"); found != (!production && path == "/") {
				t.Errorf("an explorer at %s: %v", path, found)
			}
		}
		if a := ask("{ __schema { types { name } } }"); production != (a.Code() == notValid) {
			t.Errorf("introspection: %s", cut(string(a.Body)))
		}
		status("POST of a form", exchange(t, http.MethodPost, s.URL()+"/graphql", "query=%7B__typename%7D", "Content-Type", "application/x-www-form-urlencoded"),
			http.StatusUnsupportedMediaType)
		if a := ask("{ __typename }"); strings.Contains(string(a.Body), "tracing") || strings.Contains(string(a.Body), "extensions") {
			t.Errorf("tracing: %s", a.Body)
		}
		if a := ask("qwerty { abc }"); a.Code() != "GRAPHQL_PARSE_FAILED" || strings.Contains(strings.ToLower(string(a.Body)), "exception") {
			t.Errorf("an error that nobody handles: %s", a.Body) // exchange looks for stacks
		}
	})
}
