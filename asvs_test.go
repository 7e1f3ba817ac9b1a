package main

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// asvsChapters are the requirements of levels 1 and 2 in each chapter of the OWASP
// ASVS 5.0.0, by the release's file
// OWASP_Application_Security_Verification_Standard_5.0.0_en.csv.
var asvsChapters = [17][2]int{
	{8, 19}, {4, 7}, {8, 11}, {2, 8}, {4, 5}, {13, 22}, {6, 12}, {4, 3}, {4, 3},
	{5, 24}, {3, 11}, {3, 6}, {1, 12}, {2, 7}, {3, 10}, {0, 16}, {0, 7},
}

// What docs/asvs.md looks like.
var (
	asvsRow     = regexp.MustCompile(`(?m)^\| (\d+)\.(\d+)\.(\d+) \| ([12]) \| ([^|]+) \| (met|not applicable|not met) \| ([^|]+) \|$`)
	asvsAnyRow  = regexp.MustCompile(`(?m)^\| \d.*$`)
	asvsChapter = regexp.MustCompile(`(?m)^## V(\d+) `)
	asvsWhole   = regexp.MustCompile(`(?m)^(\d+) requirements \((?:(\d+) of level 1 and )?(\d+) of level 2\): not applicable, .+\.$`)
	asvsTotal   = regexp.MustCompile(`(?m)^\| (met|not applicable|not met|all) \| (\d+) \| (\d+) \| (\d+) \|$`)
	asvsNotMet  = regexp.MustCompile(`(?m)^Of the (\d+) that are not met, an operator meets (\d+) .* The other (\d+) need a change of Latchkey, or of how it is released\.$`)
)

// requirement is a row of docs/asvs.md.
type requirement struct {
	id               [3]int
	level            int
	subject, verdict string
	by               string // what shows it, or why not
}

