package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Each finding must be found, and be ignored for a reason alone, or the check
// checks nothing.
func TestFindings(t *testing.T) {
	t.Parallel()
	const code = `// Package sample is read by a test.
package sample

import (
	"bytes"
	"math/rand/v2"
)

// Roll rolls a die.
func Roll(n int) int {
	// MARK
	return rand.IntN(n) // ROLL
}

// Write writes into what never fails.
func Write(b *bytes.Buffer) { b.WriteString("x") }
`
	// Built as ./test does, so that both remember what they read of Go's own packages.
	program := filepath.Join(t.TempDir(), "lint")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	tests := []struct{ name, old, new, says string }{ // says is "" where all is well
		{"gosec", "", "", "(G404)"},
		{"a reason", "// MARK", "//lint:ignore G404 a game", ""},
		{"no reason", "// MARK", "//lint:ignore G404", "malformed linter directive"},
		{"another rule", "// MARK", "//lint:ignore G101 a reason", "(G404)"},
		{"nothing to ignore", "// Write writes", "//lint:ignore G404 a reason\n// Write writes", "didn't match anything"},
		{"gosec's own mark", "// ROLL", "// #nosec G404 -- a reason", "mark it with //lint:ignore"},
		{"staticcheck", "return rand", "if n == n {\n\t\treturn 0\n\t}\n\treturn rand", "(SA4000)"},
		{"unused", "// Write writes", "func unused() {}\n\n// Write writes", "(U1000)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			text := strings.Replace(code, tt.old, tt.new, 1)
			for name, content := range map[string]string{"go.mod": "module sample\n\ngo 1.26.0\n", "sample.go": text} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(program, "./...")
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if (err == nil) != (tt.says == "") || !strings.Contains(string(out), tt.says) {
				t.Errorf("%v, says %q, want %q", err, out, tt.says)
			}
		})
	}
}
