package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// claimsFile writes one.
func claimsFile(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "claims.json")
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
	return file
}

func TestClaimsFile_F6(t *testing.T) {
	t.Parallel()
	const good = `{"https://example.org/role": "$role", "x": {"y": 1}}`
	c, warnings, err := load(vars{"CLAIMS_FILE": claimsFile(t, good, 0o644)})
	if err != nil || len(warnings) > 0 || !slices.Equal(c.Claims.Names(), []string{"https://example.org/role", "x"}) {
		t.Errorf("got %v, %v, %v", c.Claims, warnings, err)
	}
	if _, warnings, err = load(vars{"CLAIMS_FILE": claimsFile(t, good, 0o664)}); err != nil || len(warnings) != 1 || warnings[0].Name != "CLAIMS_FILE" {
		t.Errorf("a file that others write: %v, %v", warnings, err)
	}
	if c, _, err = load(nil); err != nil || c.Claims != nil {
		t.Errorf("without a file: %v, %v", c.Claims, err)
	}
	for _, file := range []string{claimsFile(t, "", 0o644), claimsFile(t, strings.Repeat(" ", 1025)+good, 0o644), t.TempDir(), "/nowhere/claims.json"} {
		if says := mistaken(t, vars{"CLAIMS_FILE": file}, "CLAIMS_FILE"); strings.Contains(says, file) {
			t.Errorf("the mistake quotes the value: %s", says)
		}
	}
}
