package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	gqlparse "github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"latchkey/internal/testenv"
)

// notRun are the blocks of sh that no test runs, by their page and how they begin, with
// why. Each is marked as sh norun where it stands. All others are run by TestDocuments in
// e2e/, and TestCommandsInDocuments checks the program's own commands in both kinds.
var notRun = map[string]map[string]string{
	"README.md": {
		"go run .":          "serves until it is ended; every test starts the same program",
		"cd examples/react": "installs from npm and serves until it is ended; the example has tests in browser/",
		"docker compose up": "needs Docker; internal/tools/composecheck reads what it starts",
		"CGO_ENABLED=0":     "serves until it is ended; TestBinarySize builds it so",
	},
	"bench/README.md": {
		"./test with bench/run": "takes eleven minutes",
	},
	"docs/backup.md": {
		"latchkey restore": "needs the service stopped; TestBackup_O7 restores",
		"psql":             "needs the database of before a restore",
	},
	"docs/logs.md": {
		"journalctl": "needs systemd, and does not end; TestEventLines_O4 looks at the lines",
	},
	"docs/compose.md": {
		"sudo chgrp":        "needs root; TestSystemdUnit_O6 starts the service on secrets of this mode",
		"docker compose up": "needs Docker; internal/tools/composecheck reads what it starts",
	},
	"docs/kubernetes.md": {
		"docker build":             "needs Docker",
		"kubectl create namespace": "needs a cluster; internal/tools/kubecheck compares the names of the files",
		"kubectl apply":            "needs a cluster; internal/tools/kubecheck reads what it applies",
	},
	"docs/migrating.md": {
		"firebase auth:export": "needs Firebase; what it prints is a file of the test",
		"bin/kc.sh export":     "needs Keycloak; what it prints is a file of the test",
		"python3 manage.py":    "needs Django; what it prints is a file of the test",
		"bin/rails runner":     "needs Rails; what it prints is a file of the test",
		"sqlcmd":               "needs SQL Server; what it prints is a file of the test",
	},
	"docs/start.md": {
		"go run .":          "as in the README",
		"docker compose up": "as in the README",
		"cd examples/react": "as in the README",
	},
	"docs/systemd.md": {
		"sudo apt-get install":      "changes the machine",
		"CGO_ENABLED=0":             "changes the machine; TestBinarySize builds it so",
		"sudo install -d":           "changes the machine; TestSystemdUnit_O6 starts the service on these settings",
		"sudo install -m 0644":      "needs systemd; TestSystemdUnit_O6 reads the unit",
		"sudo certbot":              "needs a host's name; TestDeployedProxies_O6 runs nginx with the file",
		"sudo -u latchkey env -C /": "changes the machine; doctor and admin-link have tests of their own",
	},
	"docs/transfer.md": {
		"latchkey export --factors | ssh": "needs another machine; TestExportCommand moves users",
	},
	"examples/graphql-request/README.md": {
		"npm install": "installs from npm; the example has a test in e2e/",
	},
	"examples/react/README.md": {
		"cd examples/react": "as in the README",
		"APP_URL=":          "serves until it is ended; the tests in browser/ start it so",
	},
	"examples/urql/README.md": {
		"npm install": "installs from npm; the example has a test in e2e/",
	},
	"internal/password/common/README.md": {
		"tar xzf": "fetches from npm; TestCommonList_A3 reads what came of it",
	},
}

// languages are what a block of code may be in, and what is checked of it.
var languages = map[string]string{
	"sh":        "run by TestDocuments, or named in notRun",
	"graphql":   "validated against the schema by TestGraphQLInDocuments",
	"json":      "parsed by TestBlocks",
	"go":        "parsed by TestBlocks",
	"js":        "parsed by TestCodeInDocuments in e2e/",
	"ts":        "parsed by TestCodeInDocuments in e2e/",
	"tsx":       "parsed by TestCodeInDocuments in e2e/",
	"python":    "parsed by TestCodeInDocuments in e2e/",
	"env":       "its names are looked up by TestNamesInDocuments",
	"nginx":     "run by the tests of its page",
	"yaml":      "run by the tests of its page",
	"caddyfile": "read by people",
	"html":      "compared by TestTour, or read by people",
	"http":      "read by people",
	"sql":       "run by the tests of its page",
	"ini":       "read by people",
	"text":      "read by people",
	"mermaid":   "drawn by GitHub",
}

