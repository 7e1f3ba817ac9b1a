package browser_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
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
	b.do(chromedp.Click(chromedp.CSS("#request > button")))
	b.until(`document.getElementById("answer").textContent.includes(` + strconv.Quote(text) + `)`)
}

// types writes a value into the explorer's variables, in the place of the empty one.
func (b *tab) types(name, value string) {
	b.t.Helper()
	b.runs(`{ const v = document.getElementById("variables"); v.value = v.value.replace(` + strconv.Quote(`"`+name+`": ""`) + `, ` + strconv.Quote(`"`+name+`": "`+value+`"`) + `) }`)
}

// read evaluates an expression that is a text.
func (b *tab) read(expr string) string {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](expr))
	must(b.t, err)
	return got
}

// accessToken is where the explorer keeps it.
const accessToken = `JSON.parse(document.getElementById("headers").value).Authorization.slice(7)`

// copies presses a button that copies something, and returns what a paste would bring.
func (b *tab) copies(id string) string {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: "clipboard-read"}, Setting: browser.PermissionSettingGranted,
		})
		return err
	}), chromedp.Click(chromedp.CSS("#"+id)))
	b.until(`document.getElementById("` + id + `").textContent === "Copied"`)
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`navigator.clipboard.readText()`, chromedp.EvalAwaitPromise))
	must(b.t, err)
	return got
}

// code is what an authenticator app shows at a time.
func code(t *testing.T, secret, at string) string {
	t.Helper()
	out, err := exec.Command("oathtool", "--totp", "--base32", "--now", at, secret).Output()
	must(t, err)
	return strings.TrimSpace(string(out))
}

// command runs the command that the explorer shows in a shell, and returns the answer.
func (b *tab) command(shell string, env ...string) (answer any) {
	b.t.Helper()
	b.runs(`document.getElementById("as-command").open = true`)
	cmd := exec.CommandContext(b.t.Context(), shell, "-c", b.read(`document.getElementById("command").textContent`))
	cmd.Dir, cmd.Env = b.t.TempDir(), append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	must(b.t, err)
	if err := json.Unmarshal(out, &answer); err != nil {
		b.t.Fatalf("%v in %s", err, out)
	}
	if left, err := os.ReadDir(cmd.Dir); err != nil || len(left) > 0 {
		b.t.Errorf("the command left %v, %v", left, err)
	}
	return answer
}

// sameByCommand fails the test unless a shell gets the answer that the page shows.
func (b *tab) sameByCommand(shell string, env ...string) {
	b.t.Helper()
	var shown any
	must(b.t, json.Unmarshal([]byte(b.read(`document.getElementById("answer").textContent`)), &shown))
	if got := b.command(shell, env...); !reflect.DeepEqual(got, shown) {
		b.t.Errorf("the page shows %v, the command says %v", shown, got)
	}
}

