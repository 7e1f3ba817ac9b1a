package browser_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// accessible has axe look at the page by some of its rules, or by all for {}.
func (b *tab) accessible(what, rules string) {
	b.t.Helper()
	axe, err := os.ReadFile(filepath.Join(b.packages, "axe-core/axe.min.js"))
	must(b.t, err)
	b.runs(string(axe))
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`axe.run(`+rules+`).then(r => r.violations.map(v => v.id + ": " + v.nodes.map(n => n.target + " " + n.failureSummary).join(" | ")))`, chromedp.EvalAwaitPromise))
	must(b.t, err)
	for _, f := range found {
		b.t.Errorf("%s: %s", what, f)
	}
}

// Everybody can use the pages: axe finds nothing in any state, in either colours.
// The states are the golden files of the package web, whose stylesheet is theirs.
func TestPagesAccessible(t *testing.T) {
	t.Parallel()
	const golden = "../internal/web/testdata"
	states, err := filepath.Glob(golden + "/*.html")
	must(t, err)
	if len(states) == 0 {
		t.Fatal("no states")
	}
	b := open(t)
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(golden)))
	web := http.FileServer(http.Dir("../internal/web"))
	mux.Handle("/page.css", web)
	mux.Handle("/explorer/", web)
	server := httptest.NewServer(mux)
	defer server.Close()
	cards := map[float64]string{} // a page by where its card begins
	for _, colours := range []string{"light", "dark"} {
		b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: colours}},
			})
			return err
		}), chromedp.EmulateViewport(360, 720))
		for _, state := range states {
			state = filepath.Base(state)
			b.do(chromedp.Navigate(server.URL + "/" + state))
			b.says(`getComputedStyle(document.body).margin`, "0px") // the stylesheet is there
			rules := `{}`
			if colours == "dark" {
				rules = `{runOnly: ["color-contrast"]}` // nothing else differs
			}
			b.accessible(state+", "+colours, rules)
			top, err := chromedp.Run(b.ctx, chromedp.Evaluate[float64](`(card => card ? card.getBoundingClientRect().top + scrollY : 0)(document.querySelector("main:not(.wide, .explorer) > .sheet"))`))
			must(t, err)
			if top != 0 && cards[top] == "" {
				cards[top] = state
			}
			wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth`))
			must(t, err)
			if wide > 360 {
				t.Errorf("%s scrolls sideways: %d pixels wide in a window of 360", state, wide)
			}
		}
	}
	if len(cards) != 1 {
		t.Errorf("the card has no place of its own, from step to step: %v", cards)
	}
}
