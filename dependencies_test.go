package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/dependencies.md lists what go.mod asks for by itself, and tells what is in
// the program from what only tests use.
func TestDependenciesAreExplained(t *testing.T) {
	page, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| (\S+/\S+) \| (yes|no) \| \S.* \|$`).FindAllStringSubmatch(string(page), -1) {
		listed[m[1]] = m[2]
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{if not (or .Indirect .Main)}}{{.Path}}{{end}}", "all").Output()
	if err != nil {
		t.Fatal(err)
	}
	direct := strings.Fields(string(out))
	deps, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	inProgram := strings.Fields(string(deps))
	for _, module := range direct {
		want := "no"
		if slices.Contains(inProgram, module) {
			want = "yes"
		}
		if got := listed[module]; got != want {
			t.Errorf("docs/dependencies.md says %q of %s, want %q", got, module, want)
		}
		delete(listed, module)
	}
	for module := range listed {
		t.Errorf("docs/dependencies.md lists %s, which go.mod does not ask for", module)
	}
}

// docs/dependencies.md lists what the other modules ask for by themselves, too, but for
// each other.
func TestToolsAreExplained(t *testing.T) {
	page, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[[2]string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\| (\S+/\S+) \| (internal/tools/\w+|bench|verify\S*|examples/\w+) \| \S.* \|$`).FindAllStringSubmatch(string(page), -1) {
		listed[[2]string{m[1], m[2]}] = true
	}
	var files []string
	for _, pattern := range []string{"internal/tools/*", "bench", "verify", "verify/*", "examples/*"} {
		found, err := filepath.Glob(pattern + "/go.mod")
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		out, err := exec.Command("go", "mod", "edit", "-json", file).Output()
		if err != nil {
			t.Fatal(err)
		}
		var mod struct {
			Require []struct {
				Path     string
				Indirect bool
			}
			Tool []struct{ Path string }
		}
		if err := json.Unmarshal(out, &mod); err != nil {
			t.Fatal(err)
		}
		for _, r := range mod.Require {
			if r.Path == "latchkey" || strings.HasPrefix(r.Path, "latchkey/") {
				continue
			}
			isTool := slices.ContainsFunc(mod.Tool, func(tool struct{ Path string }) bool { return strings.HasPrefix(tool.Path+"/", r.Path+"/") })
			row := [2]string{r.Path, filepath.ToSlash(filepath.Dir(file))}
			if (!r.Indirect || isTool) && !listed[row] {
				t.Errorf("docs/dependencies.md does not say why %s asks for %s", file, r.Path)
			}
			if !r.Indirect || isTool {
				delete(listed, row)
			}
		}
	}
	for row := range listed {
		t.Errorf("docs/dependencies.md lists %s for %s, which does not ask for it", row[0], row[1])
	}
}
