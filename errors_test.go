package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// docs/errors.md has every code by which a request fails, every reason, and every mistake that
// a payload can have, each once and none that is not there.
func TestErrorsAreExplained(t *testing.T) {
	read := func(path string) string {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: read("schema.graphqls")})
	if err != nil {
		t.Fatal(err)
	}
	page := read("docs/errors.md")
	_, failures, ok1 := strings.Cut(page, "\n## Failures\n")
	failures, mistakes, ok2 := strings.Cut(failures, "\n## Mistakes\n")
	if !ok1 || !ok2 {
		t.Fatal("docs/errors.md has no Failures, or no Mistakes behind them")
	}

	var codes []string
	for _, value := range schema.Types["UserErrorCode"].EnumValues {
		codes = append(codes, value.Name)
	}
	mustList(t, "mistakes", column(mistakes, 3, 0), codes)

	// GraphQL has no type for failures: the schema lists each code with its reasons.
	codes = nil
	var reasons []string
	for line := range strings.Lines(schema.Types["UserError"].Description) {
		if names := regexp.MustCompile("`([A-Z_]+)`").FindAllStringSubmatch(line, -1); strings.HasPrefix(line, "- ") {
			codes = append(codes, names[0][1])
			for _, name := range names[1:] {
				reasons = append(reasons, name[1])
			}
		}
	}
	mustList(t, "failures", column(failures, 4, 0), codes)
	mustList(t, "reasons", column(failures, 4, 1), reasons)

	sources(t, func(dir, path string) {
		if dir != "graph" && dir != "internal/auth" {
			return
		}
		for _, m := range regexp.MustCompile(`\bReason\w*(?:: | += )"([A-Z_]+)"`).FindAllStringSubmatch(read(path), -1) {
			if m[1] != "OTHER_CLIENT" && !slices.Contains(reasons, m[1]) { // which is of OAuth alone
				t.Errorf("%s has the reason %s, which the schema does not list", path, m[1])
			}
		}
	})
}

// column returns what stands between backticks in one column of the rows of a table that has
// this many, of which the last two say something.
func column(table string, columns, n int) (names []string) {
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != columns || strings.TrimSpace(cells[columns-2]) == "" || strings.TrimSpace(cells[columns-1]) == "" {
			continue
		}
		if name, ok := strings.CutPrefix(strings.TrimSpace(cells[n]), "`"); ok {
			names = append(names, strings.TrimSuffix(name, "`"))
		}
	}
	return names
}

// mustList fails the test unless the page has what is wanted, each once.
func mustList(t *testing.T, what string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("docs/errors.md has the %s\n%v, want\n%v", what, got, want)
	}
}