// docs/asvs.md has every requirement once, in order, with a verdict that something
// shows; its counts are those of its rows, and what it names is there.
func TestASVS(t *testing.T) {
	b, err := os.ReadFile("docs/asvs.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	rows := asvsRows(t, page)
	counts := map[string][3]int{} // by verdict: level 1, level 2, those of the operator
	chapters := [17][2]int{}
	count := func(chapter, level, n int, verdict string) {
		c := counts[verdict]
		c[level-1] += n
		counts[verdict] = c
		chapters[chapter-1][level-1] += n
	}
	for _, r := range rows {
		count(r.id[0], r.level, 1, r.verdict)
		operators := strings.HasPrefix(r.by, "The operator's: ")
		if operators && r.verdict != "not met" {
			t.Errorf("%v is %s and the operator's", r.id, r.verdict)
		}
		if operators {
			c := counts[r.verdict]
			c[2]++
			counts[r.verdict] = c
		}
		if n := len(strings.Fields(r.subject)); n < 2 || n > 10 {
			t.Errorf("%v: a subject of %d words", r.id, n)
		}
		if r.verdict == "met" && !regexp.MustCompile("`[\\w./-]+`|\\]\\(|\\b[A-IR]\\d").MatchString(r.by) {
			t.Errorf("%v is met by nothing: %s", r.id, r.by)
		}
	}
	for _, part := range asvsChapter.FindAllStringSubmatchIndex(page, -1) {
		chapter, _ := strconv.Atoi(page[part[2]:part[3]])
		text, _, _ := strings.Cut(page[part[1]:], "\n## ")
		if m := asvsWhole.FindStringSubmatch(text); m != nil {
			all, one, two := number(m[1]), number(m[2]), number(m[3])
			if all != one+two {
				t.Errorf("V%d: %s", chapter, m[0])
			}
			count(chapter, 1, one, "not applicable")
			count(chapter, 2, two, "not applicable")
		}
	}
	if chapters != asvsChapters {
		t.Errorf("requirements in each chapter:\ngot  %v\nwant %v", chapters, asvsChapters)
	}
	mustCountASVS(t, page, counts)
	mustExist(t, page)
}

// asvsRows are the rows of the page, which come in order, each once.
func asvsRows(t *testing.T, page string) (rows []requirement) {
	t.Helper()
	for _, m := range asvsRow.FindAllStringSubmatch(page, -1) {
		rows = append(rows, requirement{[3]int{number(m[1]), number(m[2]), number(m[3])}, number(m[4]), m[5], m[6], m[7]})
	}
	if n := len(asvsAnyRow.FindAllString(page, -1)); n != len(rows) {
		t.Errorf("%d rows, of which %d can be read", n, len(rows))
	}
	chapter := 0
	for line := range strings.Lines(page) {
		if m := asvsChapter.FindStringSubmatch(line); m != nil {
			chapter = number(m[1])
		} else if m := asvsRow.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil && number(m[1]) != chapter {
			t.Errorf("in chapter %d: %s", chapter, line)
		}
	}
	for i := 1; i < len(rows); i++ {
		if slices.Compare(rows[i-1].id[:], rows[i].id[:]) >= 0 {
			t.Errorf("%v comes before %v", rows[i-1].id, rows[i].id)
		}
	}
	return rows
}

// mustCountASVS fails the test if what the page says of itself is not so.
func mustCountASVS(t *testing.T, page string, counts map[string][3]int) {
	t.Helper()
	all := [3]int{}
	for _, c := range counts {
		all[0], all[1] = all[0]+c[0], all[1]+c[1]
	}
	counts["all"] = all
	totals := asvsTotal.FindAllStringSubmatch(page, -1)
	if len(totals) != len(counts) {
		t.Errorf("%d totals, want %d", len(totals), len(counts))
	}
	for _, m := range totals {
		c := counts[m[1]]
		want := fmt.Sprintf("| %s | %d | %d | %d |", m[1], c[0], c[1], c[0]+c[1])
		if m[0] != want {
			t.Errorf("got %s, want %s", m[0], want)
		}
	}
	c := counts["not met"]
	m := asvsNotMet.FindStringSubmatch(page)
	if m == nil || number(m[1]) != c[0]+c[1] || number(m[2]) != c[2] || number(m[3]) != c[0]+c[1]-c[2] {
		t.Errorf("of what is not met, want %d in all, %d by the operator: %q", c[0]+c[1], c[2], m)
	}
}

// mustExist fails the test if the page names a test, a file or a heading that is
// not there.
func mustExist(t *testing.T, page string) {
	t.Helper()
	declared := map[string]bool{}
	name := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range name.FindAllStringSubmatch(string(source), -1) {
			declared[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(page, -1) {
		isFile := strings.Contains(m[1], "/") && !strings.ContainsAny(m[1], " :") && !strings.HasPrefix(m[1], "/")
		isFile = isFile || regexp.MustCompile(`^[\w.-]+\.(go|mod|sum|yml|graphqls)$|^\.(env\.example|dockerignore)$|^Dockerfile$`).MatchString(m[1])
		switch {
		case strings.HasPrefix(m[1], "Test") && !declared[m[1]]:
			t.Errorf("docs/asvs.md names %s, which is no test", m[1])
		case isFile:
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("docs/asvs.md names a file: %v", err)
			}
		}
	}
	for _, m := range regexp.MustCompile(`\]\(([^)#]*)(?:#([^)]+))?\)`).FindAllStringSubmatch(page, -1) {
		if strings.Contains(m[1], "://") {
			continue
		}
		text, err := os.ReadFile(path.Join("docs", cmp.Or(m[1], "asvs.md")))
		if err != nil {
			t.Errorf("docs/asvs.md links: %v", err)
		} else if m[2] != "" && !slices.Contains(headings(string(text)), m[2]) {
			t.Errorf("docs/asvs.md links to %s, which has no heading %s", m[1], m[2])
		}
	}
}

// headings are the anchors of a Markdown page's headings.
func headings(page string) (all []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(page, -1) {
		anchor := strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")
		all = append(all, regexp.MustCompile(`[^\w-]`).ReplaceAllString(anchor, ""))
	}
	return all
}

// number is a row of digits, 0 if there are none.
func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
