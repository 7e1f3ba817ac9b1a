package graph_test

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
	"latchkey/internal/trace"
)

// An operation within a trace is a span, called by the schema's names alone, and so is each
// field that somebody is asked for; but of the rows of a list none has its own.
func TestSpans(t *testing.T) {
	t.Parallel()
	testenv.Each(t, func(t *testing.T, d db.DB) {
		gate := db.NewGate(d)
		gate.Open()
		f := setup(t, gate)
		ada := f.ada(t).Tokens.AccessToken
		admin := f.admin(t, "root1").Tokens.AccessToken
		for name, tt := range map[string]struct {
			query, bearer string
			want          string
		}{
			"fields": {`query Hunter2($id: ID!) { hunter2: me { id sessions { id } other: sessions { id } } user(id: $id) { username } }`, ada,
				"query me(Query.me(User.sessions(Sessions) User.sessions(Sessions) signedIn) Query.user(UserByID))"},
			"a list":     {`{ users { nodes { username sessions { id } } } }`, admin, "query users(Query.users(SessionsOf Users signedIn))"},
			"a mistake":  {`mutation { login(input: {login: "hunter2", password: "hunter2"}) { errors { code } } }`, "", "mutation login(Mutation.login(LoginCandidate RegistrationFor hash))"},
			"no field":   {`{ __typename }`, ada, "query __typename"},
			"not to run": {`{ hunter2 }`, ada, ""},
		} {
			t.Run(name, func(t *testing.T) {
				c, all := testenv.Traced(t, func(_ *trace.Tracer, span trace.Span) {
					body, err := json.Marshal(map[string]any{"query": tt.query, "variables": map[string]string{"id": "hunter2"}})
					if err != nil {
						t.Fatal(err)
					}
					r := httptest.NewRequestWithContext(span.In(t.Context()), "POST", "/graphql", bytes.NewReader(body))
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("Authorization", "Bearer "+tt.bearer)
					f.handler.ServeHTTP(httptest.NewRecorder(), r)
				})
				var tree func(s *testenv.Span) string
				tree = func(s *testenv.Span) string {
					var within []string
					for _, child := range c.Within(s) {
						within = append(within, tree(child))
					}
					if len(within) == 0 {
						return s.Name
					}
					slices.Sort(within) // fields are resolved at once
					return s.Name + "(" + strings.Join(within, " ") + ")"
				}
				if got := strings.TrimPrefix(tree(all), "all of it"); got != tt.want && got != "("+tt.want+")" {
					t.Errorf("got %s, want %s", got, tt.want)
				}
				if strings.Contains(strings.ToLower(c.Text()), "hunter2") {
					t.Errorf("the spans hold what a client sent: %s", c.Text())
				}
			})
		}
	})
}
