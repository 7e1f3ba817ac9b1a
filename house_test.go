package main

import (
	"bufio"
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rooms says which packages of ours each package may import. Data travels one
// way, graph → auth → store → db, and never back or sideways.
var rooms = map[string][]string{
	"":                    {"graph", "internal/admin", "internal/auth", "internal/breach", "internal/buildinfo", "internal/cli", "internal/config", "internal/db", "internal/doctor", "internal/hashing", "internal/jwt", "internal/keyring", "internal/link", "internal/mail", "internal/metrics", "internal/names", "internal/oauth", "internal/outbox", "internal/passkey", "internal/password", "internal/redisstore", "internal/refusals", "internal/request", "internal/store", "internal/tally", "internal/throttle", "internal/trace", "internal/web", "migrations"},
	"graph":               {"graph/gen", "graph/scalar", "internal/auth", "internal/config", "internal/doctor", "internal/gql", "internal/request", "internal/store", "internal/web"},
	"graph/gen":           {"graph/scalar", "internal/auth", "internal/config", "internal/doctor", "internal/store"},
	"graph/scalar":        {},
	"internal/admin":      {"internal/auth", "internal/request", "internal/web"},
	"internal/auth":       {"internal/codes", "internal/jwt", "internal/link", "internal/names", "internal/passkey", "internal/password", "internal/seal", "internal/store", "internal/throttle", "internal/ticket", "internal/totp"},
	"internal/breach":     {"internal/cause"},
	"internal/buildinfo":  {},
	"internal/cause":      {},
	"internal/cli":        {"internal/auth", "internal/breach", "internal/config", "internal/doctor", "internal/jwt", "internal/keyring", "internal/names", "internal/store"},
	"internal/coalesce":   {},
	"internal/codes":      {},
	"internal/config":     {"internal/jwt", "internal/names"},
	"internal/db":         {"internal/cause", "internal/trace"},
	"internal/doctor":     {"internal/config", "internal/keyring", "internal/mail", "internal/redisstore", "internal/store"},
	"internal/gql":        {"internal/trace"},
	"internal/hashing":    {"internal/password"},
	"internal/jwt":        {},
	"internal/keyring":    {"internal/jwt", "internal/seal", "internal/store"},
	"internal/link":       {"internal/codes", "internal/names", "internal/seal", "internal/store"},
	"internal/mail":       {"internal/cause", "internal/codes", "internal/link", "internal/names", "internal/outbox", "internal/seal", "internal/store", "internal/throttle", "internal/trace"},
	"internal/metrics":    {"internal/auth", "internal/buildinfo", "internal/db", "internal/outbox", "internal/password", "internal/request", "internal/store"},
	"internal/names":      {},
	"internal/oauth":      {"internal/auth", "internal/jwt", "internal/request", "internal/web"},
	"internal/outbox":     {"internal/store", "internal/trace"},
	"internal/passkey":    {},
	"internal/password":   {"internal/trace"},
	"internal/redisstore": {"internal/cause", "internal/store", "internal/throttle", "internal/trace"},
	"internal/refusals":   {},
	"internal/request":    {"internal/auth", "internal/trace"},
	"internal/seal":       {},
	"internal/store":      {"internal/coalesce", "internal/db", "internal/names", "internal/seal", "internal/trace"},
	"internal/tally":      {"internal/store"},
	"internal/testenv":    {"internal/breach", "internal/db", "internal/store", "internal/trace", "migrations"},
	"internal/throttle":   {},
	"internal/ticket":     {},
	"internal/totp":       {},
	"internal/trace":      {"internal/cause"},
	"internal/web":        {"internal/auth", "internal/link", "internal/mail", "internal/request", "internal/store"},
	"migrations":          {},
}

// sources calls f with each Go file of this module that is not a test.
func sources(t *testing.T, f func(dir, path string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, statErr := os.Stat(filepath.Join(path, "go.mod"))
			if path != "." && (statErr == nil || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			dir := filepath.ToSlash(filepath.Dir(path))
			if dir == "." {
				dir = ""
			}
			f(dir, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestArrowsPointDown(t *testing.T) {
	drivers := []string{"github.com/jackc/pgx", "modernc.org/sqlite", "database/sql"}
	seen := map[string]bool{}
	sources(t, func(dir, path string) {
		allowed, known := rooms[dir]
		if !known {
			t.Errorf("%s: a room that this test does not know", path)
			return
		}
		seen[dir] = true
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if ours, ok := strings.CutPrefix(name, "latchkey/"); ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s", path, name)
			}
			isDriver := slices.ContainsFunc(drivers, func(d string) bool { return strings.HasPrefix(name, d) })
			if isDriver && dir != "internal/db" {
				t.Errorf("%s imports the driver %s: only internal/db does", path, name)
			}
			if (strings.HasPrefix(name, "github.com/prometheus") || name == "net/http/pprof") && dir != "internal/metrics" {
				t.Errorf("%s imports %s: only internal/metrics does", path, name)
			}
			if name == "net/http" && !slices.Contains([]string{"", "graph", "internal/admin", "internal/breach", "internal/gql", "internal/metrics", "internal/oauth", "internal/request", "internal/trace", "internal/web", "internal/testenv"}, dir) {
				t.Errorf("%s knows HTTP", path)
			}
		}
	})
	for dir := range rooms {
		if !seen[dir] {
			t.Errorf("no package in %q", dir)
		}
	}
}

// One function opens sessions, whatever the way in, one changes accounts, and one hashes
// new passwords: what has to be true of each is decided there.
func TestOneDoorAndOneAct(t *testing.T) {
	only := map[string]string{ // calls, and the one file that makes them
		`\.OpenSession\(`:                "internal/auth/admit.go",
		`\.(AddUndo|AddSecurityEvent)\(`: "internal/auth/act.go internal/auth/create.go",
		`\.EndSession\(`:                 "internal/auth/end.go",
		`hasher\.Hash\(`:                 "internal/auth/newpassword.go internal/auth/login.go", // a new one, and the same anew
	}
	changes := regexp.MustCompile(`\.(SetPassword|SetPendingEmail|DropPendingEmail|ConfirmPendingEmail|SetUsername|TakeBack|SetRole|Disable|Enable|DeleteUser|EndSessions|EndOtherSessions)\(`)
	sources(t, func(dir, path string) {
		if dir != "internal/auth" {
			return
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for call, files := range only {
			if regexp.MustCompile(call).Match(source) && !slices.Contains(strings.Fields(files), filepath.ToSlash(path)) {
				t.Errorf("%s calls what only %s may: %s", path, files, call)
			}
		}
		for _, m := range changes.FindAllIndex(source, -1) {
			if !strings.HasSuffix(string(source[:m[0]]), "d.tx") { // the transaction of a deed, which act alone makes
				t.Errorf("%s changes an account past act: %s", path, source[m[0]:m[1]])
			}
		}
	})
}

func TestOnlyStoreContainsSQL(t *testing.T) {
	sql := regexp.MustCompile(`(?s)(SELECT\s.*\sFROM\s|INSERT\s+INTO\s|UPDATE\s+[a-z_]+\s+SET\s|DELETE\s+FROM\s)`)
	env := regexp.MustCompile(`os\.(Getenv|LookupEnv|Environ)\(`)
	sources(t, func(dir, path string) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		ofPages := filepath.ToSlash(path) == "internal/db/sqlitescrub.go" // of SQLite's file, not of rows
		if dir != "internal/store" && dir != "internal/testenv" && !ofPages && sql.Match(b) {
			t.Errorf("%s contains SQL", path)
		}
		if dir != "" && dir != "internal/config" && dir != "internal/testenv" && env.Match(b) {
			t.Errorf("%s reads the environment", path)
		}
	})
}

// The binary carries none of what only tests and tools need.
func TestBinaryDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		for _, no := range []string{"testing", "latchkey/internal/testenv", "github.com/chromedp", "github.com/emersion", "golang.org/x/oauth2", "go.opentelemetry.io", "google.golang.org/grpc"} {
			if strings.HasPrefix(lines.Text(), no) && !strings.HasPrefix(lines.Text(), "testing/") {
				t.Errorf("the binary contains %s", lines.Text())
			}
		}
	}
}

// docs/security.md names tests that there are, and every requirement that a test
// carries in its name. Each that it promises has a test from outside.
func TestSecurityPromises(t *testing.T) {
	page, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	declared, proven, outside := map[string]bool{}, map[string]bool{}, map[string]bool{}
	requirement := regexp.MustCompile(`^[A-Z]\d+$`)
	name := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range name.FindAllStringSubmatch(string(source), -1) {
			declared[m[1]] = true
			for _, id := range strings.Split(m[1], "_")[1:] {
				if requirement.MatchString(id) {
					proven[id] = true
					outside[id] = outside[id] || strings.HasPrefix(path, "e2e"+string(filepath.Separator))
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(page), -1) {
		if !declared[m[1]] {
			t.Errorf("docs/security.md names %s, which is no test", m[1])
		}
	}
	promised := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([A-Z][0-9, A-Z]*) \|`).FindAllStringSubmatch(string(page), -1) {
		for _, id := range strings.Split(m[1], ", ") {
			promised[id] = true
		}
	}
	for id := range promised {
		if !outside[id] {
			t.Errorf("no test of e2e proves %s", id)
		}
	}
	for id := range proven {
		if !promised[id] {
			t.Errorf("tests prove %s, which docs/security.md does not promise", id)
		}
	}
}
