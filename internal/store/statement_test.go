package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	verb      = regexp.MustCompile(`(?i)^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b`)
	statement = regexp.MustCompile(`(?i)^/\* (\w+)[^*]* \*/\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b`)
	nameOf    = regexp.MustCompile(`^/\* ([^*]*) \*/`)
)

// Every statement begins with a name of its own, `/* LoginCandidate */`, by which
// logs and pg_stat_statements tell it from the others: the function that runs it,
// and behind that what tells further statements of the same function apart. Two
// constants that say one thing to the two databases share a name.
func TestStatementsHaveNames(t *testing.T) {
	t.Parallel()
	if len(statements(t)) == 0 {
		t.Error("no statement was found")
	}
}

// statements returns where each statement of the package stands, by its name. What is wrong
// with a name fails the test.
func statements(t *testing.T) map[string]token.Position {
	t.Helper()
	functions := map[string]bool{}
	named := map[string]token.Position{}
	var files []*ast.File
	set := token.NewFileSet()
	entries, err := os.ReadDir(".")
	must(t, err)
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, entry.Name(), nil, 0)
		must(t, err)
		files = append(files, file)
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				functions[f.Name.Name] = true
			}
		}
	}
	for _, file := range files {
		constants := map[string]string{} // of the file: where a literal stands, the constant that it begins
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, value := range n.Values {
					constants[set.Position(value.Pos()).String()] = n.Names[i].Name
				}
			case *ast.BasicLit:
				if n.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(n.Value)
				must(t, err)
				at := set.Position(n.Pos())
				is := statement.FindStringSubmatch(text)
				switch {
				case verb.MatchString(text):
					t.Errorf("%s: a statement without a name: %.60q", at, text)
				case is == nil && strings.HasPrefix(text, "/*"):
					t.Errorf("%s: a name without a statement: %.60q", at, text)
				case is == nil:
				case !functions[is[1]]:
					t.Errorf("%s: %q is no function of this package", at, is[1])
				default:
					name := nameOf.FindStringSubmatch(text)[1]
					constant := constants[at.String()]
					oneOfTwo := strings.HasSuffix(constant, "Postgres") || strings.HasSuffix(constant, "SQLite")
					if earlier, ok := named[name]; ok && !oneOfTwo {
						t.Errorf("%s: %q is the name of the statement at %s", at, name, earlier)
					}
					named[name] = at
				}
			}
			return true
		})
	}
	return named
}
