package graph_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
)

// How much garbage an operation leaves, which decides how fast it is as well. The bounds
// are what was reached and a tenth, for what differs between runs and under the race
// detector: raise one with a reason only. A login's hash is a cheap one here; elsewhere its
// memory is that of another process.
func TestAllocations(t *testing.T) {
	for _, d := range []db.DB{testenv.SQLite(t), testenv.Postgres(t)} { // one after the other: others would count too
		f := setup(t, d)
		l := f.ada(t)
		bearer := []string{"Authorization", "Bearer " + l.Tokens.AccessToken}
		admin := []string{"Authorization", "Bearer " + f.admin(t, "root1").Tokens.AccessToken}
		f.admin(t, "eve")
		operation := func(query string, variables map[string]any) []byte {
			body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
			if err != nil {
				t.Fatal(err)
			}
			return body
		}
		static := func(query string) func() []byte {
			body := operation(query, nil)
			return func() []byte { return body }
		}
		login := operation(`mutation ($p: String!) { login(input: {login: "ada", password: $p}) { user { email } tokens { accessToken } errors { code } } }`,
			map[string]any{"p": "correct horse battery"})
		var answer bytes.Buffer
		refreshing := operation(`mutation ($t: String) { refresh(input: {refreshToken: $t}) { user { email } tokens { accessToken refreshToken } errors { code } } }`,
			map[string]any{"t": *l.Tokens.RefreshToken})
		refresh := func() []byte { // with the token of the last answer in its place
			if next := tokenIn(answer.Bytes()); next != nil {
				copy(tokenIn(refreshing), next)
			}
			return refreshing
		}
		for _, tt := range []struct {
			name         string
			body         func() []byte
			header       []string
			sqlite, pgsq float64
		}{
			{"nothing", static(`{ __typename }`), nil, 66, 66},
			{"me", static(`{ me { id username email } }`), bearer, 290, 215},
			{"me with sessions", static(`{ me { id sessions { id current deviceName } } }`), bearer, 440, 315},
			{"refresh", refresh, nil, 545, 412},
			{"users", static(`{ users { nodes { id username email role } pageInfo { endCursor } } }`), admin, 695, 555},
			{"users with sessions", static(`{ users { nodes { id username sessions { id current } } totalCount } }`), admin, 1000, 765},
			{"login", func() []byte { return login }, nil, 1035, 855},
		} {
			got := testing.AllocsPerRun(100, func() {
				r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(tt.body()))
				r.Header.Set("Content-Type", "application/json")
				if tt.header != nil {
					r.Header.Set(tt.header[0], tt.header[1])
				}
				answer.Reset()
				f.handler.ServeHTTP(writer{&answer}, r)
			})
			if bytes.Contains(answer.Bytes(), []byte(`"code"`)) {
				t.Fatalf("%s on %s: %s", tt.name, d.Dialect(), &answer)
			}
			most := tt.sqlite
			if d.Dialect() == db.PostgreSQL {
				most = tt.pgsq
			}
			t.Logf("%s on %s: %.0f allocations", tt.name, d.Dialect(), got)
			if got > most {
				t.Errorf("%s on %s: %.0f allocations, want at most %.0f", tt.name, d.Dialect(), got, most)
			}
		}
	}
}

// tokenIn is where in a text a refresh token stands, or nil.
func tokenIn(text []byte) []byte {
	begins := bytes.Index(text, []byte("lkr_"))
	if begins < 0 {
		return nil
	}
	return text[begins : begins+bytes.IndexByte(text[begins:], '"')]
}

// writer keeps the body of an answer alone.
type writer struct{ *bytes.Buffer }

func (writer) Header() http.Header { return http.Header{} }
func (writer) WriteHeader(int)     {}
