package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// importedPassword is what the hashes below were made of, elsewhere.
const importedPassword = "correct horse battery"

// importedHashes are one of each kind, in spellings that other systems export.
var importedHashes = map[string]string{
	"argon2id":      "$argon2id$v=19$m=1024,t=1,p=1$9tJwLxD+ry9gf1tFMViF7w$b2xB7v8A9dHnnWOyQkWlSbAiI5M8LdFaX9r9HLvrWso",
	"bcrypt":        "$2a$06$eJZo0cjuPSLaWUjYx3c3vekKrTGscXqA2C8lhoD9R4Atv0/4Gie8G",
	"scrypt":        "$scrypt$ln=14,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$LPDRs+d7MJ+D4v778lUnSsMuTt3eMzZtYlcDVF6agWU",
	"pbkdf2-sha1":   "$pbkdf2-sha1$i=10000$c2FsdHNhbHRzYWx0c2FsdA$RwLH8PCkLH0qE045Tsp2+8mR/WQ",
	"pbkdf2-sha256": "$pbkdf2-sha256$i=20000$c2FsdHNhbHRzYWx0c2FsdA$vU/tP9kg9Ina7/rJvTHTAUFgHfBML6A/NaI88BVzYhY",
	"passlib":       "$pbkdf2-sha512$25000$c2FsdHNhbHRzYWx0c2FsdA$1SrH8CIZFB2RYJuW2kz4.BpOon4vnHQfsdehl8X5eqhwjErqG2uyY4lWlvEl/Q.xzeGDU5dRRQID2ttdbhK1ww",
}

func importLine(p *testenv.Person, hash string) string {
	b, err := json.Marshal(map[string]string{"email": p.Email, "username": p.Username, "passwordHash": hash})
	if err != nil {
		panic(err) // texts
	}
	return string(b) + "\n"
}

// mustPrint runs a command and fails the test unless it ends with this code and
// prints what is wanted, on either stream.
func mustPrint(t *testing.T, s *testenv.Stack, stdin string, code int, want []string, args ...string) (stdout string) {
	t.Helper()
	out, errOut, got := shell(t, s, stdin, args...)
	if got != code {
		t.Errorf("latchkey %s: exit code %d, want %d:\n%s%s", strings.Join(args, " "), got, code, out, errOut)
	}
	for _, w := range want {
		if !strings.Contains(out+errOut, w) {
			t.Errorf("latchkey %s does not say %q:\n%s%s", strings.Join(args, " "), w, out, errOut)
		}
	}
	return out
}

func storedHash(t *testing.T, s *testenv.Stack, p *testenv.Person) (hash string) {
	t.Helper()
	if err := s.DB(t).QueryRow(t.Context(), `SELECT password_hash FROM users WHERE email_key = $1`, p.Email).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	return hash
}

// Users of another system come in beside running servers and log in with the
// passwords they have, each hash being replaced by one of the configured kind.
func TestImportCommand_A5(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		there := s.Join(t)
		people := map[string]*testenv.Person{}
		var good strings.Builder
		for kind, hash := range importedHashes {
			p := testenv.Newcomer()
			p.Password = importedPassword
			people[kind] = p
			good.WriteString(importLine(p, hash))
		}
		reset := testenv.Newcomer() // has no hash
		good.WriteString(importLine(reset, ""))
		eve := testenv.Newcomer()
		eve.Username = strings.ToUpper(s.Join(t).Username)
		const secret = "$5$rounds=1000$hunter2hunter2"
		file := good.String() + importLine(there, "") + importLine(eve, "") + "nonsense\n" + importLine(testenv.Newcomer(), secret)
		path := filepath.Join(t.TempDir(), "users.jsonl")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		before := count(t, s, `SELECT count(*) FROM users`)
		bad := []string{"line 9: username: somebody else has it", "line 10: not one JSON object", "line 11: passwordHash: ", "3 lines are bad"}
		mustPrint(t, s, "", 1, append(bad, "11 lines: 7 would be imported, 1 present already, 3 bad"), "import", path, "--dry-run")
		if got := count(t, s, `SELECT count(*) FROM users`); got != before {
			t.Errorf("a dry run made %d users", got-before)
		}
		mustPrint(t, s, "", 1, append(bad, "11 lines: 7 imported, 1 present already, 3 bad"), "import", path)
		mustPrint(t, s, good.String(), 0, []string{"7 lines: 0 imported, 7 present already, 0 bad"}, "import", "-")
		out := mustPrint(t, s, file, 1, nil, "import", "-", "--json")
		lines := strings.Split(strings.TrimSpace(out), "\n")
		want := `{"dryRun":false,"lines":11,"imported":0,"present":8,"bad":3}`
		if len(lines) != 4 || lines[0] != `{"line":9,"problems":["username: somebody else has it"]}` || lines[3] != want {
			t.Errorf("import --json printed\n%s", out)
		}
		if strings.Contains(out, "hunter2") {
			t.Error("import shows a hash")
		}

		for kind, p := range people {
			wrong := testenv.Post(t, s.URL(), loginRequest(p.Username, importedPassword+"!", p.Client))
			mustSay(t, wrong, "login", "INVALID_CREDENTIALS")
			if got := storedHash(t, s, p); got != importedHashes[kind] {
				t.Errorf("%s: a wrong password changed the hash to %s", kind, got)
			}
			for range 2 { // with the old hash and with the new one
				if got := s.Login(t, p); got.Tokens == nil {
					t.Fatalf("%s: %+v", kind, got)
				}
			}
			if got := storedHash(t, s, p); got == importedHashes[kind] || !strings.HasPrefix(got, "$argon2id$v=19$m=19456,t=2,p=1$") {
				t.Errorf("%s: the hash after a login is %s", kind, got)
			}
		}
		for _, password := range []string{"", importedPassword} {
			mustSay(t, testenv.Post(t, s.URL(), loginRequest(reset.Email, password, reset.Client)), "login", "INVALID_CREDENTIALS")
		}
	})
}

