package testenv

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// Page is a Markdown file of the project, as the tests of documents read it.
type Page struct {
	Path    string   // from the project's root, with slashes
	Blocks  []Block  // of code, in order
	Code    []string // what stands between backticks in its text
	Links   []string // where its links and images lead
	Anchors []string // what links to it may name behind a #
}

// Block is a fenced block of code.
type Block struct {
	Lang   string // the first word behind the fence, such as sh
	Note   string // what else stands there, such as norun
	Text   string
	Line   int    // of its first fence
	Answer *Block // the block that begins in the line behind its end: what its commands print
}

// Runs says whether the block is for a shell, and is run by the tests.
func (b Block) Runs() bool { return b.Lang == "sh" && b.Note == "" }

// Pages returns every Markdown file of the project, sorted by path.
func Pages(t testing.TB) (pages []Page) {
	t.Helper()
	files := os.DirFS(root())
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		text, err := fs.ReadFile(files, path)
		pages = append(pages, ReadPage(path, string(text)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

var (
	fence     = regexp.MustCompile("^( *)(```+)([^`]*)$")
	heading   = regexp.MustCompile(`^#{1,6} +(.+?)(?: +#+)?$`)
	codeSpan  = regexp.MustCompile("(?s)(`+)(.+?)(`+)")
	leads     = regexp.MustCompile(`\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|(?m:^ *\[[^\]]+\]: +(\S+))|(?:href|src|srcset)="([^"]+)"`)
	anchor    = regexp.MustCompile(`<\w+ (?:id|name)="([^"]+)"`)
	linkText  = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	paragraph = regexp.MustCompile(`\n[ \t]*\n`)
)

// ReadPage takes a Markdown text apart.
func ReadPage(path, text string) Page {
	page := Page{Path: path}
	var prose strings.Builder
	taken := map[string]int{}
	var open *Block
	var ticks, indent string
	ends := map[int]int{} // the line that ends a block, and its number in Blocks
	for i, line := range strings.Split(text, "\n") {
		at := fence.FindStringSubmatch(line)
		switch {
		case open == nil && at != nil:
			lang, note, _ := strings.Cut(strings.TrimSpace(at[3]), " ")
			open, indent, ticks = &Block{Lang: lang, Note: note, Line: i + 1}, at[1], at[2]
		case open != nil && at != nil && strings.HasPrefix(at[2], ticks) && strings.TrimSpace(at[3]) == "":
			page.Blocks = append(page.Blocks, *open)
			ends[i+1] = len(page.Blocks) - 1
			open = nil
			prose.WriteString("\n") // a block ends a paragraph
		case open != nil:
			open.Text += strings.TrimPrefix(line, indent) + "\n"
		default:
			if at := heading.FindStringSubmatch(line); at != nil {
				page.Anchors = append(page.Anchors, numbered(slug(at[1]), taken))
			}
			prose.WriteString(line + "\n")
		}
	}
	if open != nil {
		page.Blocks = append(page.Blocks, Block{Lang: open.Lang, Note: "without an end", Line: open.Line})
	}
	for i := range page.Blocks {
		if before, ok := ends[page.Blocks[i].Line-1]; ok && page.Blocks[i].Lang != "sh" {
			page.Blocks[before].Answer = &page.Blocks[i]
		}
	}
	page.read(prose.String())
	return page
}

// read takes what stands outside of blocks.
func (p *Page) read(prose string) {
	for _, part := range paragraph.Split(prose, -1) {
		for _, at := range codeSpan.FindAllStringSubmatch(part, -1) {
			if at[1] == at[3] {
				p.Code = append(p.Code, strings.Join(strings.Fields(at[2]), " "))
			}
		}
		text := codeSpan.ReplaceAllString(part, "")
		for _, at := range leads.FindAllStringSubmatch(text, -1) {
			for target := range strings.SplitSeq(at[1]+at[2]+at[3], ",") { // srcset has several
				p.Links = append(p.Links, strings.Fields(target + " .")[0])
			}
		}
		for _, at := range anchor.FindAllStringSubmatch(text, -1) {
			p.Anchors = append(p.Anchors, at[1])
		}
	}
}

// slug is the anchor that GitHub gives a heading: its text in lower case, letters and
// digits of any script, underscores and hyphens, with a hyphen for each space.
func slug(heading string) string {
	text := linkText.ReplaceAllString(heading, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// numbered tells apart headings of one page that have the same anchor: the second
// ends in -1.
func numbered(slug string, taken map[string]int) string {
	n := taken[slug]
	taken[slug]++
	if n == 0 {
		return slug
	}
	return fmt.Sprintf("%s-%d", slug, n)
}

// Settings returns the names that .env.example has, in its order.
func Settings(t testing.TB) (names []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(), ".env.example"))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range regexp.MustCompile(`(?m)^#?([A-Z][A-Z0-9_]*)=`).FindAllStringSubmatch(string(text), -1) {
		names = append(names, at[1])
	}
	return slices.Clip(names)
}
