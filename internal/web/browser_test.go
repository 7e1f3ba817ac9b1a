package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"

	"latchkey/internal/auth"
	"latchkey/internal/mail"
	"latchkey/internal/testenv"
)

// tab is a tab of a real browser, and the service that it looks at.
type browserTab struct {
	*service
	ctx  context.Context
	base string // the service's address

	mu         sync.Mutex
	complaints []string // what the browser logged as errors, violations of the policy among them
}

// openBrowser starts a service and a browser. What comes from the CDN is answered from the npm packages.
func openBrowser(t *testing.T, change ...func(*Config)) *browserTab {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	public := &url.URL{Scheme: "http", Host: server.Listener.Addr().String()}
	b := &browserTab{service: newServiceAt(t, public, change...), base: public.String()}
	server.Config.Handler = b.service
	server.Start()
	t.Cleanup(server.Close)

	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(testenv.Need(t, "TEST_CHROMIUM")), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
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
	b.do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		if _, err := cdp.Call(ctx, tab, cdplog.Enable, cdp.Empty{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, tab, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	}))
	go b.answerCDN(chromedp.Events(ctx, fetch.RequestPaused))
	b.do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: cdn + "*"}}})
		return err
	}))
	return b
}

// answerCDN answers https://…/npm/NAME@VERSION/PATH with the file of that package.
func (b *browserTab) answerCDN(requests func(func(fetch.EventRequestPaused, error) bool)) {
	for e, err := range requests {
		if err != nil {
			return // the test is over
		}
		name, rest, _ := strings.Cut(strings.TrimPrefix(e.Request.URL, cdn), "@")
		_, path, _ := strings.Cut(rest, "/")
		body, err := os.ReadFile(filepath.Join(os.Getenv("TEST_E2E"), "node_modules", name, path))
		status := int64(http.StatusOK)
		if err != nil {
			status = http.StatusNotFound
		}
		kind := map[string]string{".js": "text/javascript", ".css": "text/css"}[filepath.Ext(path)]
		_, _ = chromedp.Call(b.ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{
			RequestID: e.RequestID, ResponseCode: status, Body: body,
			ResponseHeaders: []*fetch.HeaderEntry{{Name: "Access-Control-Allow-Origin", Value: "*"}, {Name: "Content-Type", Value: kind}},
		})
	}
}

func (b *browserTab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%v; the browser said %q", err, b.said())
	}
}

// goes runs steps that lead to another page, and returns its status.
func (b *browserTab) goes(steps ...chromedp.Action[chromedp.Void]) int64 {
	b.t.Helper()
	r, err := chromedp.RunResponse(b.ctx, steps...)
	if err != nil {
		b.t.Fatalf("%v; the browser said %q", err, b.said())
	}
	return r.Status
}

// until waits for a JavaScript expression to be true.
func (b *browserTab) until(expr string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](expr, chromedp.WithPollingTimeout(time.Minute))); err != nil {
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
		b.t.Fatalf("%s: %v; the page says %q, the browser %q", expr, err, text, b.said())
	}
}

func (b *browserTab) says(expr, want string) {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](expr))
	must(b.t, err)
	if got != want {
		b.t.Errorf("%s is %q, want %q", expr, got, want)
	}
}

func (b *browserTab) said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.complaints
}

// calm fails the test if the browser logged an error other than a page's status.
func (b *browserTab) calm() {
	b.t.Helper()
	for _, c := range b.said() {
		if !strings.HasPrefix(c, "Failed to load resource: the server responded with a status of 4") || strings.Contains(c, "/assets/") {
			b.t.Errorf("the browser complains: %s", c)
		}
	}
}

const heading = `document.querySelector("h1").textContent`

