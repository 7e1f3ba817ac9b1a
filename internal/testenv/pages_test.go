package testenv

import (
	"slices"
	"testing"
)

const samplePage = "# The `house`: A & B\n\nSee [a](docs/a.md#b), ![b](b.svg \"B\"), `[no](link.md)` and\n`go\nrun .`.\n\n" +
	"## Twice\n\n<a id=\"here\"></a>\n\n```sh\n# no heading\necho 1\n```\n```json\n{}\n```\n\n- text\n\n  ```sh norun\n  indented\n    more\n  ```\n\n" +
	"## Twice\n\n<source srcset=\"dark.svg 1x, big.svg 2x\"> <img src=\"light.svg\">\n\n[ref]: https://example.org/x\n"

func TestReadPage(t *testing.T) {
	p := ReadPage("x.md", samplePage)
	for what, both := range map[string][2][]string{
		"anchors": {p.Anchors, {"the-house-a--b", "twice", "twice-1", "here"}},
		"links":   {p.Links, {"docs/a.md#b", "b.svg", "dark.svg", "big.svg", "light.svg", "https://example.org/x"}},
		"code":    {p.Code, {"house", "[no](link.md)", "go run ."}},
	} {
		if !slices.Equal(both[0], both[1]) {
			t.Errorf("%s: got %q, want %q", what, both[0], both[1])
		}
	}
	if len(p.Blocks) != 3 {
		t.Fatalf("got %d blocks: %+v", len(p.Blocks), p.Blocks)
	}
	first, last := p.Blocks[0], p.Blocks[2]
	if !first.Runs() || first.Text != "# no heading\necho 1\n" || first.Line != 11 || first.Answer == nil || first.Answer.Lang != "json" {
		t.Errorf("the first block: %+v", first)
	}
	if last.Runs() || last.Note != "norun" || last.Text != "indented\n  more\n" || last.Answer != nil {
		t.Errorf("the last block: %+v", last)
	}
	if open := ReadPage("x.md", "```sh\necho\n"); open.Blocks[0].Note != "without an end" {
		t.Errorf("an open block: %+v", open.Blocks)
	}
}
