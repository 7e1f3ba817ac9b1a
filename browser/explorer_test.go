package browser_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"latchkey/internal/testenv"
)

// A newcomer runs the explorer's tabs in order.
func TestExplorerInBrowser_I8(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t)
	b := open(t)
	openTab := func(n int, operation string) {
		b.do(chromedp.Click(chromedp.CSS(fmt.Sprintf(".graphiql-tab:nth-of-type(%d) button", n))))
		b.until(`document.querySelector(".graphiql-query-editor .CodeMirror").CodeMirror.operationName === "` + operation + `"`)
	}
	run := func(want string) {
		b.do(chromedp.Click(chromedp.CSS(".graphiql-execute-button")))
		b.until(`document.querySelector(".result-window").innerText.includes('` + want + `')`)
	}

	b.do(chromedp.Navigate(public(s) + "/"))
	b.until(`document.querySelectorAll(".graphiql-tab").length === 4`)
	b.says(`[...document.querySelectorAll(".graphiql-tab")].map(t => t.innerText.trim()).join()`, "Register,Login,Me,Refresh")
	run(`"email": "ada@example.org"`)
	b.goes(chromedp.Navigate(s.AwaitMails(t, "ada@example.org", 1)[0].Links[0]))
	b.goes(chromedp.Click(chromedp.CSS(`button[value="confirm"]`)))

	b.do(chromedp.Navigate(public(s) + "/")) // and the tabs are still there
	openTab(2, "Login")
	run(`"accessToken": "`)
	token, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`JSON.parse(document.querySelector(".result-window .CodeMirror").CodeMirror.getValue()).data.login.tokens.accessToken`))
	must(t, err)
	openTab(3, "Me")
	run(`"INVALID"`)
	_, err = chromedp.Run(b.ctx, chromedp.Evaluate[chromedp.Void](`(editors => {
		const headers = editors.map(e => e.CodeMirror).find(c => c.getValue().includes("PASTE_THE_ACCESS_TOKEN_HERE"));
		headers.setValue(headers.getValue().replace("PASTE_THE_ACCESS_TOKEN_HERE", "`+token+`"));
	})([...document.querySelectorAll(".graphiql-editor-tool .CodeMirror")])`))
	must(t, err)
	run(`"username": "ada"`)
	b.says(`Object.keys(localStorage).join()`, "") // where a token would outlive the tab

	b.do(chromedp.Click(chromedp.CSS(`button[aria-label="Show Documentation Explorer"]`)))
	b.until(`document.querySelector(".graphiql-doc-explorer").innerText.includes("Mutation")`)
	b.calm()
}
