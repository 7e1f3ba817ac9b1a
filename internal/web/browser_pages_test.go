package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"latchkey/internal/auth"
	"latchkey/internal/link"
	"latchkey/internal/mail"
	"latchkey/internal/testenv"
)

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
	b.focused("password")
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

// From the inbox through the mail's own button to the page, which must not be
// in the mail's sandbox.
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
	for try := 0; ; try++ { // the frame is a process of its own, and takes no click before it has drawn itself
		b.do(chromedp.MouseClickXY(at[0], at[1]))
		if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](`location.pathname === "`+confirmPath+`" && document.readyState === "complete"`, chromedp.WithPollingTimeout(time.Second))); err == nil {
			break
		} else if try == 30 {
			t.Fatalf("the mail's link leads nowhere: %v", err)
		}
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

// Whoever has scripts off gets as far: each page from its link to its end, by
// keyboard or button.
func TestAccountPagesInBrowser_D5(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %v", scripts), func(t *testing.T) {
			b := openBrowser(t)
			b.do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
				_, err := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
				return err
			}))
			u := b.user("ada", "ada@example.org")
			v := b.viewer(u)
			reset := func() string {
				return b.base + resetPath + "?" + b.link(link.Target{Purpose: link.ResetPassword, User: b.reload(u)}).Encode()
			}

			b.do(chromedp.Navigate(reset()), chromedp.SendKeys(chromedp.ID("password"), "password1"))
			if got := b.goes(chromedp.KeyEvent("\r")); got != 422 {
				t.Errorf("a common password: status %d", got)
			}
			b.focused("password")
			b.says(`document.activeElement.value`, "")
			b.says(`document.getElementById(document.activeElement.getAttribute("aria-describedby").split(" ")[0]).textContent`,
				"This is one of the passwords that people guess first. Choose another.")
			b.do(chromedp.SendKeys(chromedp.ID("password"), goodPassword))
			if got := b.goes(chromedp.KeyEvent("\r")); got != 200 { // return sets, and makes none
				t.Errorf("a good password: status %d", got)
			}
			b.says(heading, "Your password is set")
			b.logsIn(u, goodPassword)

			b.do(chromedp.Navigate(reset()))
			if got := b.goes(chromedp.Click(chromedp.CSS(`button[value="make"]`))); got != 200 {
				t.Errorf("make one: status %d", got)
			}
			made, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.querySelector(".secret code").textContent`))
			must(t, err)
			b.logsIn(u, made)

			undo := b.link(link.Target{Purpose: link.NotMe, Event: b.lastEvent(u)})
			b.do(chromedp.Navigate(b.base + notMePath + "?" + undo.Encode()))
			if got := b.goes(chromedp.Click(chromedp.CSS(`button[value="undo"]`))); got != 200 {
				t.Errorf("undo: status %d", got)
			}
			b.says(heading, "The account is yours again")
			if got := b.goes(chromedp.Navigate(b.base + notMePath + "?" + undo.Encode())); got != 410 {
				t.Errorf("undo again: status %d", got)
			}
			if got := b.goes(chromedp.SendKeys(chromedp.ID("email"), "ada@example.org"), chromedp.Click(chromedp.CSS(`button[value="request"]`))); got != 200 {
				t.Errorf("ask for a link: status %d", got)
			}
			b.says(heading, "Look into your inbox")

			b.goes(chromedp.Navigate(reset()))
			b.goes(chromedp.SendKeys(chromedp.ID("password"), goodPassword), chromedp.Click(chromedp.CSS(`button[value="set"]`)))
			v.User = b.reload(u)
			_, err = b.auth.ChangeEmail(t.Context(), as(v, home), auth.ChangeEmailInput{Email: "new@example.org", Password: goodPassword})
			must(t, err)
			change := b.link(link.Target{Purpose: link.ConfirmNewEmail, User: b.reload(u)})
			b.do(chromedp.Navigate(b.base + confirmPath + "?" + change.Encode()))
			b.says(heading, "Confirm your new email")
			b.goes(chromedp.Click(chromedp.CSS(`button[value="confirm"]`)))
			b.says(heading, "Your email is changed")
			b.says(`document.cookie`, "")
			b.calm()
		})
	}
}
