package e2e_test

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// shell runs a command with the settings and in the folder of the first replica.
func shell(t *testing.T, s *testenv.Stack, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return testenv.Command(t, s.Replicas[0].Dir, stdin, s.Env, args...)
}

// makeAdmin makes an administrator beside the running servers and logs them in.
func makeAdmin(t *testing.T, s *testenv.Stack) (id, access string) {
	t.Helper()
	p := testenv.Newcomer()
	out, errOut, code := shell(t, s, p.Password+"\n", "user", "create", "--email", p.Email, "--username", p.Username, "--admin")
	if code != 0 {
		t.Fatalf("user create: exit code %d\n%s%s", code, out, errOut)
	}
	got := s.Login(t, p)
	if got.Tokens == nil || got.User.ID != strings.TrimSpace(out) {
		t.Fatalf("user create printed %q, and its login is %+v", out, got)
	}
	return got.User.ID, got.Tokens.AccessToken
}

// user create works beside running servers and keeps the rules of registering.
func TestUserCreate(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		id, access := makeAdmin(t, s)
		mustBe(t, s.URL(), access, id)
		ada := s.Join(t)
		for _, c := range []struct{ what, email, username, password, says string }{
			{"an address with an account", ada.Email, testenv.Username(), "correct horse battery", "account already"},
			{"a username with an account", testenv.Address(), strings.ToUpper(ada.Username), "correct horse battery", "username: "},
			{"a common password", testenv.Address(), testenv.Username(), "password123", "password: "},
			{"no password", testenv.Address(), testenv.Username(), "", "password: "},
			{"no address", "ada", testenv.Username(), "correct horse battery", "email: "},
		} {
			out, errOut, code := shell(t, s, c.password+"\n", "user", "create", "--email", c.email, "--username", c.username)
			if code != 1 || out != "" || !strings.Contains(errOut, c.says) {
				t.Errorf("%s: exit code %d, want 1 and %q:\n%s%s", c.what, code, c.says, out, errOut)
			}
			if c.password != "" && strings.Contains(errOut, c.password) {
				t.Errorf("%s: the message shows the password", c.what)
			}
		}
	})
}

// migrate has nothing to do beside a running server, and everything on an empty
// database.
func TestMigrateCommand(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*testenv.Stack{"embedded": testenv.NewEmbedded(t), "production": testenv.NewProduction(t, "DATABASE_URL="+testenv.PostgresURL(t))} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, want := range []string{"the database is up to date", "0 steps; the database is up to date"} {
				if out, errOut, code := testenv.Command(t, dir, "", s.Env, "migrate"); code != 0 || !strings.Contains(out, want) {
					t.Errorf("migrate: exit code %d, want 0 and %q:\n%s%s", code, want, out, errOut)
				}
			}
			p := testenv.Launch(t, dir, s.Env...)
			p.AwaitReady(t)
			if out, errOut, code := testenv.Command(t, dir, "", s.Env, "migrate"); code != 0 || !strings.Contains(out, "0 steps") {
				t.Errorf("migrate beside a server: exit code %d\n%s%s", code, out, errOut)
			}
		})
	}
}

func TestVersionCommand(t *testing.T) {
	t.Parallel()
	out, errOut, code := testenv.Command(t, t.TempDir(), "", nil, "version")
	if code != 0 || !strings.HasPrefix(out, "dev (") || !strings.HasSuffix(out, runtime.Version()+")\n") || errOut != "" {
		t.Errorf("version: exit code %d, %q, %q", code, out, errOut)
	}
}

