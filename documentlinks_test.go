package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// Every relative link in every Markdown file leads to a file of the project, and what
// stands behind its # to a heading or a line of it. docs/README.md leads to every document.
func TestLinks(t *testing.T) {
	t.Parallel()
	pages, anchors := testenv.Pages(t), map[string][]string{}
	for _, p := range pages {
		anchors[p.Path] = p.Anchors
	}
	n := 0
	for _, p := range pages {
		for _, link := range p.Links {
			u, err := url.Parse(link)
			if err != nil {
				t.Errorf("%s: %v", p.Path, err)
				continue
			}
			if u.Scheme != "" {
				continue
			}
			n++
			target := p.Path
			if u.Path != "" {
				target = path.Join(path.Dir(p.Path), u.Path)
			}
			if err := found(target, u.Fragment, anchors); err != nil {
				t.Errorf("%s links to %s: %v", p.Path, link, err)
			}
		}
	}
	for _, p := range pages {
		if dir, name := path.Split(p.Path); dir == "docs/" && name != "README.md" && !slices.Contains(pages[mapOf(pages)].Links, name) {
			t.Errorf("docs/README.md does not lead to %s", name)
		}
	}
	if n < 100 {
		t.Errorf("only %d links were found", n)
	}
	for _, file := range []string{".env.example", "docker-compose.yml", "schema.graphqls"} { // which name pages, too
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range regexp.MustCompile(`\bdocs/[\w-]+\.md`).FindAllString(string(text), -1) {
			if anchors[page] == nil {
				t.Errorf("%s names %s, which is not there", file, page)
			}
		}
	}
}

// mapOf is where the map of the documents stands among the pages.
func mapOf(pages []testenv.Page) int {
	return slices.IndexFunc(pages, func(p testenv.Page) bool { return p.Path == "docs/README.md" })
}

var lineOfCode = regexp.MustCompile(`^L\d+$`)

// found is an error if there is no such file, or no such anchor on it.
func found(target, fragment string, anchors map[string][]string) error {
	if strings.HasPrefix(target, "../") || path.IsAbs(target) {
		return errors.New("outside of the project")
	}
	if _, err := os.Stat(target); err != nil {
		return errors.New("there is no such file")
	}
	isPage := strings.HasSuffix(target, ".md")
	if fragment == "" || !isPage && lineOfCode.MatchString(fragment) {
		return nil
	}
	if !isPage || !slices.Contains(anchors[target], fragment) {
		return errors.New("there is no such heading")
	}
	return nil
}

// A link that leads nowhere is found.
func TestFound(t *testing.T) {
	t.Parallel()
	anchors := map[string][]string{"README.md": {"more"}}
	for _, tt := range []struct {
		target, fragment string
		there            bool
	}{
		{"README.md", "", true},
		{"README.md", "more", true},
		{"docs", "", true},
		{"main.css", "", false},
		{"README.md", "less", false},
		{"app.go", "L10", true},
		{"app.go", "more", false},
		{"../README.md", "", false},
	} {
		if err := found(tt.target, tt.fragment, anchors); (err == nil) != tt.there {
			t.Errorf("%s#%s: %v", tt.target, tt.fragment, err)
		}
	}
}

var (
	changesTo = regexp.MustCompile(`(?m)(?:^|&& )cd ([\w./-]+)`)
	npmRun    = regexp.MustCompile(`\bnpm run ([\w:-]+)`)
)

// Blocks go into folders that are there, and run scripts that their package.json has.
func TestFoldersAndScriptsInDocuments(t *testing.T) {
	t.Parallel()
	for _, p := range testenv.Pages(t) {
		for _, b := range p.Blocks {
			if b.Lang != "sh" {
				continue
			}
			at, dir := fmt.Sprintf("%s:%d", p.Path, b.Line), path.Dir(p.Path)
			if to := changesTo.FindStringSubmatch(b.Text); to != nil {
				dir = to[1] // from the root, where people begin
			}
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				t.Errorf("%s: there is no folder %s", at, dir)
				continue
			}
			for _, run := range npmRun.FindAllStringSubmatch(b.Text, -1) {
				var manifest struct{ Scripts map[string]string }
				text, err := os.ReadFile(path.Join(dir, "package.json"))
				if err == nil {
					err = json.Unmarshal(text, &manifest)
				}
				if err != nil || manifest.Scripts[run[1]] == "" {
					t.Errorf("%s: %s has no script %s: %v", at, dir, run[1], err)
				}
			}
		}
	}
}
