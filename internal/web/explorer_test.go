package web

import (
	"encoding/json"
	"net/http"
	"os"
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
	wants(t, w, http.StatusOK, `<a href="/dev/mail">Inbox</a>`, "The inbox is linked above", explorerJS.path, explorerCSS.path)
	if csp := w.Header().Get("Content-Security-Policy"); csp != explorerCSP || strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") || strings.Contains(csp, "*") {
		t.Errorf("the policy is wide: %s", csp)
	}
	if body := w.Body.String(); strings.Contains(body, "https://") || strings.Contains(string(explorerJS.body), "https://") {
		t.Errorf("something comes from elsewhere: %s", body)
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
	for _, step := range steps {
		doc, errs := gqlparser.LoadQueryWithRules(schema, strings.ReplaceAll(step.Query, "{{inbox}}", ""), rules.NewDefaultRules())
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
