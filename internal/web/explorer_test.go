package web

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

func TestExplorerPage_I8(t *testing.T) {
	s := newService(t)
	w := s.get("/")
	wants(t, w, http.StatusOK, "The inbox is at /dev/mail", explorerJS.path)
	csp := w.Header().Get("Content-Security-Policy")
	if strings.Contains(csp, "unsafe") || strings.Contains(csp, "https: ") || strings.Contains(csp, "*") {
		t.Errorf("the policy is wide: %s", csp)
	}
	body := w.Body.String()
	for _, url := range regexp.MustCompile(`https://[^"]+`).FindAllString(body, -1) {
		if !strings.Contains(csp, url) {
			t.Errorf("the policy does not name %s", url)
		}
	}
	if n := strings.Count(body, `integrity="sha256-`); n != 4 {
		t.Errorf("%d files from the CDN have a hash, want 4", n)
	}
	alone := newService(t, func(c *Config) { c.Inbox = nil }).get("/").Body.String()
	if strings.Contains(alone, "/dev/mail") {
		t.Error("the page names an inbox that is not there")
	}
}

// What newcomers run first is right by the schema.
func TestExplorerTabs(t *testing.T) {
	text, err := os.ReadFile("../../schema.graphqls")
	must(t, err)
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(text)})
	must(t, err)
	for _, tab := range tabs {
		doc, errs := gqlparser.LoadQueryWithRules(schema, strings.ReplaceAll(tab.Query, "{{inbox}}", ""), rules.NewDefaultRules())
		if len(errs) > 0 {
			t.Errorf("%s: %v", tab.Query, errs)
			continue
		}
		if len(doc.Operations) != 1 || doc.Operations[0].Name == "" {
			t.Errorf("%s: want one operation with a name", tab.Query)
		}
		var vars map[string]map[string]any
		if tab.Variables != "" {
			must(t, json.Unmarshal([]byte(tab.Variables), &vars))
		}
		for _, v := range doc.Operations[0].VariableDefinitions {
			for name := range vars[v.Variable] {
				if schema.Types[v.Type.Name()].Fields.ForName(name) == nil {
					t.Errorf("%s has no %s", v.Type.Name(), name)
				}
			}
			if vars[v.Variable] == nil {
				t.Errorf("%s: no value for $%s", tab.Query, v.Variable)
			}
		}
	}
	var headers map[string]string
	must(t, json.Unmarshal([]byte(bearer), &headers))
	for _, c := range headers["Authorization"] {
		if c > '~' {
			t.Errorf("browsers do not send %q in a header", c)
		}
	}
}