// An import of an export into an empty database, of either kind, is the same.
func TestExportCommand(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		makeAdmin(t, s)
		var file strings.Builder
		for i := range 40 {
			p := testenv.Newcomer()
			_, _ = fmt.Fprintf(&file, `{"email":"%s","username":"%s","createdAt":"2020-01-01T00:00:00.00000%dZ"}`+"\n", strings.ToUpper(p.Email), strings.ToUpper(p.Username), i%3)
		}
		mustPrint(t, s, file.String(), 0, []string{"40 imported"}, "import", "-")
		if _, err := s.DB(t).Exec(t.Context(), `UPDATE users SET disabled_at = created_at WHERE id = (SELECT min(id) FROM users)`); err != nil {
			t.Fatal(err)
		}
		exported := mustPrint(t, s, "", 0, nil, "export")
		if strings.Count(exported, "\n") != 42 || !strings.Contains(exported, ada.Email) || strings.Count(exported, `"ADMIN"`) != 1 ||
			strings.Count(exported, `"disabledAt"`) != 1 {
			t.Errorf("exported\n%s", exported)
		}
		for name, other := range map[string]*testenv.Stack{"embedded": testenv.NewEmbedded(t), "production": testenv.NewProduction(t)} {
			dir := t.TempDir()
			out, errOut, code := testenv.Command(t, dir, exported, other.Env, "import", "-")
			if code != 0 || !strings.Contains(out, "42 imported") {
				t.Fatalf("%s: import: exit code %d\n%s%s", name, code, out, errOut)
			}
			if again, _, code := testenv.Command(t, dir, "", other.Env, "export"); code != 0 || again != exported {
				t.Errorf("%s: exit code %d, exported again:\n%s\nwant\n%s", name, code, again, exported)
			}
		}
	})
}

// manyUsers is how many users TestImportMany imports, unless TEST_IMPORT_USERS
// says another number. The limit on memory holds for a million too.
const (
	manyUsers     = 5_000
	importPerUser = 600 * time.Microsecond // 100,000 in a minute
	importMemory  = 150 << 20              // bytes
)

// An import is fast, and its memory does not grow with it.
func TestImportMany(t *testing.T) {
	t.Parallel()
	n := manyUsers
	if s := os.Getenv("TEST_IMPORT_USERS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "users.jsonl")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if _, err := fmt.Fprintf(file, `{"email":"user%d@example%d.org","username":"user%d","passwordHash":"%s","createdAt":"2024-05-17T08:30:00Z"}`+"\n",
			i, i%997, i, importedHashes["pbkdf2-sha256"]); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*testenv.Stack{"sqlite": testenv.NewEmbedded(t), "postgresql": testenv.NewProduction(t)} {
		dir := t.TempDir()
		for _, what := range []string{"import", "the same again"} {
			out, took, memory := testenv.Measure(t, dir, s.Env, "import", path)
			t.Logf("%s: %s of %d users: %v, %d MiB at most: %s", name, what, n, took.Round(10*time.Millisecond), memory>>20, out)
			if most := 5*time.Second + time.Duration(n)*importPerUser; took > most || memory > importMemory {
				t.Errorf("%s: %s took %v and %d MiB, want %v and %d MiB at most", name, what, took, memory>>20, most, int64(importMemory)>>20)
			}
		}
		_, took, memory := testenv.Measure(t, dir, s.Env, "export")
		t.Logf("%s: export: %v, %d MiB at most", name, took.Round(10*time.Millisecond), memory>>20)
		if memory > importMemory {
			t.Errorf("%s: export took %d MiB", name, memory>>20)
		}
	}
}
