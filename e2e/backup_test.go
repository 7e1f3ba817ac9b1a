package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"latchkey/internal/testenv"
)

// What docs/operations.md says of backups: taken while the service runs, and restored
// elsewhere with the secret that belongs to it, everybody of then can log in, and who was
// logged in still is.
func TestBackup_R4(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		s := testenv.Embedded(t)
		ada, dir := s.Join(t), t.TempDir()
		// By Query, which is no write to the database and shares no transaction with one.
		rows, err := s.DB(t).Query(t.Context(), `VACUUM INTO $1`, filepath.Join(dir, "latchkey.db"))
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
		}
		if rows.Close(); rows.Err() != nil {
			t.Fatal(rows.Err())
		}
		secret, err := os.ReadFile(filepath.Join(s.Replicas[0].Dir, "data", "secret"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "secret"), secret, 0o600); err != nil {
			t.Fatal(err)
		}
		mustGoOn(t, s, testenv.Embedded(t, "DATA_DIR="+dir), ada)
	})
	t.Run("postgresql", func(t *testing.T) {
		t.Parallel()
		s := testenv.NewProduction(t)
		s.Add(t)
		s.AwaitReady(t)
		ada, file, other := s.Join(t), filepath.Join(t.TempDir(), "latchkey.dump"), testenv.PostgresURL(t)
		postgres(t, "pg_dump", "--format=custom", "--file="+file, s.Setting("DATABASE_URL"))
		postgres(t, "pg_restore", "--no-owner", "--dbname="+other, file)
		restored := testenv.NewProduction(t, "DATABASE_URL="+other, "SECRET_KEY="+s.Setting("SECRET_KEY"))
		restored.Add(t)
		restored.AwaitReady(t)
		mustGoOn(t, s, restored, ada)
	})
}

// mustGoOn has somebody who was there when the backup was made go on with the restored
// service, where nobody is who came later.
func mustGoOn(t *testing.T, s, restored *testenv.Stack, ada *testenv.Person) {
	t.Helper()
	bob := s.Join(t)
	ada.Access, ada.Refresh = refresh(t, restored.URL(), ada.Refresh)
	mustBe(t, restored.URL(), ada.Access, ada.ID)
	if got := restored.Login(t, ada); got.Tokens == nil {
		t.Errorf("login: %+v", got)
	}
	a := testenv.Post(t, restored.URL(), loginRequest(bob.Username, bob.Password, bob.Client))
	if got := a.Payload(t, "login"); len(got.Errors) != 1 || got.Errors[0].Code != "INVALID_CREDENTIALS" {
		t.Errorf("who came later: %s", a.Body)
	}
}

// postgres runs one of PostgreSQL's own programs.
func postgres(t *testing.T, program string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
		if len(found) == 0 {
			t.Fatal(err)
		}
		path = found[0]
	}
	if out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}
