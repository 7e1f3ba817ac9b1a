package e2e_test

import (
	"crypto/rand"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// The unit of deploy/ is what systemd takes without a word, exposes little, and lets the
// processes that hash give way to requests.
func TestSystemdUnit_O6(t *testing.T) {
	t.Parallel()
	const program = "/usr/local/bin/latchkey"
	file := filepath.Join(t.TempDir(), "latchkey.service")
	here := filepath.Join(filepath.Dir(file), "latchkey")
	testenv.Link(t, here)
	unit := deployFile(t, "systemd/latchkey.service", "ExecStart="+program, "ExecStart="+here)
	if err := os.WriteFile(file, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	analyze := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "systemd-analyze", append(args, "--no-pager")...).CombinedOutput()
		if err != nil {
			t.Errorf("systemd-analyze %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if said := analyze("verify", file); said != "" {
		t.Errorf("verify: %s", said)
	}
	analyze("security", "--offline=true", "--threshold=20", file) // 2.0 of 10

	allowed, sets := map[string]bool{}, analyze("syscall-filter")
	for _, m := range regexp.MustCompile(`(?m)^SystemCallFilter=(~?)(.+)$`).FindAllStringSubmatch(unit, -1) {
		for _, name := range strings.Fields(m[2]) {
			for _, call := range callsIn(sets, name) {
				allowed[call] = m[1] == ""
			}
		}
	}
	// Those of the program on Linux that a guide to systemd would have forbidden, and some
	// that show that the sets were read.
	for _, call := range []string{"sched_setattr", "getpriority", "setsid", "close_range", "prlimit64", "openat", "execve", "fsync", "ftruncate"} {
		if !allowed[call] {
			t.Errorf("the unit forbids %s", call)
		}
	}
	for _, call := range []string{"setpriority", "sched_setscheduler", "mount", "ptrace", "chown", "setuid"} {
		if allowed[call] {
			t.Errorf("the unit allows %s", call)
		}
	}
}

// The service starts on the settings of deploy/, as .env in the folder where it runs, with
// its secrets in files of mode 0440, and has nothing to warn of; so do commands there.
func TestSystemdSettings_O6(t *testing.T) {
	t.Parallel()
	mail, dir, data, url := testenv.Mailpit(t), t.TempDir(), t.TempDir(), testenv.MigratedURL(t)
	host, port, _ := strings.Cut(mail.SMTP, ":")
	settings := deployFile(t, "systemd/latchkey.env",
		"DATABASE_URL=postgres:///latchkey?host=/var/run/postgresql", "DATABASE_URL='"+url+"'", "REDIS_URL=redis://127.0.0.1:6379/0", "REDIS_URL="+testenv.Need(t, "TEST_REDIS"),
		"DATA_DIR=/var/lib/latchkey", "DATA_DIR="+data, "=/etc/latchkey/", "="+dir+"/",
		"MAIL_SERVER=smtp.example.org", "MAIL_SERVER="+host+"\nMAIL_PORT="+port, "MAIL_USERNAME=latchkey", "MAIL_USERNAME="+mail.User)
	for name, file := range map[string]string{".env": settings, "secret_key": rand.Text() + rand.Text() + "\n", "mail_password": mail.Password} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(file), 0o600), os.Chmod(path, 0o440)); err != nil {
			t.Fatal(err)
		}
	}
	s := testenv.Start(t, dir, "SSL_CERT_FILE="+mail.CA)
	if log := s.Log(); strings.Contains(log, `"level":"warn"`) {
		t.Errorf("it warns: %s", log)
	}
	out, said, code := testenv.Command(t, dir, "", nil, "admin-link")
	if code != 0 || !strings.HasPrefix(out, "https://auth.example.org/") {
		t.Errorf("admin-link: %d, %q, %s", code, out, said)
	}
	out, _, _ = testenv.Command(t, dir, "", []string{"SSL_CERT_FILE=" + mail.CA}, "doctor", "--json")
	for _, check := range []string{"configuration", "database", "redis", "mail", "proxies"} {
		if !regexp.MustCompile(`"check":"` + check + `","verdict":"ok"`).MatchString(out) {
			t.Errorf("the doctor says of %s: %s", check, out)
		}
	}
}

// callsIn are the system calls that a set of systemd's has, by what systemd-analyze
// syscall-filter prints, or the one of this name.
func callsIn(sets, name string) []string {
	if !strings.HasPrefix(name, "@") {
		return []string{name}
	}
	all := map[string]bool{}
	_, set, _ := strings.Cut("\n"+sets, "\n"+name+"\n")
	for line := range strings.Lines(set) {
		call, inside := strings.CutPrefix(line, "    ")
		if !inside {
			break
		}
		if call = strings.TrimSpace(call); strings.HasPrefix(call, "#") {
			continue
		}
		for _, one := range callsIn(sets, call) {
			all[one] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