// What is used wrongly is exit code 2 and says why, before anything is done.
func TestWrongUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, args := range [][]string{
		{"frobnicate"}, {"--frobnicate"}, {"version", "7"}, {"migrate", "down"}, {"user"}, {"user", "frobnicate"},
		{"user", "create"}, {"user", "create", "--email", "ada@example.org"}, {"user", "create", "ada"},
		{"user", "create", "--email", "ada@example.org", "--username", "ada", "--frobnicate"},
		{"import"}, {"import", "a", "b"}, {"import", "no such file"}, {"import", "-", "--frobnicate"}, {"export", "a"}, {"doctor", "a"},
		{"mail"}, {"mail", "frobnicate"}, {"mail", "list", "a"}, {"mail", "retry"}, {"mail", "retry", "--all", "a"}, {"mail", "cancel"},
		{"user", "list", "ada"}, {"user", "list", "--role", "KING"}, {"user", "list", "--limit", "-1"}, {"user", "list", "--disabled", "perhaps"},
		{"user", "show"}, {"user", "show", "ada", "bob"}, {"user", "show", ""}, {"user", "set-role", "ada"}, {"user", "set-role", "ada", "KING"},
		{"user", "disable"}, {"user", "enable"}, {"user", "delete"}, {"user", "delete", "ada"}, {"user", "revoke-sessions"},
		{"breaches"}, {"breaches", "frobnicate"}, {"breaches", "build"}, {"breaches", "build", "a", "b"}, {"breaches", "build", "no such file"},
		{"user", "reset-password"}, {"user", "reset-password", "ada", "--print"},
	} {
		out, errOut, code := testenv.Command(t, dir, "", nil, args...)
		if code != 2 || out != "" || !strings.HasPrefix(errOut, "latchkey: ") {
			t.Errorf("latchkey %s: exit code %d, %q, %q", strings.Join(args, " "), code, out, errOut)
		}
	}
}

// What only looks makes nothing where nothing was started yet, and shows the
// secret that a server made.
func TestLookingMakesNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		code int
		out  string
	}{
		{[]string{"healthcheck"}, 1, ""},
		{[]string{"keys", "list", "--json"}, 0, "[]\n"},
		{[]string{"version"}, 0, "dev (" + runtime.Version() + ")\n"},
	} {
		dir := t.TempDir()
		out, errOut, code := testenv.Command(t, dir, "", []string{"PORT=" + testenv.FreePort(t)}, c.args...)
		if code != c.code || out != c.out {
			t.Errorf("%v: exit code %d, %q, want %d, %q:\n%s", c.args, code, out, c.code, c.out, errOut)
		}
		if entries, err := os.ReadDir(dir); len(entries) > 0 || err != nil {
			t.Errorf("%v made %v, %v", c.args, entries, err)
		}
	}
	s := testenv.Embedded(t)
	if out, errOut, code := shell(t, s, "", "keys", "list"); code != 0 || !strings.Contains(out, "HS256 secret 1") {
		t.Errorf("keys list beside a server: exit code %d\n%s%s", code, out, errOut)
	}
}

// A wrong configuration is exit code 2, with every mistake in one message and no
// value of a secret in it, whatever the command.
func TestWrongConfiguration(t *testing.T) {
	t.Parallel()
	const secret = "hunter2-too-short"
	env := []string{
		"LATCHKEY_ENV=production", "SECRET_KEY=" + secret, "PORT=99999", "ACCESS_TOKEN_TTL=soon", "REGISTRATION=maybe",
		"PASSWORD_HASH=md5", "DATABASE_URL=mysql://root:" + secret + "@localhost/x", "TRUSTED_PROXIES=everybody", "MAIL_TLS=sometimes",
	}
	for _, args := range [][]string{nil, {"migrate"}, {"healthcheck"}, {"doctor"}, {"export"}, {"import", "-"}, {"mail", "list"}, {"user", "create", "--email", "ada@example.org", "--username", "ada"}} {
		_, errOut, code := testenv.Command(t, t.TempDir(), "correct horse battery\n", env, args...)
		if code != 2 {
			t.Errorf("latchkey %s: exit code %d, want 2:\n%s", strings.Join(args, " "), code, errOut)
		}
		for _, name := range []string{
			"SECRET_KEY", "PORT", "PUBLIC_URL", "ACCESS_TOKEN_TTL", "REGISTRATION", "PASSWORD_HASH", "DATABASE_URL", "TRUSTED_PROXIES",
			"MAIL_SERVER", "MAIL_TLS",
		} {
			if !strings.Contains(errOut, "\n  "+name+": ") {
				t.Errorf("latchkey %s does not name %s:\n%s", strings.Join(args, " "), name, errOut)
			}
		}
		if strings.Contains(errOut, secret) {
			t.Errorf("latchkey %s shows a secret:\n%s", strings.Join(args, " "), errOut)
		}
	}
}
