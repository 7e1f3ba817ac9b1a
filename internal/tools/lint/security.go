package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/securego/gosec/v2/analyzers"
	"github.com/securego/gosec/v2/goanalysis"
	"github.com/securego/gosec/v2/rules"
	"golang.org/x/tools/go/analysis"
)

// security is all of gosec, on what is no test: tests hold passwords, write files
// and start programs for a living. Its findings carry the names of gosec's rules.
var security = &analysis.Analyzer{
	Name:     "gosec",
	Doc:      goanalysis.Doc,
	Requires: goanalysis.Analyzer.Requires,
	Run: func(pass *analysis.Pass) (any, error) {
		code := *pass
		code.Report = func(d analysis.Diagnostic) {
			test := strings.HasSuffix(pass.Fset.Position(d.Pos).Filename, "_test.go")
			if !test && (d.Category != unhandled || !neverFails(pass, d.Pos)) {
				pass.Report(d)
			}
		}
		for _, file := range pass.Files {
			for _, group := range file.Comments {
				for _, c := range group.List {
					if ownMark.MatchString(c.Text) {
						pass.Report(analysis.Diagnostic{Pos: c.Pos(), Message: "mark it with //lint:ignore, which asks for a reason"})
					}
				}
			}
		}
		return goanalysis.Analyzer.Run(&code)
	},
}

// ownMark is how gosec has findings ignored, without a reason and also where there
// is none any more.
var ownMark = regexp.MustCompile(`^/[/*]\s*(#nosec|gosec:disable)`)

// unhandled is gosec's rule against errors that nobody looks at.
const unhandled = "G104"

// neverFails reports whether the call at pos writes to what documents that its error
// is always nil: a buffer, a builder, a hash. gosec knows these, but not by their
// pointers.
func neverFails(pass *analysis.Pass, pos token.Pos) (sure bool) {
	for _, file := range pass.Files {
		if pos < file.FileStart || pos >= file.FileEnd {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || call.Pos() != pos {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			receivers := []types.Type{pass.TypesInfo.TypeOf(method.X)} // an interface's own name
			if f, ok := pass.TypesInfo.Uses[method.Sel].(*types.Func); ok && f.Signature().Recv() != nil {
				receivers = append(receivers, f.Signature().Recv().Type()) // of what a struct embeds
			}
			sure = slices.ContainsFunc(receivers, func(t types.Type) bool {
				return slices.Contains([]string{"bytes.Buffer", "strings.Builder", "hash.Hash"}, strings.TrimPrefix(types.TypeString(t, nil), "*"))
			})
			return false
		})
	}
	return sure
}

// securityRules makes the names of gosec's rules known, so that one can be ignored
// by itself. They find nothing: security does.
func securityRules() (list []*analysis.Analyzer) {
	ids := map[string]string{}
	for id, rule := range rules.Generate(false).Rules {
		ids[id] = rule.Description
	}
	for id, analyzer := range analyzers.Generate(false).Analyzers {
		ids[id] = analyzer.Description
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		list = append(list, &analysis.Analyzer{Name: id, Doc: ids[id], Run: func(*analysis.Pass) (any, error) { return nil, nil }})
	}
	return list
}
