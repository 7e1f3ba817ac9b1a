package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// The explorer is one page of ours, and loads nothing from elsewhere.
func TestExplorerPage_I8(t *testing.T) {
	s := newService(t)
	w := s.get("/")
	wants(t, w, http.StatusOK, `<a href="/dev/mail">Inbox</a>`, explorerFiles["main.js"].path, explorerFiles["explorer.css"].path)
	if csp := w.Header().Get("Content-Security-Policy"); csp != explorerCSP || strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") || strings.Contains(csp, "*") {
		t.Errorf("the policy is wide: %s", csp)
	}
	if body := w.Body.String(); strings.Contains(body, "https://") {
		t.Errorf("something comes from elsewhere: %s", body)
	}
	imports := regexp.MustCompile(`(?m)^import (?:.* from )?"\./(\w+\.js)";$`)
	imported := map[string]bool{"main.js": true}
	for name, a := range explorerFiles {
		if strings.Contains(string(a.body), "https://") {
			t.Errorf("%s has something from elsewhere", name)
		}
		for _, m := range imports.FindAllStringSubmatch(string(a.body), -1) {
			wants(t, s.get(path.Dir(a.path)+"/"+m[1]), http.StatusOK)
			imported[m[1]] = true
		}
		if n := strings.Count(string(a.body), "import "); n != len(imports.FindAllString(string(a.body), -1)) {
			t.Errorf("%s imports in a way that this test does not read", name)
		}
	}
	for name := range explorerFiles {
		if strings.HasSuffix(name, ".js") && !imported[name] {
			t.Errorf("nothing imports %s", name)
		}
	}
	alone := newService(t, func(c *Config) { c.Inbox = nil }).get("/").Body.String()
	if strings.Contains(alone, "/dev/mail") || strings.Contains(alone, "inbox") {
		t.Error("the page names an inbox that is not there")
	}
}

// What newcomers run first is right by the schema.
func TestExplorerSteps(t *testing.T) {
	text, err := os.ReadFile("../../schema.graphqls")
	must(t, err)
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(text)})
	must(t, err)
	for _, file := range []string{"../../README.md", "../../docs/explorer.md"} {
		page, err := os.ReadFile(file)
		must(t, err)
		if says := fmt.Sprintf("%d steps", len(steps)); !strings.Contains(string(page), says) {
			t.Errorf("%s does not say that there are %s", file, says)
		}
	}
	for i, step := range steps {
		if step.Chapter == "" || !strings.HasPrefix(step.Name, fmt.Sprintf("%d. ", i+1)) || !strings.HasPrefix(step.Query, "# ") {
			t.Errorf("step %d is %q of %q: %s", i+1, step.Name, step.Chapter, step.Query)
		}
		doc, errs := gqlparser.LoadQueryWithRules(schema, step.Query, rules.NewDefaultRules())
		if len(errs) > 0 {
			t.Errorf("%s: %v", step.Query, errs)
			continue
		}
		if len(doc.Operations) != 1 || doc.Operations[0].Name == "" {
			t.Errorf("%s: want one operation with a name", step.Query)
		}
		var vars map[string]map[string]any
		if step.Variables != "" {
			must(t, json.Unmarshal([]byte(step.Variables), &vars))
		}
		for _, v := range doc.Operations[0].VariableDefinitions {
			for name := range vars[v.Variable] {
				if schema.Types[v.Type.Name()].Fields.ForName(name) == nil {
					t.Errorf("%s has no %s", v.Type.Name(), name)
				}
			}
			if vars[v.Variable] == nil {
				t.Errorf("%s: no value for $%s", step.Query, v.Variable)
			}
		}
	}
}
