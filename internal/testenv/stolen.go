package testenv

import (
	"bytes"
	//lint:ignore G505 what such lists name passwords by
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/breach"
)

// StolenList makes a list of stolen passwords for BREACHED_PASSWORDS, and returns its path.
func StolenList(t testing.TB, passwords ...string) string {
	t.Helper()
	lines := make([]string, len(passwords))
	for i, p := range passwords {
		//lint:ignore G401 as above
		lines[i] = fmt.Sprintf("%X:%d\r\n", sha1.Sum([]byte(p)), i+1)
	}
	slices.Sort(lines)
	var list bytes.Buffer
	if _, err := breach.Build(&list, strings.NewReader(strings.Join(lines, "")), 1); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "breaches.lkb")
	if err := os.WriteFile(path, list.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
