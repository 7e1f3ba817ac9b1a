package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// What the documentation has people build, what the image has, what is tested and what is measured
// are one program.
func TestReleaseFlags(t *testing.T) {
	t.Parallel()
	const tag = "nopgxregisterdefaulttypes"
	builds := regexp.MustCompile(`go build [^\n]*-trimpath[^\n]*|"-trimpath",[^\n]*`)
	if text, err := os.ReadFile("test"); err != nil || !strings.Contains(string(text), `export GOFLAGS="-buildvcs=false -tags=`+tag) {
		t.Errorf("./test has other flags: %v", err)
	}
	for _, name := range []string{"README.md", "docs/systemd.md", "Dockerfile", "internal/testenv/build.go", "bench/product.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found := builds.FindAllString(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s builds nothing", name)
		}
		for _, build := range found {
			if !strings.Contains(build, tag) || !strings.Contains(build, "-s -w") {
				t.Errorf("%s: %s: want -trimpath, the tag %s and -s -w", name, build, tag)
			}
		}
	}
}
