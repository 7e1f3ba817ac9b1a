package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// elsewhere are names in capitals that are neither settings nor of the schema, and whose
// they are.
var elsewhere = map[string]string{
	"HTTPS_PROXY":       "Go's net/http",
	"HTTP_X_USER_ID":    "CGI's name of a header",
	"SSL_CERT_FILE":     "Go's crypto/x509",
	"GODEBUG":           "Go's runtime",
	"GOGC":              "Go's runtime",
	"GOMEMLIMIT":        "Go's runtime",
	"SCHED_BATCH":       "Linux",
	"POSTGRES_PASSWORD": "docker-compose.yml",
	"MAILPIT_PASSWORD":  "docker-compose.yml",
	"MAILPIT_PORT":      "docker-compose.yml",
	"VITE_LATCHKEY_URL": "examples/react",
	"TEST_POSTGRES":     "./test",
	"TEST_REDIS":        "./test",
	"TEST_REPEATS":      "./test",
	"TEST_IMPORT_USERS": "./test",
}

var (
	capitals = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$`)
	assigned = regexp.MustCompile(`^([A-Z][A-Z0-9_]*)=`)
	envLine  = regexp.MustCompile(`(?m)^(?:#|echo ")?([A-Z][A-Z0-9_]*)=`)
)

// What stands in code and in capitals is a setting, a name of the schema, or known to be
// somebody else's.
func TestNamesInDocuments(t *testing.T) {
	t.Parallel()
	schema, err := os.ReadFile("schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	settings, inSchema := testenv.Settings(t), map[string]bool{}
	for _, name := range regexp.MustCompile(`\b[A-Z][A-Z0-9_]+\b`).FindAllString(string(schema), -1) {
		inSchema[name] = true
	}
	check := func(at, name string) {
		t.Helper()
		isSetting := slices.Contains(settings, name) || slices.Contains(settings, strings.TrimSuffix(name, "_FILE"))
		if !isSetting && !inSchema[name] && elsewhere[name] == "" {
			t.Errorf("%s names %s, which is neither a setting nor of the schema: mend it, or add it to elsewhere", at, name)
		}
	}
	for _, p := range testenv.Pages(t) {
		for _, code := range p.Code {
			if at := assigned.FindStringSubmatch(code); at != nil {
				check(p.Path, at[1])
			}
			if capitals.MatchString(code) {
				check(p.Path, code)
			}
		}
		for _, b := range p.Blocks {
			if b.Lang != "env" && !strings.Contains(b.Text, ">> .env") {
				continue
			}
			for _, at := range envLine.FindAllStringSubmatch(b.Text, -1) {
				check(fmt.Sprintf("%s:%d", p.Path, b.Line), at[1])
			}
		}
	}
}
