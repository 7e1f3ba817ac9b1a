package testenv

import (
	"context"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/db"
)

// Replicated is a PostgreSQL server of one test's own, with a standby to which each commit
// is written before it is answered.
type Replicated struct {
	URL     string // names both, and asks for the one that takes writes
	bin     string
	owner   *syscall.Credential // nil for the one who runs the test
	primary *exec.Cmd
	standby string // its URL alone
}

// StartReplicated starts both. They end with the test.
func StartReplicated(t testing.TB) *Replicated {
	t.Helper()
	r := &Replicated{bin: Need(t, "TEST_POSTGRES_PROGRAMS")}
	dir := folder(t)
	if os.Geteuid() == 0 { // PostgreSQL does not run as root
		r.owner = ownerOf(t, "postgres", "nobody")
		if err := os.Chown(dir, int(r.owner.Uid), int(r.owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	hosts := [2]string{"127.0.0.1:" + FreePort(t), "127.0.0.1:" + FreePort(t)}
	named := func(host string) string { return "postgres://postgres@" + host + "/postgres?sslmode=disable" }
	r.URL, r.standby = named(hosts[0]+","+hosts[1])+"&target_session_attrs=read-write", named(hosts[1])
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	r.run(t, "initdb", "-D", first, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	r.primary = r.serve(t, first, hosts[0], "synchronous_standby_names=*")
	awaitPostgres(t, named(hosts[0]), `SELECT 1`)
	r.run(t, "pg_basebackup", "-D", second, "-d", named(hosts[0]), "-R", "-X", "stream", "--checkpoint=fast", "--no-sync")
	r.serve(t, second, hosts[1])
	awaitPostgres(t, named(hosts[0]), `SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'`)
	return r
}

// FailOver kills the primary like a power cut and has the standby take over.
func (r *Replicated) FailOver(t testing.TB) {
	t.Helper()
	if err := syscall.Kill(-r.primary.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	awaitPostgres(t, r.standby, `SELECT 1 WHERE pg_promote()`)
}

// serve starts a server that ends with the test, in a process group of its own.
func (r *Replicated) serve(t testing.TB, dir, host string, more ...string) *exec.Cmd {
	t.Helper()
	_, port, _ := strings.Cut(host, ":")
	args := []string{"-D", dir}
	for _, option := range append([]string{"listen_addresses=127.0.0.1", "port=" + port, "unix_socket_directories=", "fsync=off", "max_connections=50"}, more...) {
		args = append(args, "-c", option)
	}
	//lint:ignore G204 a test chooses what it starts
	cmd := exec.Command(filepath.Join(r.bin, "postgres"), args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: r.owner, Setpgid: true}
	keep(t, cmd)
	return cmd
}

func (r *Replicated) run(t testing.TB, program string, args ...string) {
	t.Helper()
	//lint:ignore G204 a test chooses what it starts
	cmd := exec.Command(filepath.Join(r.bin, program), args...)
	cmd.Dir, cmd.Env = "/", []string{"LC_ALL=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: r.owner}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

// ownerOf returns the first of these users that there is.
func ownerOf(t testing.TB, names ...string) *syscall.Credential {
	t.Helper()
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	t.Fatalf("none of the users %v", names)
	return nil
}

// awaitPostgres waits until a server answers a question with a row.
func awaitPostgres(t testing.TB, url, question string) {
	t.Helper()
	d, err := db.OpenPostgres(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	Await(t, time.Minute, "PostgreSQL: "+question, func() bool {
		var one int
		return d.QueryRow(context.Background(), question).Scan(&one) == nil
	})
}
