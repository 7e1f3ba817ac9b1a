package e2e_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// The GraphQL clients that frontends use work as they come: urql and Apollo, as many
// set it up, send queries by GET, and all of them mutations by POST.
func TestGraphQLClients_I2(t *testing.T) {
	t.Parallel()
	node, script := testenv.Need(t, "TEST_NODE"), filepath.Join(testenv.Need(t, "TEST_E2E"), "clients.mjs")
	want := map[string]struct{ method, refused string }{
		"urql": {"GET", "UNAUTHENTICATED"}, "Apollo": {"GET", "UNAUTHENTICATED"}, "graphql-request": {"POST", "UNAUTHENTICATED"}, "Relay": {"POST", "me is null"},
	}
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		out, err := exec.CommandContext(t.Context(), node, script, s.URL()+"/graphql", ada.Username, ada.Password).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		worked := 0
		for line := range strings.Lines(string(out)) {
			var c struct {
				Name, Username, Refused string
				Methods                 []string
				Other                   any
			}
			if err := json.Unmarshal([]byte(line), &c); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			w := want[c.Name]
			if !slices.Equal(c.Methods, []string{"POST", w.method, w.method}) || c.Username != ada.Username || c.Other != nil || c.Refused != w.refused {
				t.Errorf("%s: %s", c.Name, line)
			}
			worked++
		}
		if worked != len(want) {
			t.Errorf("%d clients worked: %s", worked, out)
		}
	})
}
