// Command lint reads the code of a module for mistakes, by all the default checks
// of staticcheck and all rules of gosec, and exits with 1 if it finds any:
//
//	go -C internal/tools/lint build -o /tmp/lint . && /tmp/lint ./...
//
// One program loads the code once for both, and remembers what it found in files
// that did not change. What is no mistake is marked where it stands, with a reason:
//
//	//lint:ignore G304 the operator names this file
//
// A mark without a reason, or of which nothing is true any more, is a finding. It
// is a module of its own so that the product does not depend on the checkers.
package main

import (
	"os"

	"golang.org/x/tools/go/analysis"
	"honnef.co/go/tools/lintcmd"
	"honnef.co/go/tools/simple"
	"honnef.co/go/tools/staticcheck"
	"honnef.co/go/tools/stylecheck"
	"honnef.co/go/tools/unused"
)

func main() {
	cmd := lintcmd.NewCommand("lint")
	cmd.SetVersion("0.8.2", "v0.8.2") // what it remembers is kept apart by this
	cmd.ParseFlags(os.Args[1:])
	cmd.AddAnalyzers(simple.Analyzers...)
	cmd.AddAnalyzers(staticcheck.Analyzers...)
	cmd.AddAnalyzers(stylecheck.Analyzers...)
	cmd.AddAnalyzers(unused.Analyzer)
	cmd.AddBareAnalyzers(append([]*analysis.Analyzer{security}, securityRules()...)...)
	cmd.Run()
}
