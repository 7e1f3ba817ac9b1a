// Package browser_test looks at the service in a real browser: its pages, the
// explorer, and what pages of other sites can do to it.
package browser_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"

	"latchkey/internal/testenv"
)

// tab is a tab of a real browser.
type tab struct {
	t        *testing.T
	ctx      context.Context
	packages string // the folder of the npm packages

	mu         sync.Mutex
	complaints []string // what the browser logged as errors, violations of the policy among them
}

// open starts a browser, with more flags if a test needs them.
func open(t *testing.T, more ...chromedp.ExecAllocatorOption) *tab {
	t.Helper()
	b := &tab{t: t, packages: filepath.Join(testenv.Need(t, "TEST_E2E"), "node_modules")}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(testenv.Need(t, "TEST_CHROMIUM")), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	opts = append(opts, more...)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits for the browser to end, so that its folder can be deleted
		cancel()
	})
	b.ctx = ctx
	must(t, chromedp.Listen(ctx, func(ev any) {
		if e, ok := ev.(*cdplog.EventEntryAdded); ok && e.Entry.Level == cdplog.EntryLevelError {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.complaints = append(b.complaints, e.Entry.Text+" "+e.Entry.URL)
		}
	}))
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, cdplog.Enable, cdp.Empty{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, target, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	}))
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%v; the browser said %q", err, b.said())
	}
}

// goes runs steps that lead to another page, and returns its status.
func (b *tab) goes(steps ...chromedp.Action[chromedp.Void]) int64 {
	b.t.Helper()
	r, err := chromedp.RunResponse(b.ctx, steps...)
	if err != nil {
		b.t.Fatalf("%v; the browser said %q", err, b.said())
	}
	return r.Status
}

// until waits for a JavaScript expression to be true, on the page that is there or on the
// next one, which the browser may be at.
func (b *tab) until(expr string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Minute)
	defer cancel()
	for {
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](expr, chromedp.WithPollingTimeout(time.Minute)))
		if err == nil {
			return
		}
		if strings.Contains(err.Error(), "Cannot find context") || strings.Contains(err.Error(), "Execution context was destroyed") ||
			strings.Contains(err.Error(), "Inspected target navigated") {
			continue // the page that was asked is gone
		}
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
		b.t.Fatalf("%s: %v; the page says %q, the browser %q", expr, err, text, b.said())
	}
}

// runs runs a statement in the page.
func (b *tab) runs(statement string) {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.Evaluate[chromedp.Void](statement))
	must(b.t, err)
}

func (b *tab) says(expr, want string) {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](expr))
	must(b.t, err)
	if got != want {
		b.t.Errorf("%s is %q, want %q", expr, got, want)
	}
}

// focused waits for the browser to have put the focus somewhere, and demands that
// it is on an element. What has autofocus gets it when the page is next drawn,
// which may be after it is loaded; with scripts off nothing in the page can wait.
func (b *tab) focused(id string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	for {
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.activeElement === document.body ? "" : document.activeElement.id || "?"`))
		if err != nil {
			b.t.Fatalf("the focus is not on %s: %v", id, err)
		}
		if got != "" {
			if got != id {
				b.t.Errorf("the focus is on %s, want %s", got, id)
			}
			return
		}
	}
}

func (b *tab) said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.complaints
}

// calm fails the test if the browser logged an error other than a page's status.
func (b *tab) calm() {
	b.t.Helper()
	for _, c := range b.said() {
		if !strings.HasPrefix(c, "Failed to load resource: the server responded with a status of 4") || strings.Contains(c, "/assets/") {
			b.t.Errorf("the browser complains: %s", c)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// public is the service's address as people know it.
func public(s *testenv.Stack) string {
	return strings.Replace(s.Replicas[0].URL, "127.0.0.1", "localhost", 1)
}
