package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// code is a block of a document, and where it stands.
type code struct {
	At   string `json:"at"`
	Text string `json:"text"`
}

// Blocks of JavaScript, TypeScript and Python in documents are read as such. What they
// do is for the tests of their pages.
func TestCodeInDocuments(t *testing.T) {
	t.Parallel()
	blocks := map[string][]code{}
	for _, p := range testenv.Pages(t) {
		for _, b := range p.Blocks {
			blocks[b.Lang] = append(blocks[b.Lang], code{fmt.Sprintf("%s:%d", p.Path, b.Line), b.Text})
		}
	}
	if len(blocks["js"]) < 5 {
		t.Errorf("only %d blocks of JavaScript were found", len(blocks["js"]))
	}
	node := []string{testenv.Need(t, "TEST_NODE"), "--no-warnings", "--experimental-vm-modules", filepath.Join(testenv.Need(t, "TEST_E2E"), "documents.mjs")}
	parse(t, blocks["js"], node...)
	parse(t, blocks["python"], "python3", "-c", `
import ast, json, sys
for block in json.load(sys.stdin):
    try:
        ast.parse(block["text"])
    except SyntaxError as e:
        print(f"{block['at']}: {e}")`)
	parseTypeScript(t, append(named(blocks["ts"], ".ts"), named(blocks["tsx"], ".tsx")...))
}

// parse hands blocks to a program, which prints what is wrong.
func parse(t *testing.T, blocks []code, program ...string) {
	t.Helper()
	if len(blocks) == 0 {
		return
	}
	list, err := json.Marshal(blocks)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program[0], program[1:]...)
	cmd.Stdin = strings.NewReader(string(list))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// named are the blocks, each with a name for its file.
func named(blocks []code, ending string) (files []code) {
	for i, b := range blocks {
		files = append(files, code{fmt.Sprintf("%d-%s%s", i, strings.NewReplacer("/", "_", ":", "_").Replace(b.At), ending), b.Text})
	}
	return files
}

// parseTypeScript has the compiler read files, without looking
// up what they import.
func parseTypeScript(t *testing.T, files []code) {
	t.Helper()
	if len(files) == 0 {
		return
	}
	dir := t.TempDir()
	compiler := filepath.Join(testenv.Need(t, "TEST_E2E"), "node_modules/typescript/bin/tsc")
	args := []string{compiler, "--noEmit", "--noCheck", "--noResolve", "--ignoreConfig", "--module", "esnext", "--target", "esnext", "--jsx", "preserve"}
	for _, f := range files {
		name := filepath.Join(dir, f.At)
		if err := os.WriteFile(name, []byte(f.Text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	if out, err := exec.CommandContext(t.Context(), testenv.Need(t, "TEST_NODE"), args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
