package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// differs stands in a message for what is not the same each time, here and in the pages.
const differs = "…"

// A saying is a text of the program that somebody may look up, and where it stands.
type saying struct{ at, text string }

// documented reports whether a page has the text in code: as it stands, with differs in the
// place of some of it, or with what may stand in the place of differs in it.
func (s saying) documented(spans []string) bool {
	return slices.ContainsFunc(spans, func(span string) bool {
		return s.text == span || matches(s.text, span) || matches(span, s.text)
	})
}

// matches reports whether a pattern with differs in it, and enough besides to mean something,
// can stand for a text.
func matches(pattern, text string) bool {
	if !strings.Contains(pattern, differs) || len(strings.ReplaceAll(pattern, differs, "")) < 8 {
		return false
	}
	return regexp.MustCompile(`^` + strings.ReplaceAll(regexp.QuoteMeta(pattern), differs, `.*`) + `$`).MatchString(text)
}

// spansOf is what stands in code on a page, with the | of tables as they are.
func spansOf(t *testing.T, file string) []string {
	t.Helper()
	for _, p := range testenv.Pages(t) {
		if p.Path == file {
			return p.Code
		}
	}
	t.Fatalf("there is no %s", file)
	return nil
}

// Each line of the log of the level warn or above stands on the page about logs, with what it
// means and what to do.
func TestLogLinesInDocuments(t *testing.T) {
	t.Parallel()
	spans := spansOf(t, "docs/logs.md")
	all := append(loggedLines(t), warnedEvents(t)...)
	for _, s := range all {
		if !s.documented(spans) {
			t.Errorf("%s logs %q, and docs/logs.md does not say what to do about it", s.at, s.text)
		}
	}
	if len(all) < 30 {
		t.Errorf("only %d lines were found", len(all))
	}
}

// handed are functions that are handed the message of a line, by the file that they are in,
// and by the argument that it is.
var handed = map[string]struct {
	call string
	arg  int
}{
	"internal/request/fault.go": {"tell", 1},
}

// loggedLines returns the messages of all lines that may be of the level warn or above.
func loggedLines(t *testing.T) (all []saying) {
	t.Helper()
	each(t, func(file string, set *token.FileSet, parsed *ast.File) {
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			var message ast.Expr
			switch f := call.Fun.(type) {
			case *ast.SelectorExpr:
				if f.Sel.Name == "Msg" && len(call.Args) == 1 && !quiet(f.X) {
					message = call.Args[0]
				}
			case *ast.Ident:
				if h, ok := handed[file]; ok && f.Name == h.call {
					message = call.Args[h.arg]
				}
			}
			if message == nil {
				return true
			}
			text := textOf(message)
			_, isHanded := handed[file]
			if strings.Trim(text, differs+" ") == "" && (isHanded || file == "internal/auth/event.go" || file == "settings.go") {
				return true // what it is handed, warnedEvents, and the warnings of settings, which say what to do
			}
			all = append(all, saying{set.Position(call.Pos()).String(), text})
			return true
		})
	})
	return all
}

// quiet reports whether a line is of the level info or below, as far as can be seen where it
// is written.
func quiet(line ast.Expr) (is bool) {
	ast.Inspect(line, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			is = is || slices.Contains([]string{"Info", "Debug", "Trace", "InfoLevel", "DebugLevel", "TraceLevel"}, n.Sel.Name)
		case *ast.Ident: // a line that was begun before
			if n.Obj == nil {
				return true
			}
			if begun, ok := n.Obj.Decl.(*ast.AssignStmt); ok && begun.Rhs[0] != line {
				is = is || quiet(begun.Rhs[0])
			}
		}
		return !is
	})
	return is
}

// textOf is a text as it stands in the source, with differs for what does not.
func textOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return text
		}
	case *ast.BinaryExpr:
		return textOf(e.X) + textOf(e.Y)
	}
	return differs
}

// warnedEvents returns the messages of those events that are warnings, by the two tables of
// auth.
func warnedEvents(t *testing.T) (all []saying) {
	t.Helper()
	const file = "internal/auth/event.go"
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	messages, warned := map[string]string{}, []string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		table, ok := v.Values[0].(*ast.CompositeLit)
		if !ok {
			return true
		}
		for _, row := range table.Elts {
			row, ok := row.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			kind, ok := row.Key.(*ast.SelectorExpr)
			switch {
			case !ok:
			case v.Names[0].Name == "warned":
				warned = append(warned, kind.Sel.Name)
			case v.Names[0].Name == "tellings":
				ast.Inspect(row.Value, func(n ast.Node) bool {
					if f, ok := n.(*ast.KeyValueExpr); ok && f.Key.(*ast.Ident).Name == "log" {
						messages[kind.Sel.Name] = textOf(f.Value)
					}
					return true
				})
			}
		}
		return true
	})
	for _, kind := range warned {
		all = append(all, saying{file, messages[kind]})
	}
	if len(all) == 0 {
		t.Errorf("%s has no events that are warnings: this test looks at the wrong place", file)
	}
	return all
}

// each calls f with each file of the program itself.
func each(t *testing.T, f func(file string, set *token.FileSet, parsed *ast.File)) {
	t.Helper()
	set := token.NewFileSet()
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			name := d.Name()
			if name == "testenv" || name == "tools" || name == "node_modules" || name == "testdata" || strings.HasPrefix(name, ".") && name != "." ||
				slices.Contains([]string{"e2e", "browser", "bench", "examples", "verify", "clients"}, file) {
				return fs.SkipDir
			}
			return nil
		case filepath.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(set, file, nil, 0)
		if err == nil {
			f(file, set, parsed)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var formatted = regexp.MustCompile(`%[0-9.]*[a-z]`)

// Each finding of the doctor that is no ok stands on its page, with why it matters, and the
// page has no others.
func TestFindingsInDocuments(t *testing.T) {
	t.Parallel()
	const page = "docs/doctor.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## Findings\n")
	spans, left := []string{}, map[string]bool{}
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, " | "); len(cells) > 2 && !strings.HasPrefix(line, "| Check") && !strings.HasPrefix(line, "|---") {
			spans = append(spans, testenv.ReadPage(page, cells[1]).Code...)
		}
	}
	for _, span := range spans {
		left[span] = true
	}
	n := 0
	each(t, func(file string, set *token.FileSet, parsed *ast.File) {
		if path.Dir(file) != "internal/doctor" {
			return
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || f.Sel.Name != "warn" && f.Sel.Name != "fail" || len(call.Args) < 3 {
				return true
			}
			n++
			said := formatted.ReplaceAllString(textOf(call.Args[2]), differs)
			if !slices.Contains(spans, said) {
				t.Errorf("%s finds %q, which %s does not have", set.Position(call.Pos()), said, page)
			}
			delete(left, said)
			return true
		})
	})
	for span := range left {
		t.Errorf("%s has %q, which is no finding", page, span)
	}
	if n < 30 {
		t.Errorf("only %d findings were found", n)
	}
}

// A line that the page does not have is found.
func TestDocumented(t *testing.T) {
	t.Parallel()
	spans := []string{"mail given up", "passkeys are of no use: …", "…", "sweep"}
	for text, is := range map[string]bool{
		"… given up": true, "passkeys are of no use: they were made elsewhere": true, "sweep": true,
		"swept": false, "mail": false, "something new": false, "… taken up": false,
	} {
		if got := (saying{"", text}).documented(spans); got != is {
			t.Errorf("%q: documented %t", text, got)
		}
	}
}
