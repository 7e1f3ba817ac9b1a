package e2e_test

import (
	"os"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// A command that looks, or changes what is there, makes nothing in a folder without
// a database, and says that there is none.
func TestNoDatabaseHere(t *testing.T) {
	t.Parallel()
	for _, command := range []string{
		"user list", "user list --json", "user show ada", "user disable ada", "user delete ada --yes", "user reset-password ada --print-link",
		"user require ada --new-password", "user reset-factors ada", "export --factors",
		"mail list", "mail retry --all", "export", "import - --dry-run", "keys rotate", "keys rotate --now", "keys reseal",
	} {
		dir := t.TempDir()
		out, errOut, code := testenv.Command(t, dir, "", nil, strings.Fields(command)...)
		if code != 1 || out != "" || !strings.Contains(errOut, "no database here") {
			t.Errorf("%s: exit code %d, want 1 and that there is no database:\n%s%s", command, code, out, errOut)
		}
		if made, err := os.ReadDir(dir); err != nil || len(made) > 0 {
			t.Errorf("%s made %v, %v", command, made, err)
		}
	}
	dir := t.TempDir()
	person := testenv.Newcomer()
	_, errOut, code := testenv.Command(t, dir, person.Password+"\n", nil, "user", "create", "--email", person.Email, "--username", "Admin")
	if code != 1 || !strings.Contains(errOut, "username: This username is reserved") || strings.Contains(errOut, "letters") {
		t.Errorf("a reserved name: exit code %d:\n%s", code, errOut)
	}
	if out, errOut, code := testenv.Command(t, dir, "", nil, "user", "list"); code != 0 { // made by the command before
		t.Errorf("user list: exit code %d:\n%s%s", code, out, errOut)
	}
}
