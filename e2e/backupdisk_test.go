package e2e_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
)

// Where there is no room, neither a backup nor a restore leaves anything, and everything
// stays as it was.
func TestNoRoomForBackup_O7(t *testing.T) {
	t.Parallel()
	s := testenv.NewEmbedded(t)
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=1m"); errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		t.Skip("no right to mount")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(small, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s.Add(t)
	s.AwaitReady(t)
	ada, good := s.Join(t), filepath.Join(t.TempDir(), "good.db")
	mustPrint(t, s, "", 0, nil, "backup", good)

	filler := filepath.Join(small, "filler")
	if err := os.WriteFile(filler, make([]byte, 900<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	before := files(t, small)
	mustPrint(t, s, "", 1, []string{"disk is full"}, "backup", filepath.Join(small, "backup.db"))
	if after := files(t, small); !maps.Equal(after, before) {
		t.Errorf("a backup without room leaves %v", after)
	}
	mustBe(t, s.URL(), ada.Access, ada.ID)

	out, errOut, code := testenv.Command(t, t.TempDir(), "", []string{"DATA_DIR=" + small}, "restore", good)
	if after := files(t, small); code != 1 || !maps.Equal(after, before) {
		t.Errorf("a restore without room: exit code %d\n%s%s%v", code, out, errOut, after)
	}
}

// A large database is backed up beside five writes a second: it ends, no write fails, and
// none waits for it longer than a second. Restored, it is whole, and each device that was
// logged in when it was made goes on, also with what it got since.
func TestBackupUnderLoad_O7(t *testing.T) {
	t.Parallel()
	megabytes := testenv.Repeats(t, 4, 400)
	s := testenv.Embedded(t)
	data := filepath.Join(s.Replicas[0].Dir, "data")
	fillTo(t, s, filepath.Join(data, "latchkey.db"), int64(megabytes)<<20)
	devices := make([]*testenv.Person, 5)
	for i := range devices {
		devices[i] = s.Join(t)
	}
	old := make([]string, len(devices)) // their tokens before the backup
	for i, p := range devices {
		old[i] = p.Refresh
	}

	stop, took := make(chan struct{}), make([]time.Duration, 0, 1000)
	var writes sync.WaitGroup
	var mu sync.Mutex
	for _, p := range devices { // each writes once a second
		writes.Go(func() {
			for tick := time.NewTicker(time.Second); ; {
				began := time.Now()
				a, err := testenv.TryPost(s.URL(), refreshRequest(p.Refresh))
				if err != nil || a.Payload(t, "refresh").Tokens == nil {
					t.Errorf("a refresh beside the backup: %v, %+v", err, a)
					return
				}
				p.Refresh = a.Payload(t, "refresh").Tokens.RefreshToken
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
				select {
				case <-stop:
					return
				case <-tick.C:
				}
			}
		})
	}
	file := filepath.Join(t.TempDir(), "backup.db")
	began := time.Now()
	mustPrint(t, s, "", 0, []string{"whole and on the disk"}, "backup", file)
	lasted := time.Since(began)
	written := func() int { mu.Lock(); defer mu.Unlock(); return len(took) }
	behind := written() + 2*len(devices)
	testenv.Await(t, patience, "writes behind the backup", func() bool { return written() >= behind })
	close(stop)
	writes.Wait()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	slowest := slices.Max(took)
	t.Logf("%d bytes in %v, beside %d writes of which the slowest took %v", info.Size(), lasted, len(took), slowest)
	if lasted > time.Minute {
		t.Errorf("the backup took %v, want a minute at most", lasted)
	}
	if slowest > time.Second {
		t.Errorf("a write took %v beside the backup, want a second at most", slowest)
	}
	if info.Size() < int64(megabytes)<<20*3/4 {
		t.Errorf("the database has %d bytes, want about %d MB", info.Size(), megabytes)
	}

	dir := t.TempDir()
	secret, err := os.ReadFile(filepath.Join(data, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret"), secret, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, errOut, code := testenv.Command(t, dir, "", []string{"DATA_DIR=" + dir}, "restore", file); code != 0 {
		t.Fatalf("restore: exit code %d\n%s%s", code, out, errOut)
	}
	restored := testenv.Embedded(t, "DATA_DIR="+dir)
	if err := db.CheckSQLite(t.Context(), file); err != nil {
		t.Error(err)
	}
	for i, p := range devices {
		if i%2 == 0 {
			refresh(t, restored.URL(), p.Refresh) // newer than the backup
		} else {
			refresh(t, restored.URL(), old[i]) // of before it; newer ones follow
		}
	}
}

// fillTo has a database grow to so many bytes, by accounts as there may be.
func fillTo(t *testing.T, s *testenv.Stack, file string, size int64) {
	t.Helper()
	const some = 2000
	for from := 0; ; from += some {
		if info, err := os.Stat(file); err != nil {
			t.Fatal(err)
		} else if info.Size() >= size {
			return
		}
		numbers := fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d) `, from, from+some-1)
		var stmts []db.Stmt
		for _, into := range []string{
			`users (id, email, email_key, username, password_hash, role, security_version, created_at, updated_at)
				SELECT 'u' || i, hex(randomblob(8)) || i || '@example.org', hex(randomblob(8)) || i || '@example.org', 'n' || i, hex(randomblob(48)), 'USER', 1, i, i FROM n`,
			`usernames (key, user_id, look) SELECT 'n' || i, 'u' || i, 'n' || i FROM n`,
			`sessions (id, user_id, client_id, device_name, refresh_key, generation, rotations, created_at, last_used_at, expires_at, ends_at)
				SELECT 's' || i, 'u' || i, 'c', 'Firefox on Linux', randomblob(32), 1, randomblob(32), i, i, 4000000000000000, 4000000000000000 FROM n`,
			`security_events (id, at, kind, outcome, user_id, actor_kind, way, details, count)
				SELECT 'e' || i || j, 4000000000000000 - i, 'LOGIN', 'SUCCESS', 'u' || i, 'USER', 'API', '{}', 1 FROM n, (SELECT 1 AS j UNION ALL SELECT 2 UNION ALL SELECT 3)`,
		} {
			stmts = append(stmts, db.Stmt{SQL: numbers + `INSERT INTO ` + into})
		}
		if _, err := s.DB(t).Batch(t.Context(), stmts...); err != nil {
			t.Fatal(err)
		}
	}
}