// Every block of GraphQL is valid by the schema. A block may have several operations,
// with or without names, and fragments that it uses or only shows.
func TestGraphQLInDocuments(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(source)})
	if err != nil {
		t.Fatal(err)
	}
	loose := rules.NewDefaultRules()
	loose.RemoveRule("NoUnusedFragments")
	n := 0
	for _, p := range testenv.Pages(t) {
		for _, b := range p.Blocks {
			if b.Lang != "graphql" {
				continue
			}
			n++
			doc, err := gqlparse.ParseQuery(&ast.Source{Name: p.Path, Input: b.Text})
			if err != nil {
				t.Errorf("%s:%d: %v", p.Path, b.Line, err)
				continue
			}
			for i, o := range doc.Operations { // a document that is sent has one without a name at most
				o.Name = cmp.Or(o.Name, fmt.Sprintf("operation%d", i))
			}
			for _, err := range validator.ValidateWithRules(schema, doc, loose) {
				t.Errorf("%s:%d: %v", p.Path, b.Line, err)
			}
		}
	}
	if n < 5 {
		t.Errorf("only %d blocks were found", n)
	}
}

// typed is how what people type begins.
var typed = regexp.MustCompile(`^(\./|npm|npx|node|go|latchkey|curl|docker|git|cd) `)

// Every block of code is in a language that somebody decided how to check. JSON and Go
// parse; what is not run is known.
func TestBlocks(t *testing.T) {
	t.Parallel()
	for _, p := range testenv.Pages(t) {
		left := maps.Clone(notRun[p.Path])
		for _, b := range p.Blocks {
			at := fmt.Sprintf("%s:%d", p.Path, b.Line)
			switch _, known := languages[b.Lang]; {
			case !known:
				t.Errorf("%s: a block in %q: add the language to languages, and say there how it is checked", at, b.Lang)
			case b.Lang == "sh" && b.Note == "norun":
				n := len(left)
				maps.DeleteFunc(left, func(begins, _ string) bool { return strings.HasPrefix(b.Text, begins) })
				if len(left) != n-1 {
					t.Errorf("%s: a block is not run: add it to notRun, with why, or have it run", at)
				}
			case b.Note != "":
				t.Errorf("%s: a block of %s has the note %q", at, b.Lang, b.Note)
			case b.Lang == "text" && typed.MatchString(b.Text):
				t.Errorf("%s: commands stand in sh", at)
			}
			var err error
			switch b.Lang {
			case "json":
				err = parseJSON(b.Text)
			case "go":
				err = parseGo(b.Text)
			}
			if err != nil {
				t.Errorf("%s: %v", at, err)
			}
		}
		for begins := range left {
			t.Errorf("%s has no block that begins with %q and is not run", p.Path, begins)
		}
	}
}

// parseJSON is an error unless the text is one JSON value or several.
func parseJSON(text string) error {
	for decoder, n := json.NewDecoder(strings.NewReader(text)), 0; ; n++ {
		var value any
		switch err := decoder.Decode(&value); {
		case errors.Is(err, io.EOF) && n > 0:
			return nil
		case err != nil:
			return err
		}
	}
}

// parseGo is an error unless the text is a file of Go, or what may stand in a function.
func parseGo(text string) error {
	_, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
	if err == nil {
		return nil
	}
	if strings.Contains(text, "package ") {
		return err
	}
	_, err = parser.ParseFile(token.NewFileSet(), "", "package p\nfunc _() {\n"+text+"}\n", parser.SkipObjectResolution)
	return err
}

// Blocks to be typed hold no comment: zsh, as people have it, takes that for a command
// or for arguments.
func TestBlocksHaveNoComments(t *testing.T) {
	t.Parallel()
	comment := regexp.MustCompile(`(?m)(^|\s)#.*`)
	n := 0
	for _, p := range testenv.Pages(t) {
		for _, b := range p.Blocks {
			if b.Lang != "sh" {
				continue
			}
			n++
			if found := comment.FindString(b.Text); found != "" {
				t.Errorf("%s:%d: %s", p.Path, b.Line, found)
			}
		}
	}
	if n < 20 {
		t.Errorf("%d blocks were found", n)
	}
}
