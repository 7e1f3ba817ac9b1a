package browser_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"latchkey/internal/testenv"
)

const heading = `document.querySelector("h1").textContent`

// register asks for p's account and returns the link in the mail.
func register(t *testing.T, s *testenv.Stack, p *testenv.Person) string {
	t.Helper()
	s.Register(t, p)
	return s.Mails(t, p.Email)[0].Links[0]
}

// Of two registrations of one address the page asks for the password of its own.
func TestConfirmInBrowser_D5(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t)
	ada, eve := testenv.Newcomer(), testenv.Newcomer()
	eve.Email = ada.Email
	stranger := register(t, s, eve)
	link := register(t, s, ada)
	b := open(t)
	b.do(chromedp.Navigate(link))
	b.says(heading, "Confirm your email")

	b.do(chromedp.SendKeys(chromedp.ID("password"), "wrong"))
	if got := b.goes(chromedp.KeyEvent("\r")); got != 422 { // return confirms
		t.Errorf("wrong password: status %d", got)
	}
	b.focused("password")
	b.says(`document.activeElement.value`, "")
	b.says(`getComputedStyle(document.activeElement).outlineStyle`, "solid")
	b.says(`document.getElementById(document.activeElement.getAttribute("aria-describedby").split(" ")[0]).textContent`,
		"This is not the password that was chosen with this username.")

	b.do(chromedp.SendKeys(chromedp.ID("password"), ada.Password))
	if got := b.goes(chromedp.Click(chromedp.CSS(`button[value="confirm"]`))); got != 200 {
		t.Errorf("right password: status %d", got)
	}
	b.says(heading, "Your email is confirmed")
	if got := b.goes(chromedp.Navigate(stranger)); got != 410 {
		t.Errorf("the other link: status %d", got)
	}
	b.says(`document.cookie`, "")
	b.says(`getComputedStyle(document.querySelector(".sheet")).borderRadius`, "10px") // the stylesheet is there
	b.calm()
}

func TestDeclineInBrowser(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t)
	ada, eve := testenv.Newcomer(), testenv.Newcomer()
	eve.Email = ada.Email
	register(t, s, eve)
	link := register(t, s, ada)
	b := open(t)
	b.do(chromedp.Navigate(link))
	// No password is asked of one who chose none.
	if got := b.goes(chromedp.Click(chromedp.CSS(`button[value="decline-all"]`))); got != 200 {
		t.Errorf("status %d", got)
	}
	b.says(heading, "The registration is gone")
	b.do(chromedp.Navigate(link))
	if got := b.goes(chromedp.Click(chromedp.CSS(`button[value="resend"]`))); got != 200 {
		t.Errorf("resend: status %d", got)
	}
	b.says(heading, "Look into your inbox")
	b.calm()
}

// From the inbox, which shows new mail by itself, through the mail's own button to the
// page. On a phone nothing scrolls inside of what scrolls.
func TestInboxInBrowser(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t)
	b := open(t)
	b.do(chromedp.EmulateViewport(390, 844))
	b.goes(chromedp.Navigate(public(s) + "/dev/mail"))
	b.says(`document.querySelectorAll(".mails li").length + ""`, "0")
	first := testenv.Newcomer()
	s.Register(t, first)
	b.until(`document.querySelector(".mails")?.innerText.includes("` + first.Email + `")`)
	b.says(`document.getElementById("news").textContent`, "New mail: Confirm your email")
	s.Restart(t, 0)
	second := testenv.Newcomer()
	s.Register(t, second)
	b.until(`document.querySelector(".mails").innerText.includes("` + second.Email + `")`)
	b.says(`document.querySelectorAll(".mails li").length + ""`, "2") // the first one is kept

	b.goes(chromedp.Click(chromedp.CSS(".mails a")))
	b.says(`[...document.querySelectorAll("*"), ...document.querySelector(".letter").shadowRoot.querySelectorAll("*")]
		.filter(e => e.scrollHeight > e.clientHeight + 1 && e.clientHeight > 0 && /auto|scroll/.test(getComputedStyle(e).overflowY)).map(e => e.tagName).join()`, "")
	b.says(`document.documentElement.scrollWidth + ""`, "390")
	b.says(`getComputedStyle(document.querySelector(".letter").shadowRoot.querySelector(".action")).backgroundColor`, "rgb(138, 90, 18)") // its own styles
	b.goes(chromedp.Evaluate[chromedp.Void](`document.querySelector(".letter").shadowRoot.querySelector("a[href*='confirm-email']").click()`))
	b.says(heading, "Confirm your email")
	if got := b.goes(chromedp.Click(chromedp.CSS(`button[value="confirm"]`))); got != 200 {
		t.Errorf("confirm: status %d", got)
	}
	b.says(heading, "Your email is confirmed")
	for _, c := range b.said() {
		if !strings.Contains(c, "/dev/mail") { // which asked while the server was away
			t.Errorf("the browser complains: %s", c)
		}
	}
}

