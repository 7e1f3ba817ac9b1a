package e2e_test

import (
	"strings"
	"testing"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
)

// A user who may make no tables, as none may in public since PostgreSQL 15, is
// told which right is missing, by migrate, by the start and by the doctor.
func TestNoRights_R1(t *testing.T) {
	t.Parallel()
	direct := testenv.PostgresURL(t)
	role, roleURL := testenv.Role(t, direct)
	s := testenv.NewProduction(t, "DATABASE_URL="+roleURL)
	grant := "GRANT USAGE, CREATE ON SCHEMA public TO " + role
	p := s.Add(t)
	if code := p.Wait(t, answerWithin*5); code != 1 || !strings.Contains(p.Log(), grant) {
		t.Errorf("the start: exit code %d, want 1 and %q:\n%s", code, grant, p.Log())
	}
	mustPrint(t, s, "", 1, []string{"this user lacks a privilege (42501)", grant}, "migrate")
	got, all := examine(t, s, t.TempDir())
	advised := false
	for _, f := range all {
		advised = advised || f.Verdict == "fail" && strings.Contains(f.Advice, grant)
	}
	if got["database"] != "fail" || !advised {
		t.Errorf("doctor: %+v", all)
	}
	admin, err := db.OpenPostgres(t.Context(), direct)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.Exec(t.Context(), grant); err != nil {
		t.Fatal(err)
	}
	mustPrint(t, s, "", 0, []string{"the database is up to date"}, "migrate")
	s.Restart(t, 0)
	s.Join(t)
}
