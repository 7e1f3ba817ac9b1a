package e2e_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
	"latchkey/migrations"
)

// What docs/backup.md says: taken while the service runs, and restored
// elsewhere with the secret that belongs to it, everybody of then can log in, and who was
// logged in still is.
func TestBackup_O7(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		s := testenv.Embedded(t)
		ada, dir := s.Join(t), t.TempDir()
		file := filepath.Join(dir, "backup.db")
		mustPrint(t, s, "", 0, []string{"whole and on the disk"}, "backup", file)
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the backup: %v, %v", info.Mode(), err)
		}
		secret, err := os.ReadFile(filepath.Join(s.Replicas[0].Dir, "data", "secret"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "secret"), secret, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, errOut, code := testenv.Command(t, dir, "", []string{"DATA_DIR=" + dir}, "restore", file); code != 0 {
			t.Fatalf("restore: exit code %d\n%s%s", code, out, errOut)
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

// What is no good backup, and what stands in the way, is refused, and everything stays as it
// was. What was there before a restore stays under another name.
func TestRestoreRefuses_O7(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t)
	ada, dir := s.Join(t), t.TempDir()
	data := filepath.Join(s.Replicas[0].Dir, "data")
	file := func(name string) string { return filepath.Join(dir, name) }
	good := file("good.db")
	mustPrint(t, s, "", 0, nil, "backup", good)
	mustPrint(t, s, "", 1, []string{"file already exists"}, "backup", good)
	bob := s.Join(t)
	mustPrint(t, s, "", 1, []string{"stop the service first"}, "restore", good)
	mustBe(t, s.URL(), bob.Access, bob.ID)

	copyOf := func(from, name string, keep int) string { // the first so many bytes; all for 0
		t.Helper()
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if keep == 0 {
			keep = len(b)
		}
		if err := os.WriteFile(file(name), b[:keep], 0o600); err != nil {
			t.Fatal(err)
		}
		return file(name)
	}
	open, err := db.OpenSQLite(file("open.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(t.Context(), open, migrations.Postgres, migrations.SQLite); err != nil {
		t.Fatal(err)
	}
	bare := copyOf(file("open.db"), "bare.db", 0) // without the log, in which everything is
	open.Close()
	newer := copyOf(good, "newer.db", 0)
	d, err := db.OpenSQLite(newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`); err != nil {
		t.Fatal(err)
	}
	d.Close()
	s.Replicas[0].Kill()
	before := files(t, data)
	for name, what := range map[string]struct{ file, says string }{
		"a text": {copyOf("backup_test.go", "text.db", 0), "no whole SQLite database"}, "half of one": {copyOf(good, "half.db", 100<<10), "no whole SQLite database"},
		"a bare copy": {bare, "without its log"}, "a newer one": {newer, "newer version"}, "no file": {file("none.db"), "no such file"}, "a folder": {dir, ""},
	} {
		out, errOut, code := shell(t, s, "", "restore", what.file)
		if code != 1 || !strings.Contains(errOut, what.says) {
			t.Errorf("%s: exit code %d\n%s%s", name, code, out, errOut)
		}
		if after := files(t, data); !maps.Equal(after, before) {
			t.Errorf("%s: %v, before it %v", name, after, before)
		}
	}
	mustPrint(t, s, "", 0, []string{"latchkey.db.before-", "1 session ended", "user delete --ids"}, "restore", good, "--end-sessions")
	if old, err := filepath.Glob(filepath.Join(data, "latchkey.db.before-*Z")); err != nil || len(old) != 1 {
		t.Errorf("the database of before: %v, %v", old, err)
	}
	s.Restart(t, 0)
	mustFail(t, "me", testenv.Post(t, s.URL(), testenv.Request{Query: testenv.MeOp, Bearer: ada.Access}), "UNAUTHENTICATED", "REVOKED")
	if got := s.Login(t, ada); got.Tokens == nil {
		t.Errorf("login: %+v", got)
	}
}

// files returns what lies in a folder, by name, as sums of the contents.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = fmt.Sprintf("%x", sha256.Sum256(b))
	}
	return all
}

// An operator logs everybody out, or whoever logged in before a time.
func TestRevokeAllSessions_E5(t *testing.T) {
	t.Parallel()
	for name, settings := range onSQL { // servers of its own: it logs everybody out
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testenv.NewProduction(t, settings...)
			s.Add(t)
			s.AwaitReady(t)
			eve := s.Join(t)
			between := time.Now().UTC().Add(time.Millisecond).Format(time.RFC3339Nano) // their ids tell milliseconds apart
			ada, bob := s.Join(t), s.Join(t)
			began := time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)
			mustPrint(t, s, "", 2, []string{"--all"}, "sessions", "revoke")
			mustPrint(t, s, "", 2, []string{"--before is a time"}, "sessions", "revoke", "--all", "--before", "yesterday")
			mustPrint(t, s, "", 0, []string{"0 sessions ended"}, "sessions", "revoke", "--all", "--before", began)
			mustBe(t, s.URL(), ada.Access, ada.ID)
			mustPrint(t, s, "", 0, []string{"1 session ended"}, "sessions", "revoke", "--all", "--before", between)
			mustFail(t, "me", testenv.Post(t, s.URL(), testenv.Request{Query: testenv.MeOp, Bearer: eve.Access}), "UNAUTHENTICATED", "REVOKED")
			mustBe(t, s.URL(), ada.Access, ada.ID)
			mustPrint(t, s, "", 0, []string{"2 sessions ended"}, "sessions", "revoke", "--all")
			for _, p := range []*testenv.Person{ada, bob} {
				mustFail(t, "me", testenv.Post(t, s.URL(), testenv.Request{Query: testenv.MeOp, Bearer: p.Access}), "UNAUTHENTICATED", "REVOKED")
				if got := s.Login(t, p); got.Tokens == nil {
					t.Errorf("login: %+v", got)
				}
			}
		})
	}
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