// A newcomer runs the explorer's steps from top to bottom, by Run and Next alone but for
// what an app shows: tokens, codes and passkeys go where they belong by themselves, and end
// with the tab.
func TestExplorerInBrowser_I8(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t, "EMAIL_LOGIN=on")
	b := open(t)
	b.plug(webauthn.VirtualAuthenticatorOptions{Transport: webauthn.AuthenticatorTransportInternal})
	b.do(chromedp.EmulateViewport(390, 844))
	b.goes(chromedp.Navigate(public(s) + "/"))
	secret, names := "", 0
	for _, step := range []struct {
		name, wants string
		codeAt      string // of the app, which a person types
	}{
		{"1. Register", `"email": "ada`, ""},
		{"2. Confirm the email", `"accessToken": "`, ""},
		{"3. Ask who you are", `"role": "USER"`, ""},
		{"4. Refresh", `"accessToken": "`, ""},
		{"5. Log in", `"accessToken": "`, ""},
		{"6. List the devices", `"deviceName": "Second device"`, ""},
		{"7. End a device", `"revokedSessionId": "`, ""},
		{"8. See what happened", `"ACCOUNT_CREATED"`, ""},
		{"9. Change the username", `.lovelace"`, ""},
		{"10. Change the email", `.lovelace@example.com"`, ""},
		{"11. Confirm the new email", `"pendingEmail": null`, ""},
		{"12. Change the password", `"errors": []`, ""},
		{"13. Forget the password", `"errors": []`, ""},
		{"14. Set a new password", `"errors": []`, ""},
		{"15. Ask with an ended session", `"REVOKED"`, ""},
		{"16. Log in again", `"accessToken": "`, ""},
		{"17. Add an app", `"secret": "`, ""},
		{"18. Confirm the app", `"recoveryCodes": [`, "now"},
		{"19. Log out", `"errors": []`, ""},
		{"20. Log in with the password", `"SecondFactorStep"`, ""},
		{"21. Log in with a code", `"accessToken": "`, "now + 30 seconds"},
		{"22. Step up", `"RECOVERY_CODE"`, ""},
		{"23. Make new recovery codes", `"recoveryCodes": [`, ""},
		{"24. Start a passkey", `"passkeyOptions": "`, ""},
		{"25. Add the passkey", `"name": "This browser"`, ""},
		{"26. Start a login by passkey", `"passkeyOptions": "`, ""},
		{"27. Log in by passkey", `"accessToken": "`, ""},
		{"28. Start a step-up", `"passkeyOptions": "`, ""},
		{"29. Step up by passkey", `"PASSKEY"`, ""},
		{"30. Take the app off", `"secondFactorRequired": false`, ""},
		{"31. Ask for a code", `"reference": "`, ""},
		{"32. Log in by the code", `"accessToken": "`, ""},
		{"33. End all other devices", `"count": `, ""},
		{"34. Delete the account", `"deletedUserId": "`, ""},
	} {
		if names++; names > 1 {
			b.says(`document.getElementById("next").textContent`, "Next: "+step.name)
			b.do(chromedp.Click(chromedp.CSS("#next")))
		}
		b.says(`document.querySelector("#list [aria-current]").textContent`, step.name)
		if step.codeAt != "" {
			b.types("totpCode", code(t, secret, step.codeAt))
		}
		b.until(`!document.getElementById("variables").value.includes(': ""')`) // a mail may be on its way
		b.answers(step.wants)
		if answer := b.read(`document.getElementById("answer").textContent`); strings.Contains(answer, `"code":`) && step.wants != `"REVOKED"` && step.wants != `"SecondFactorStep"` {
			t.Errorf("%s: %s", step.name, answer)
		}
		switch step.name {
		case "2. Confirm the email":
			b.says(`document.getElementById("who").textContent`, "The access token stands in the headers, and goes with each request.")
			if token := b.copies("copy-token"); len(token) < 500 || token != b.read(accessToken) {
				t.Errorf("the page copies %q", token)
			}
		case "3. Ask who you are":
			token := b.read(accessToken)
			b.sameByCommand("bash", "TOKEN="+token)
			b.sameByCommand("zsh", "TOKEN="+token)
			if command := b.copies("copy-command"); command != b.read(`document.getElementById("command").textContent`) || strings.Contains(command, token) {
				t.Error("the command that is copied is another, or has the token, which nobody asked for")
			}
			b.do(chromedp.Click(chromedp.CSS("#with-token")))
			b.sameByCommand("bash")
			b.accessible("the explorer, logged in", "{}")
			// What was there is there again, on a page that is loaded anew.
			b.goes(chromedp.Navigate(public(s) + "/dev/mail"))
			b.goes(chromedp.Navigate(public(s) + "/"))
			b.until(`document.getElementById("query").value.includes("query Me")`)
		case "17. Add an app":
			b.until(`!document.getElementById("qr").hidden && document.getElementById("qr").naturalWidth > 0`)
			secret = b.read(`JSON.parse(document.getElementById("answer").textContent).data.startTotp.totp.secret`)
		case "19. Log out":
			b.says(`document.getElementById("headers").value`, "")
		case "24. Start a passkey", "26. Start a login by passkey", "28. Start a step-up":
			b.do(chromedp.Click(chromedp.CSS("#passkey")))
			b.until(`document.getElementById("passkey-status").textContent.startsWith("The browser's answer goes")`)
		}
	}
	b.says(`document.getElementById("next").hidden + ""`, "true")
	b.says(`document.querySelectorAll("#list ul").length + " " + document.querySelectorAll("#list ul:nth-of-type(-n + 6) button").length`, "8 "+strconv.Itoa(names))
	b.says(`document.getElementById("who").textContent`, "Nobody is logged in here.")
	b.says(`Object.keys(localStorage).join()`, "") // where a token would outlive the tab
	b.calm()
}

// Whatever stands in the form is text in the command too, and nothing that a shell runs.
func TestExplorerCommandIsText_I8(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t)
	b := open(t)
	b.goes(chromedp.Navigate(public(s) + "/"))
	made := filepath.Join(t.TempDir(), "made")
	for _, hostile := range []string{"$(touch " + made + ")", "`touch " + made + "`", "'; touch " + made + "; '", "\nEOF\ntouch " + made + "\n", `\"; touch ` + made + `; "`, "!!", "$TOKEN"} {
		text, err := json.Marshal(hostile)
		must(t, err)
		b.runs(`{
			const fill = (id, text) => { document.getElementById(id).value = text; document.getElementById(id).dispatchEvent(new Event("input")); };
			fill("query", "query Q($id: ID!) { __typename @include(if: true) a: __typename }\n# " + ` + string(text) + `.replaceAll("\n", "\n# "));
			fill("variables", JSON.stringify({ id: ` + string(text) + ` }));
			fill("headers", JSON.stringify({ "X-Text": ` + string(text) + `.replaceAll("\n", " ") }));
		}`)
		for _, shell := range []string{"bash", "zsh"} {
			if a, _ := json.Marshal(b.command(shell)); !strings.Contains(string(a), `GRAPHQL_VALIDATION_FAILED`) && !strings.Contains(string(a), `"__typename":"Query"`) {
				t.Errorf("%q in %s: %s", hostile, shell, a)
			}
			if _, err := os.Stat(made); err == nil {
				t.Fatalf("%s ran %q", shell, hostile)
			}
		}
	}
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
	b.until(`document.querySelectorAll("#list h2").length === 8`)
	names, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll("#list button")].map(b => b.textContent)`))
	must(t, err)
	if len(names) < 60 {
		t.Errorf("%d operations: %q", len(names), names)
	}
	for _, name := range names {
		b.choose(name)
		b.do(chromedp.Click(chromedp.CSS("#request > button")))
		b.until(`document.getElementById("status").textContent.startsWith("Status 200")`)
		answer := b.read(`document.getElementById("answer").textContent`)
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
	b.do(chromedp.Click(chromedp.CSS("#request > button")))
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