// visit is somebody with an account and the mails that they have read.
type visit struct {
	*testenv.Person
	t    *testing.T
	s    *testenv.Stack
	read map[string]bool // links
}

// asks sends an operation from an address that nobody used yet.
func (v *visit) asks(query string, input ...any) {
	v.t.Helper()
	a := testenv.Post(v.t, v.s.URL(), testenv.Request{Query: query, Variables: testenv.Input(input...), Bearer: v.Access, Client: testenv.ClientAddress()})
	if len(a.Errors) > 0 || !strings.Contains(string(a.Body), `"errors":[]`) {
		v.t.Fatalf("got %s", a.Body)
	}
}

// link waits for a mail with a link to this page that was not there before.
func (v *visit) link(to, page string) (link string) {
	v.t.Helper()
	testenv.Await(v.t, time.Minute, "a link to "+page, func() bool {
		for _, mail := range v.s.Mails(v.t, to) {
			for _, l := range mail.Links {
				if strings.Contains(l, page) && !v.read[l] {
					v.read[l], link = true, l
					return true
				}
			}
		}
		return false
	})
	return link
}

// reset asks for a link that sets a new password.
func (v *visit) reset() string {
	v.t.Helper()
	v.asks(`mutation ($i: RequestPasswordResetInput!) { requestPasswordReset(input: $i) { errors { code } } }`, "email", v.Email)
	return v.link(v.Email, "/email/reset-password")
}

// logsIn logs in with a password.
func (v *visit) logsIn(password string) {
	v.t.Helper()
	v.Password, v.Client = password, testenv.ClientAddress()
	got := v.s.Login(v.t, v.Person)
	if got.Tokens == nil {
		v.t.Fatalf("login: %+v", got)
	}
	v.Access = got.Tokens.AccessToken
}

// Whoever has scripts off gets as far: each page from its link to its end, by
// keyboard or button.
func TestAccountPagesInBrowser_D5(t *testing.T) {
	t.Parallel()
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %v", scripts), func(t *testing.T) {
			t.Parallel()
			s := testenv.Embedded(t)
			ada := &visit{s.Join(t), t, s, map[string]bool{}}
			b := open(t)
			b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
				_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
				return err
			}))
			b.do(chromedp.Navigate(ada.reset()), chromedp.SendKeys(chromedp.ID("password"), "password1"))
			if got := b.goes(chromedp.KeyEvent("\r")); got != 422 {
				t.Errorf("a common password: status %d", got)
			}
			b.focused("password")
			b.says(`document.activeElement.value`, "")
			b.says(`document.getElementById(document.activeElement.getAttribute("aria-describedby").split(" ")[0]).textContent`,
				"This is one of the passwords that people guess first. Choose another.")
			b.do(chromedp.SendKeys(chromedp.ID("password"), "a quiet lamp by the river"))
			if got := b.goes(chromedp.KeyEvent("\r")); got != 200 { // return sets, and makes none
				t.Errorf("a good password: status %d", got)
			}
			b.says(heading, "Your password is set")
			ada.logsIn("a quiet lamp by the river")

			b.do(chromedp.Navigate(ada.reset()))
			if got := b.goes(chromedp.Click(chromedp.CSS(`button[value="make"]`))); got != 200 {
				t.Errorf("make one: status %d", got)
			}
			made, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.querySelector(".secret code").textContent`))
			must(t, err)
			ada.logsIn(made)

			undo := ada.link(ada.Email, "/email/not-me")
			b.do(chromedp.Navigate(undo))
			if got := b.goes(chromedp.Click(chromedp.CSS(`button[value="undo"]`))); got != 200 {
				t.Errorf("undo: status %d", got)
			}
			b.says(heading, "The account is yours again")
			if got := b.goes(chromedp.Navigate(undo)); got != 410 {
				t.Errorf("undo again: status %d", got)
			}
			if got := b.goes(chromedp.SendKeys(chromedp.ID("email"), ada.Email), chromedp.Click(chromedp.CSS(`button[value="request"]`))); got != 200 {
				t.Errorf("ask for a link: status %d", got)
			}
			b.says(heading, "Look into your inbox")

			b.goes(chromedp.Navigate(ada.reset()))
			b.goes(chromedp.SendKeys(chromedp.ID("password"), "a quiet lamp by the river"), chromedp.Click(chromedp.CSS(`button[value="set"]`)))
			ada.logsIn("a quiet lamp by the river")
			moved := testenv.Address()
			ada.asks(`mutation ($i: ChangeEmailInput!) { changeEmail(input: $i) { errors { code } } }`, "email", moved, "password", ada.Password)
			b.do(chromedp.Navigate(ada.link(moved, "/email/confirm-email")))
			b.says(heading, "Confirm your new email")
			b.goes(chromedp.Click(chromedp.CSS(`button[value="confirm"]`)))
			b.says(heading, "Your email is changed")
			b.says(`document.cookie`, "")
			b.calm()
		})
	}
}