func TestConfirmInBrowser_D5(t *testing.T) {
	b := openBrowser(t)
	stranger := b.register("eve", "ada@example.org", "what a stranger chose")
	in := b.register("ada", "ada@example.org", goodPassword)
	b.do(chromedp.Navigate(b.base + confirmPath + "?" + in.Encode()))
	b.says(heading, "Confirm your email")

	b.do(chromedp.SendKeys(chromedp.ID("password"), "wrong"))
	if got := b.goes(chromedp.KeyEvent("\r")); got != 422 { // return confirms
		t.Errorf("wrong password: status %d", got)
	}
	b.says(`document.activeElement.id`, "password")
	b.says(`document.activeElement.value`, "")
	b.says(`getComputedStyle(document.activeElement).outlineStyle`, "solid")
	b.says(`document.getElementById(document.activeElement.getAttribute("aria-describedby").split(" ")[0]).textContent`,
		"This is not the password that was chosen for this account.")

	b.do(chromedp.SendKeys(chromedp.ID("password"), goodPassword))
	if got := b.goes(chromedp.Click(chromedp.CSS(`button[value="confirm"]`))); got != 200 {
		t.Errorf("right password: status %d", got)
	}
	b.says(heading, "Your email is confirmed")
	if got := b.goes(chromedp.Navigate(b.base + confirmPath + "?" + stranger.Encode())); got != 410 {
		t.Errorf("the other link: status %d", got)
	}
	b.says(`document.cookie`, "")
	b.says(`getComputedStyle(document.querySelector(".sheet")).borderRadius`, "10px") // the stylesheet is there
	b.calm()
}

func TestDeclineInBrowser(t *testing.T) {
	b := openBrowser(t)
	b.register("eve", "ada@example.org", "what a stranger chose")
	in := b.register("ada", "ada@example.org", goodPassword)
	b.do(chromedp.Navigate(b.base + confirmPath + "?" + in.Encode()))
	// No password is asked of one who chose none.
	if got := b.goes(chromedp.Click(chromedp.CSS(`button[value="decline"]`))); got != 200 {
		t.Errorf("status %d", got)
	}
	b.says(heading, "The registration is gone")
	b.do(chromedp.Navigate(b.base + confirmPath + "?" + in.Encode()))
	if got := b.goes(chromedp.Click(chromedp.CSS(`button[value="resend"]`))); got != 200 {
		t.Errorf("resend: status %d", got)
	}
	b.says(heading, "Look into your inbox")
	b.calm()
}

// From the inbox through the mail's own button to the page, which must not be in the mail's sandbox.
func TestInboxInBrowser(t *testing.T) {
	b := openBrowser(t)
	in := b.register("ada", "ada@example.org", goodPassword)
	must(t, b.inbox.Send(t.Context(), &mail.Message{
		ID: "one", To: "ada@example.org", Subject: "Confirm your email", CreatedAt: b.now, Text: "Hello",
		HTML: fmt.Sprintf(`<html><head></head><body style="margin:0"><a style="display:block;height:900px" href="%s%s?%s">x</a></body></html>`,
			b.base, confirmPath, strings.ReplaceAll(in.Encode(), "&", "&amp;")),
	}))
	b.do(chromedp.Navigate(b.base + "/dev/mail"))
	b.goes(chromedp.Click(chromedp.CSS(".mails a"))) // until all of it is loaded, the frame too
	b.do(chromedp.ScrollIntoView(chromedp.CSS("iframe")))
	at, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]float64](`(r => [r.x + r.width / 2, r.y + 100])(document.querySelector("iframe").getBoundingClientRect())`))
	must(t, err)
	if got := b.goes(chromedp.MouseClickXY(at[0], at[1])); got != 200 {
		t.Errorf("the mail's link: status %d", got)
	}
	b.says(heading, "Confirm your email")
	if got := b.goes(chromedp.Click(chromedp.CSS(`button[value="confirm"]`))); got != 200 {
		t.Errorf("confirm: status %d", got)
	}
	b.says(heading, "Your email is confirmed")
	b.calm()
}

