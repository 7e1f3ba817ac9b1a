package e2e_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"latchkey/internal/testenv"
)

// The disk under SQLite is full, takes nothing or has become read-only: writes are
// UNAVAILABLE, reads go on, nothing is torn, and all is well when it is.
func TestDiskFull_R8(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(t *testing.T, s *testenv.Stack) (fill, free func()){
		"full":          smallDisk,
		"takes nothing": fileLimit,
		"read-only":     failingDisk,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testenv.NewEmbedded(t)
			fill, free := prepare(t, s)
			base := s.Replicas[0].URL
			ada, bob := s.Join(t), testenv.Newcomer()
			token := s.Register(t, bob)
			link := s.Mails(t, bob.Email)[0].Links[0]

			fill()
			for range 3 { // what was half written must not be in the way of the next
				mustBeUnavailable(t, base, map[string]testenv.Request{
					"login":    loginRequest(ada.Username, ada.Password, ada.Client),
					"refresh":  refreshRequest(ada.Refresh),
					"register": registerRequest(testenv.Newcomer()),
					"resend":   resendRequest(testenv.Address(), testenv.ClientAddress()),
					"confirm":  confirmRequest(token, "", bob.Client),
					"logout":   {Query: testenv.LogoutOp, Variables: testenv.Input("refreshToken", ada.Refresh)},
				})
				mustBe(t, base, ada.Access, ada.ID)
				if n := len(devices(t, base, ada.Access)); n != 1 {
					t.Errorf("%d devices, want 1", n)
				}
				browse(t, base, http.MethodGet, link).mustShow(t, http.StatusOK, bob.Username)
			}
			mustSay(t, testenv.Post(t, base, loginRequest(ada.Username, "wrong horse battery", ada.Client)), "login", "INVALID_CREDENTIALS")
			awaitReadiness(t, base, http.StatusOK, `"sqlite writes"`)
			if page, err := tryGet(base + "/livez"); err != nil || page.status != http.StatusOK {
				t.Errorf("/livez: %d, %v", page.status, err)
			}

			free()
			access, _ := refresh(t, base, ada.Refresh)
			mustBe(t, base, access, ada.ID)
			if a := testenv.Post(t, base, confirmRequest(token, "", bob.Client)); a.Payload(t, "confirmEmail").Tokens == nil {
				t.Errorf("confirmEmail: %s", a.Body)
			}
			if got := s.Login(t, ada); got.Tokens == nil {
				t.Errorf("login: %+v", got)
			}
			s.Join(t)
			awaitReadiness(t, base, http.StatusOK, "")
			mustBeIntact(t, s)
			if n := count(t, s, `SELECT count(*) FROM registrations`); n != 0 {
				t.Errorf("%d registrations are left of those that were UNAVAILABLE", n)
			}
			s.Restart(t, 0)
			mustBe(t, s.URL(), access, ada.ID)
		})
	}
}

// fileLimit starts the server; filled, no file of it can be written, whoever runs
// the test (RLIMIT_FSIZE).
func fileLimit(t *testing.T, s *testenv.Stack) (fill, free func()) {
	pid := s.Add(t).Pid()
	s.AwaitReady(t)
	limit := func(bytes uint64) func() {
		return func() {
			if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	return limit(0), limit(unix.RLIM_INFINITY)
}

// smallDisk starts the server with its data on a disk of 4 MiB; filled, there is
// not a byte left. Who may not mount one gets fileLimit.
func smallDisk(t *testing.T, s *testenv.Stack) (fill, free func()) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		t.Log("no right to mount: the limit on files stands in")
		return fileLimit(t, s)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s.Env = append(s.Env, "DATA_DIR="+dir)
	s.Add(t)
	s.AwaitReady(t)
	filler := filepath.Join(dir, "filler")
	fill = func() {
		f, err := os.Create(filler)
		if err != nil {
			t.Fatal(err)
		}
		for size := 64 << 10; size > 0; size /= 2 {
			for err = nil; err == nil; {
				_, err = f.Write(make([]byte, size))
			}
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil && !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	free = func() {
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	}
	return fill, free
}

// failingDisk starts the server with its data on a disk of its own; filled, the
// disk is read-only as after an error that its file system met, also for files
// that are open. Free again, it was repaired and the server started anew. Who may
// not mount one gets fileLimit.
func failingDisk(t *testing.T, s *testenv.Stack) (fill, free func()) {
	dir, image := t.TempDir(), filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 16<<20); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) error {
		out, err := exec.Command(name, args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w: %s", name, err, out)
		}
		return nil
	}
	mount := func() error { return run("mount", "-o", "loop", image, dir) }
	if err := errors.Join(run("mkfs.ext4", "-q", "-F", image), mount()); err != nil {
		t.Logf("the limit on files stands in for a disk: %v", err)
		return fileLimit(t, s)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s.Env = append(s.Env, "DATA_DIR="+dir)
	s.Add(t)
	s.AwaitReady(t)
	fill = func() {
		syncDisk(t, dir) // what is clean has to be asked for when it is written again
		if err := run("mount", "-o", "remount,abort", dir); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); !errors.Is(err, syscall.EROFS) {
			t.Fatalf("the disk is not read-only: %v", err)
		}
	}
	free = func() {
		s.Replicas[0].Kill()
		if err := run("umount", dir); err != nil {
			t.Fatal(err)
		}
		if err := mount(); err != nil {
			t.Fatal(err)
		}
		s.Restart(t, 0)
	}
	return fill, free
}

func syncDisk(t *testing.T, dir string) {
	t.Helper()
	d, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if err := unix.Syncfs(int(d.Fd())); err != nil {
		t.Fatal(err)
	}
}
