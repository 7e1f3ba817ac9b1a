package browser_test

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"latchkey/internal/testenv"
)

// choose takes an operation of the explorer's list by its name.
func (b *tab) choose(name string) {
	b.t.Helper()
	button := `[...document.querySelectorAll("#list button")].find(b => b.textContent === ` + strconv.Quote(name) + `)`
	b.until(button + ` !== undefined`)
	b.runs(`document.getElementById("operations").open = true; ` + button + `.click()`)
}

// answers runs what is chosen, and waits for an answer with a text in it.
func (b *tab) answers(text string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS("#request button")))
	b.until(`document.getElementById("answer").textContent.includes(` + strconv.Quote(text) + `)`)
}

// types writes a value into the explorer's variables, in the place of the empty one.
func (b *tab) types(name, value string) {
	b.t.Helper()
	b.runs(`{ const v = document.getElementById("variables"); v.value = v.value.replace(` + strconv.Quote(`"`+name+`": ""`) + `, ` + strconv.Quote(`"`+name+`": "`+value+`"`) + `) }`)
}

// code is what an authenticator app shows at a time.
func code(t *testing.T, secret, at string) string {
	t.Helper()
	out, err := exec.Command("oathtool", "--totp", "--base32", "--now", at, secret).Output()
	must(t, err)
	return strings.TrimSpace(string(out))
}

// A newcomer runs the explorer's steps in order: tokens go where they belong by
// themselves, and end with the tab.
func TestExplorerInBrowser_I8(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t)
	b := open(t)
	b.do(chromedp.EmulateViewport(390, 844))
	b.goes(chromedp.Navigate(public(s) + "/"))
	b.choose("1. Register")
	b.answers(`"email": "ada@example.org"`)
	b.goes(chromedp.Navigate(s.AwaitMails(t, "ada@example.org", 1)[0].Links[0]))
	b.goes(chromedp.Click(chromedp.CSS(`button[value="confirm"]`)))

	b.goes(chromedp.Navigate(public(s) + "/"))
	b.says(`document.getElementById("query").value.includes("mutation Register") + ""`, "true") // what was there is there again
	b.choose("2. Log in")
	b.answers(`"accessToken": "`)
	b.says(`document.getElementById("who").textContent`, "The access token goes with each request.")
	b.choose("3. Ask who you are")
	b.answers(`"deviceName": "Explorer"`)
	b.choose("4. Refresh")
	b.says(`JSON.parse(document.getElementById("variables").value).input.refreshToken.slice(0, 4)`, "lkr_")
	b.answers(`"accessToken": "`)
	b.goes(chromedp.Navigate(public(s) + "/"))
	b.choose("3. Ask who you are")
	b.answers(`"username": "ada"`)
	b.choose("5. Add an app")
	b.answers(`"secret": "`)
	b.until(`!document.getElementById("qr").hidden && document.getElementById("qr").naturalWidth > 0`)
	secret, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`JSON.parse(document.getElementById("answer").textContent).data.startTotp.totp.secret`))
	must(t, err)
	b.choose("6. Confirm the app")
	b.types("totpCode", code(t, secret, "now"))
	b.answers(`"recoveryCodes": [`)
	b.choose("8. Log out")
	b.answers(`"logout"`)
	b.says(`document.getElementById("headers").value`, "")
	b.choose("2. Log in")
	b.answers(`"SecondFactorStep"`)
	b.choose("7. Log in with a code")
	b.types("totpCode", code(t, secret, "now + 30 seconds"))
	b.answers(`"accessToken": "`)
	b.choose("8. Log out")
	b.answers(`"logout"`)
	b.choose("3. Ask who you are")
	b.answers(`"me": null`)
	b.says(`Object.keys(localStorage).join()`, "") // where a token would outlive the tab
	b.calm()
}

// Every operation of the schema can be run: as the explorer writes it down, the
// service takes it, and the schema is shown beside it. Nothing comes from elsewhere.
func TestExplorerKnowsTheSchema_I8(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t)
	b := open(t)
	b.do(chromedp.EmulateViewport(1280, 900))
	b.goes(chromedp.Navigate(public(s) + "/"))
	b.until(`document.querySelectorAll("#list h2").length === 3`)
	names, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll("#list button")].map(b => b.textContent)`))
	must(t, err)
	if len(names) < 30 {
		t.Errorf("%d operations: %q", len(names), names)
	}
	for _, name := range names {
		b.choose(name)
		b.do(chromedp.Click(chromedp.CSS("#request button")))
		b.until(`document.getElementById("status").textContent.startsWith("Status 200")`)
		answer, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.getElementById("answer").textContent`))
		must(t, err)
		for _, code := range []string{"GRAPHQL_", "LIMIT", "INTERNAL"} {
			if strings.Contains(answer, code) && !strings.Contains(answer, "RATE_LIMITED") {
				t.Errorf("%s: %s", name, answer)
			}
		}
	}
	b.choose("login")
	b.until(`document.getElementById("docs").innerText.includes("deviceName")`)
	b.accessible("the explorer", "{}")
	b.do(chromedp.EmulateViewport(390, 844))
	b.says(`document.documentElement.scrollWidth + ""`, "390")
	b.says(`performance.getEntriesByType("resource").filter(r => !r.name.startsWith(location.origin)).map(r => r.name).join()`, "")

	b.runs(`const q = document.getElementById("query"); q.value = "query A { a: __typename }\nquery B { b: __typename }"; q.selectionStart = 30`)
	b.answers(`"b": "Query"`)
	b.runs(`document.getElementById("variables").value = "{"`)
	b.do(chromedp.Click(chromedp.CSS("#request button")))
	b.until(`document.getElementById("status").textContent.startsWith("Not sent: the variables are not right")`)
	b.calm()
}

// Where the schema is not shown, what people write runs all the same.
func TestExplorerWithoutSchema(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t, "INTROSPECTION=off")
	b := open(t)
	b.goes(chromedp.Navigate(public(s) + "/"))
	b.until(`document.getElementById("list").innerText.includes("does not show its schema")`)
	b.choose("3. Ask who you are")
	b.answers(`"me": null`)
	b.calm()
}
