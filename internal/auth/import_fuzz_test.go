package auth_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"latchkey/internal/auth"
	"latchkey/internal/testenv"
)

// An import of any lines counts each once, says of each bad one why without
// repeating it, writes nothing in a dry run, and what it would write then it
// writes; that exports to what imports again and is all there.
func FuzzImport(f *testing.F) {
	const hash = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	for _, seed := range []string{
		"", "\n\r\n \n", importLine("ada"), importLine("ada") + "\n" + importLine("ADA") + "\r\n" + importLine("bob"), importLine("ada") + importLine("bob"),
		`{"email":"Ada@Bücher.example","username":"Ada","passwordHash":"` + hash + `","role":"ADMIN","createdAt":"2020-02-03T04:05:06.1234567+02:00","disabledAt":null}`,
		`{"email":"hunter2","username":"hunter2","passwordHash":"hunter2","role":"hunter2","createdAt":"hunter2"}`, `{"hunter2":1}`, `hunter2`, `["hunter2"]`,
		`{"email":"a@b.example","username":"abc","passwordHash":"$argon2id$hunter2"}`, `{"email":{"hunter2":1}}`, `{"email":"a@b.example","email":"hunter2"}`,
		`{"email":"a@b.example","username":"abc","createdAt":"1969-12-31T23:59:59Z","disabledAt":"9999-12-31T23:59:59Z"}`, "{\"email\":\"\xff\"}", `{"email":"\ud800"}`,
		`{"email":"a@b.example","username":"abc","createdAt":"2026-11-25T12:00:00.000000999Z","role":""}`, "\ufeff" + importLine("ada"), "\x00",
	} {
		f.Add(seed)
	}
	empty := setup(f, testenv.SQLite(f))
	f.Fuzz(func(t *testing.T, file string) {
		empty.t = t
		would, bad := empty.imports(file, true)
		if would.Lines != would.Imported+would.BadLines || would.Present != 0 || len(bad) != would.BadLines || would.Lines > strings.Count(file, "\n")+1 {
			t.Errorf("%+v, %d told of", would, len(bad))
		}
		for _, problem := range bad {
			if strings.Contains(problem, "hunter2") || !utf8.ValidString(problem) || len(problem) > 600 || strings.ContainsAny(problem, "\r\n") {
				t.Errorf("says %q", problem)
			}
		}
		if n := empty.count("users"); n != 0 {
			t.Fatalf("a dry run wrote %d users", n)
		}
		if would.Imported == 0 {
			return
		}
		first, second := setup(t, testenv.SQLite(t)), setup(t, testenv.SQLite(t))
		did, _ := first.imports(file, false)
		if would.DryRun = false; !reflect.DeepEqual(did, would) {
			t.Errorf("did %+v, would %+v", did, would)
		}
		out := first.export()
		for line := range strings.Lines(out) {
			var p auth.PortableUser
			if err := json.Unmarshal([]byte(line), &p); err != nil || emailKey(p.Email) == "" || p.CreatedAt == nil || p.CreatedAt.After(noon.Add(day)) || p.CreatedAt.Before(time.Unix(0, 0)) {
				t.Errorf("exports %s: %v", line, err)
			}
		}
		if again, bad := first.imports(out, false); again.Present != did.Imported || again.Imported != 0 {
			t.Errorf("again: %+v, %v", again, bad)
		}
		if there, bad := second.imports(out, false); there.Imported != did.Imported || second.export() != out {
			t.Errorf("elsewhere: %+v, %v", there, bad)
		}
	})
}
