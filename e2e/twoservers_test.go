package e2e_test

import (
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// Two servers on one SQLite file work, and the second says what is wrong with that. Commands
// beside a server, and a server after one that was killed, say nothing of it.
func TestTwoServersOnSQLite(t *testing.T) {
	t.Parallel()
	const warning = "another server uses this database"
	s := testenv.Embedded(t, "PUBLIC_URL=http://localhost:8080")
	first := s.Replicas[0]
	ada := s.Join(t)
	second := s.AddIn(t, first.Dir)
	second.AwaitReady(t)
	mustBe(t, first.URL, ada.Access, ada.ID)
	mustBe(t, second.URL, ada.Access, ada.ID)
	if !strings.Contains(second.Log(), warning) || strings.Contains(first.Log(), warning) {
		t.Errorf("the first says\n%s\nthe second\n%s", first.Log(), second.Log())
	}
	if _, errOut, _ := shell(t, s, "", "user", "list"); strings.Contains(errOut, warning) {
		t.Errorf("a command says %s", errOut)
	}
	first.Kill()
	second.Kill()
	third := s.AddIn(t, first.Dir)
	third.AwaitReady(t)
	if strings.Contains(third.Log(), warning) {
		t.Errorf("alone, it says\n%s", third.Log())
	}
}
