package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// tsBlock is code of a document that names its own file in its first line.
var tsBlock = regexp.MustCompile("(?s)```tsx?\n// (\\S+\\.tsx?)\n(.*?)```")

// documentedStore is what docs/recipes.md takes from the example.
var documentedStore = regexp.MustCompile(`(?s)export interface (?:Kept|Store) .*?\n}\n`)

// compiled writes the TypeScript of documents into a folder of its own, each document in
// one named after it, for a service at this address, has it checked, and returns where the
// JavaScript of it is.
func compiled(t *testing.T, service string, documents ...string) string {
	t.Helper()
	modules, err := filepath.Abs(filepath.Join(testenv.Need(t, "TEST_E2E"), "node_modules"))
	must(t, err)
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS("testdata/snippets")))
	must(t, os.Symlink(modules, filepath.Join(dir, "node_modules")))
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(dir, path)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte(text), 0o600))
	}
	write("package.json", `{"type": "module"}`)
	example, err := os.ReadFile("../examples/graphql-request/src/session.ts")
	must(t, err)
	write("recipes/session.ts", strings.Join(documentedStore.FindAllString(string(example), -1), "\n"))
	at := strings.NewReplacer("http://localhost:8080", service, "https://auth.example.org", service)
	for _, document := range documents {
		text, err := os.ReadFile("../docs/" + document + ".md")
		must(t, err)
		blocks := tsBlock.FindAllStringSubmatch(string(text), -1)
		if n := strings.Count(string(text), "```ts"); n != len(blocks) {
			t.Errorf("docs/%s.md has %d blocks of TypeScript, of which %d name their file", document, n, len(blocks))
		}
		for _, b := range blocks {
			write(filepath.Join(document, b[1]), at.Replace(b[2]))
		}
	}
	runNode(t, dir, nil, "node", filepath.Join(modules, "typescript", "bin", "tsc"), "-p", ".")
	return filepath.Join(dir, "out")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The TypeScript of documents fits the packages that it is for. That of docs/frontends.md
// stays logged in with each of the clients, as one person, and the helpers of docs/testing.md make
// somebody who logs in with a code.
func TestCodeForFrontends(t *testing.T) {
	t.Parallel()
	s := sharedEmbedded.use(t)
	out := compiled(t, localhost(s), "frontends", "recipes", "testing")
	ada, eve := s.Join(t), s.Join(t)
	printed := runNode(t, ".", []string{"SECRET_KEY=" + knownSecret}, "node", "frontends.mjs", filepath.Join(out, "frontends"),
		ada.Username, ada.Password, eve.Username, eve.Password)
	want := map[string]bool{"fetch": true, "Apollo": true, "urql": true, "graphql-request": true, "Relay": true}
	for line := range strings.Lines(string(printed)) {
		var c struct {
			Name, Sent, After, Taken string
			Users                    []string
			Failed                   bool
		}
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if c.Sent != "query query query query refresh" || len(c.Users) != 2 || c.Users[0] != ada.Username || c.Users[1] != ada.Username ||
			!c.Failed || c.After != ada.Username || c.Taken != "nobody" {
			t.Errorf("%s: %s", c.Name, line)
		}
		delete(want, c.Name)
	}
	if len(want) > 0 {
		t.Errorf("these did not run: %v\n%s", want, printed)
	}
	runNode(t, ".", nil, "node", "helpers.mjs", filepath.Join(out, "testing"))
}