// Everybody can use the pages: axe finds nothing in any state, in either colours.
func TestPagesAccessible(t *testing.T) {
	b := openBrowser(t)
	axe, err := os.ReadFile(filepath.Join(testenv.Need(t, "TEST_E2E"), "node_modules/axe-core/axe.min.js"))
	must(t, err)
	mux := http.NewServeMux()
	mux.HandleFunc(pageCSS.path, pageCSS.serve)
	for _, s := range states() {
		mux.HandleFunc("/"+s.file, func(w http.ResponseWriter, _ *http.Request) {
			testPages(t, s.app).write(w, http.StatusOK, s.page, s.data)
		})
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, colours := range []string{"light", "dark"} {
		b.do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: colours}},
			})
			return err
		}), chromedp.EmulateViewport(360, 720))
		for _, s := range states() {
			b.do(chromedp.Navigate(server.URL + "/" + s.file))
			_, err := chromedp.Run(b.ctx, chromedp.Evaluate[chromedp.Void](string(axe)))
			must(t, err)
			rules := `{iframes: false}`
			if colours == "dark" {
				rules = `{iframes: false, runOnly: ["color-contrast"]}` // nothing else differs
			}
			found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`axe.run(`+rules+`).then(r => r.violations.map(v => v.id + ": " + v.nodes.map(n => n.target + " " + n.failureSummary).join(" | ")))`, chromedp.EvalAwaitPromise))
			must(t, err)
			for _, f := range found {
				t.Errorf("%s, %s: %s", s.file, colours, f)
			}
			wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth`))
			must(t, err)
			if wide > 360 {
				t.Errorf("%s scrolls sideways: %d pixels wide in a window of 360", s.file, wide)
			}
		}
	}
}

// RealGraphQL makes the real API. It is set by the package web_test, since graph knows this package.
var RealGraphQL func(*auth.Service) http.Handler

// A newcomer runs the explorer's tabs in order.
func TestExplorerInBrowser_I8(t *testing.T) {
	testenv.Need(t, "TEST_E2E")
	b := openBrowser(t, func(c *Config) { c.GraphQL = RealGraphQL(c.Auth) })
	openTab := func(n int, operation string) {
		b.do(chromedp.Click(chromedp.CSS(fmt.Sprintf(".graphiql-tab:nth-of-type(%d) button", n))))
		b.until(`document.querySelector(".graphiql-query-editor .CodeMirror").CodeMirror.operationName === "` + operation + `"`)
	}
	run := func(want string) {
		b.do(chromedp.Click(chromedp.CSS(".graphiql-execute-button")))
		b.until(`document.querySelector(".result-window").innerText.includes('` + want + `')`)
	}

	b.do(chromedp.Navigate(b.base + "/"))
	b.until(`document.querySelectorAll(".graphiql-tab").length === 4`)
	b.says(`[...document.querySelectorAll(".graphiql-tab")].map(t => t.innerText.trim()).join()`, "Register,Login,Me,Refresh")
	run(`"email": "ada@example.org"`)
	list := b.registrations("ada@example.org")
	if len(list) != 1 {
		t.Fatalf("%d registrations, want 1", len(list))
	}
	link, err := b.auth.MakeLink(t.Context(), &list[0])
	must(t, err)
	b.goes(chromedp.Navigate(link))
	b.goes(chromedp.Click(chromedp.CSS(`button[value="confirm"]`)))

	b.do(chromedp.Navigate(b.base + "/")) // and the tabs are still there
	openTab(2, "Login")
	run(`"accessToken": "`)
	token, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`JSON.parse(document.querySelector(".result-window .CodeMirror").CodeMirror.getValue()).data.login.tokens.accessToken`))
	must(t, err)
	openTab(3, "Me")
	run(`"INVALID"`)
	b.do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := chromedp.Evaluate[chromedp.Void](`(editors => {
			const headers = editors.map(e => e.CodeMirror).find(c => c.getValue().includes("PASTE_THE_ACCESS_TOKEN_HERE"));
			headers.setValue(headers.getValue().replace("PASTE_THE_ACCESS_TOKEN_HERE", "`+token+`"));
		})([...document.querySelectorAll(".graphiql-editor-tool .CodeMirror")])`)(ctx, tab)
		return err
	}))
	run(`"username": "ada"`)
	b.says(`String(Object.values(localStorage).some(v => v.includes("`+token+`")))`, "false")

	b.do(chromedp.Click(chromedp.CSS(`button[aria-label="Show Documentation Explorer"]`)))
	b.until(`document.querySelector(".graphiql-doc-explorer").innerText.includes("Mutation")`)
	b.calm()
}
