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
// detector: raise one with a reason only. Hashing is left out, whose memory is its own
// process's.
func TestAllocations(t *testing.T) {
	for _, d := range []db.DB{testenv.SQLite(t), testenv.Postgres(t)} { // one after the other: others would count too
		f := setup(t, d)
		l := f.ada(t)
		bearer := []string{"Authorization", "Bearer " + l.Tokens.AccessToken}
		admin := []string{"Authorization", "Bearer " + f.admin(t, "root1").Tokens.AccessToken}
		f.admin(t, "eve")
		for _, tt := range []struct {
			name, query  string
			header       []string
			sqlite, pgsq float64
		}{
			{"nothing", `{ __typename }`, nil, 70, 70},
			{"me", `{ me { id username email } }`, bearer, 295, 225},
			{"me with sessions", `{ me { id sessions { id current deviceName } } }`, bearer, 440, 320},
			{"users", `{ users { nodes { id username email role } pageInfo { endCursor } } }`, admin, 700, 570},
		} {
			body, err := json.Marshal(map[string]any{"query": tt.query})
			if err != nil {
				t.Fatal(err)
			}
			got := testing.AllocsPerRun(200, func() {
				r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				if tt.header != nil {
					r.Header.Set(tt.header[0], tt.header[1])
				}
				f.handler.ServeHTTP(silent{}, r)
			})
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

// silent throws an answer away.
type silent struct{}

func (silent) Header() http.Header         { return http.Header{} }
func (silent) Write(b []byte) (int, error) { return len(b), nil }
func (silent) WriteHeader(int)             {}
