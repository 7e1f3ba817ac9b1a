package browser_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"latchkey/internal/testenv"
)

// reactExample starts the service, and the app of examples/react on another origin of this
// machine. The app is built as its users build it, and returned with its address.
func reactExample(t *testing.T, env ...string) (s *testenv.Stack, app string) {
	t.Helper()
	built := t.TempDir()
	server := httptest.NewServer(singlePage(built))
	t.Cleanup(server.Close)
	app = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	s = testenv.Embedded(t, append(env, "APP_URL="+app+"/", "RESET_URL="+app+"/reset#token={token}", "LOGIN_URL="+app+"/login#code={code}")...)
	node := filepath.Dir(testenv.Need(t, "TEST_NODE"))
	build := exec.CommandContext(t.Context(), "npm", "run", "build", "--", "--outDir", built)
	build.Dir = "../examples/react"
	build.Env = append(os.Environ(), "PATH="+node+string(os.PathListSeparator)+os.Getenv("PATH"), "VITE_LATCHKEY_URL="+public(s))
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return s, app
}

// singlePage serves the files of a folder, and its index for every other path.
func singlePage(dir string) http.Handler {
	files := http.FileServer(http.Dir(dir))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := os.Stat(filepath.Join(dir, filepath.Clean("/"+r.URL.Path))); err != nil {
			http.ServeFile(w, r, filepath.Join(dir, "index.html"))
			return
		}
		files.ServeHTTP(w, r)
	})
}

// appTab is a tab with the example, which is used by what it shows: labels and words.
type appTab struct {
	*tab
	app string
}

// console has what the page writes to its console count as complaints, too.
func (a *appTab) console() {
	a.t.Helper()
	must(a.t, chromedp.Listen(a.ctx, func(ev any) {
		complaint := ""
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			complaint = "an exception: " + e.ExceptionDetails.Text
		case *runtime.EventConsoleAPICalled:
			if e.Type != runtime.ConsoleAPICalledTypeError && e.Type != runtime.ConsoleAPICalledTypeWarning {
				return
			}
			for _, arg := range e.Args {
				complaint += string(arg.Value) + " "
			}
		default:
			return
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		a.complaints = append(a.complaints, complaint)
	}))
}

// forgives takes back what the console said of something that was meant to happen.
func (a *appTab) forgives(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.complaints = slices.DeleteFunc(a.complaints, func(c string) bool { return strings.Contains(c, what) })
}

// visit opens a page of the app.
func (a *appTab) visit(path string) {
	a.t.Helper()
	a.do(chromedp.Navigate(a.app + path))
}

// scope is where somebody can do something: an open dialog, or else the page.
const scope = `(document.querySelector("dialog[open]") ?? document)`

// control is what can be pressed and is called so: of two the one in the page, not in the bar
// above it.
func control(name string) string {
	const all = `"button, a, label:has([type=checkbox])"`
	return `[...` + scope + `.querySelector("main, form").querySelectorAll(` + all + `), ...` + scope + `.querySelectorAll(` + all + `)].values().filter(e => e.checkVisibility()).find(e => (e.ariaLabel ?? e.innerText).trim() === ` + strconv.Quote(name) + `)`
}

func field(label string) string {
	return scope + `.querySelectorAll("label").values().filter(e => e.checkVisibility()).find(e => e.innerText.trim() === ` + strconv.Quote(label) + `)?.control`
}

// press clicks a button or a link.
func (a *appTab) press(name string) {
	a.t.Helper()
	a.until(`!!` + control(name))
	ctx, cancel := context.WithTimeout(a.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.JSPath(control(name)))); err != nil {
		a.t.Fatalf("pressing %s: %v", name, err)
	}
}

// types fills fields: pairs of a label and a text. What was there is replaced.
func (a *appTab) types(pairs ...string) {
	a.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		a.until(`!!` + field(pairs[i]))
		a.do(chromedp.Focus(chromedp.JSPath(field(pairs[i]))))
		a.runs(`document.activeElement.select()`)
		a.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, input.InsertText, input.InsertTextParams{Text: pairs[i+1]})
			return err
		}))
	}
}

// shows waits until the page, or its dialog, has a text.
func (a *appTab) shows(text string) {
	a.t.Helper()
	a.until(`(document.querySelector("dialog[open]") ?? document.body).innerText.includes(` + strconv.Quote(text) + `)`)
}

// titled waits for a page by its heading.
func (a *appTab) titled(title string) {
	a.t.Helper()
	a.until(`document.querySelector("h1")?.innerText === ` + strconv.Quote(title))
}

// wrong waits for a mistake under a field: tied to it, and with the focus if it is the first.
func (a *appTab) wrong(label, want string, first bool) {
	a.t.Helper()
	a.until(fmt.Sprintf(`(f => f?.ariaInvalid === "true" && document.getElementById(f.getAttribute("aria-describedby").split(" ")[0]).innerText.includes(%s))(%s)`,
		strconv.Quote(want), field(label)))
	if first {
		a.until(`document.activeElement === ` + field(label))
	}
}

// holds demands what a field has in it.
func (a *appTab) holds(label, want string) {
	a.t.Helper()
	a.says(field(label)+`.value`, want)
}

// text returns what an expression comes to.
func (a *appTab) text(expr string) string {
	a.t.Helper()
	got, err := chromedp.Run(a.ctx, chromedp.Evaluate[string](expr))
	must(a.t, err)
	return got
}

// another opens a further tab: of the same browser, so that the cookie is the same, or with
// cookies of its own, as another device.
func (a *appTab) another(options ...chromedp.ContextOption) *appTab {
	a.t.Helper()
	ctx, cancel := chromedp.NewContext(a.ctx, options...)
	a.t.Cleanup(cancel)
	more := &appTab{tab: &tab{t: a.t, ctx: ctx, packages: a.packages}, app: a.app}
	more.begin()
	return more
}

// begin has the tab behave as one that is looked at, and hears what its console says.
func (a *appTab) begin() {
	a.t.Helper()
	a.console()
	a.colours("light")
	a.do(chromedp.EmulateViewport(1280, 900))
	a.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	}))
}

// good looks at the page as it is now: axe finds nothing in light and in dark, nothing
// scrolls sideways on a small phone, and what can be pressed is large enough for a finger.
func (a *appTab) good(what string) {
	a.t.Helper()
	a.accessible(what, `{}`)
	a.colours("dark")
	a.accessible(what+", dark", `{runOnly: ["color-contrast"]}`) // nothing else differs
	a.colours("light")
	for _, width := range []int64{320, 360} {
		a.do(chromedp.EmulateViewport(width, 640))
		a.says(`document.documentElement.scrollWidth > innerWidth ? "sideways" : "fits"`, "fits")
	}
	small := a.text(`[...document.querySelectorAll("button, input, a")].filter(e => e.checkVisibility() && !e.closest("p, label") && e.getBoundingClientRect().height < 44).map(e => e.outerHTML).join()`)
	if small != "" {
		a.t.Errorf("%s: too small for a finger: %s", what, small)
	}
	a.do(chromedp.EmulateViewport(1280, 900))
}

func (a *appTab) colours(scheme string) {
	a.t.Helper()
	a.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return err
	}))
}
