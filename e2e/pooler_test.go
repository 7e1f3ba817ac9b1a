package e2e_test

import (
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// Three replicas that start at once behind PgBouncer in transaction mode serve as
// any others do, with one parameter in the URL. Without it the doctor names it.
func TestPooler_R1_R6(t *testing.T) {
	t.Parallel()
	direct := testenv.PostgresURL(t)
	s := testenv.NewProduction(t, "DATABASE_URL="+testenv.Pooled(t, direct)+"&default_query_exec_mode=exec")
	for range 3 {
		s.Add(t)
	}
	s.AwaitReady(t)
	if n := strings.Count(s.Log(), "database migrated"); n != 1 {
		t.Errorf("%d replicas migrated, want one", n)
	}
	makeAdmin(t, s)
	ada := s.Join(t)
	for _, p := range s.Replicas {
		if got := s.Login(t, ada); got.Tokens == nil {
			t.Errorf("login: %+v", got)
		}
		ada.Access, ada.Refresh = refresh(t, p.URL, ada.Refresh)
		mustBe(t, p.URL, ada.Access, ada.ID)
	}
	token := testenv.LinkToken(t, linksOf(t, s, ada)["set"])
	mustSay(t, testenv.Post(t, s.URL(), asking("resetPassword", "", ada.Client, "token", token, "newPassword", "yet another horse")), "resetPassword")
	ada.Password = "yet another horse"
	if got := s.Login(t, ada); got.Tokens == nil {
		t.Errorf("login after the reset: %+v", got)
	}
	for line := range strings.Lines(s.Log()) {
		early := strings.Contains(line, `"/readyz"`) // which says so until the replica is ready
		for _, no := range []string{`"internal error"`, `"internal"`, `"unavailable"`} {
			if !early && strings.Contains(line, no) {
				t.Errorf("the log has %s", line)
			}
		}
	}
	got, all := examine(t, s, t.TempDir())
	if got["database"] != "ok" {
		t.Errorf("doctor: %+v", all)
	}
	s.Env = append(s.Env, "DATABASE_URL="+testenv.Pooled(t, direct))
	got, all = examine(t, s, t.TempDir())
	if got["database"] != "fail" || !says(all, "database", "add default_query_exec_mode=exec to DATABASE_URL") {
		t.Errorf("doctor: %+v", all)
	}
}
