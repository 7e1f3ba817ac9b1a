package browser_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"latchkey/internal/testenv"
)

// keyboard goes through a page by keys alone.
type keyboard struct {
	*tab
	scripts bool
	seen    map[string]bool // pages that axe has looked at
}

// to presses Tab until the focus is on what a JavaScript condition says of the element e.
func (k *keyboard) to(what string) {
	k.t.Helper()
	for range 200 {
		k.do(chromedp.KeyEvent("\t"))
		on, err := chromedp.Run(k.ctx, chromedp.Evaluate[bool](`(e => e !== document.body && (`+what+`))(document.activeElement)`))
		must(k.t, err)
		if on {
			visible, err := chromedp.Run(k.ctx, chromedp.Evaluate[bool](`getComputedStyle(document.activeElement).outlineStyle === "solid"`))
			must(k.t, err)
			if !visible {
				k.t.Errorf("%s: the focus does not show", what)
			}
			return
		}
	}
	text, _ := chromedp.Run(k.ctx, chromedp.Evaluate[string]("document.body.innerText"))
	k.t.Fatalf("Tab never comes to %s on\n%s", what, text)
}

// opens goes to a link or a button by its text and presses it, and looks at the page that comes.
func (k *keyboard) opens(text, title string) {
	k.t.Helper()
	k.to(fmt.Sprintf(`e.matches("a, button") && e.innerText.trim() === %q`, text))
	k.enter(title)
}

// enter presses Return, which leads to a page with this heading.
func (k *keyboard) enter(title string) {
	k.t.Helper()
	k.goes(chromedp.KeyEvent("\r"))
	k.says(heading, title)
	k.looks(title)
}

// types goes to a field by its name and types a text.
func (k *keyboard) types(name, text string) {
	k.t.Helper()
	k.to(fmt.Sprintf(`e.name === %q`, name))
	k.do(chromedp.KeyEvent(text))
}

// looks checks that nothing scrolls sideways, and has axe look at each page once, in both
// colours.
func (k *keyboard) looks(title string) {
	k.t.Helper()
	wide, err := chromedp.Run(k.ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth`))
	must(k.t, err)
	if wide > 360 {
		k.t.Errorf("%s scrolls sideways: %d pixels wide in a window of 360", title, wide)
	}
	if k.seen[title] || !k.scripts {
		return
	}
	k.seen[title] = true
	k.accessible(title, `{}`)
	k.colours("dark")
	k.accessible(title+", dark", `{runOnly: ["color-contrast"]}`)
	k.colours("light")
}

func (k *keyboard) colours(scheme string) {
	k.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return err
	}))
}

// Everything that an administrator does goes by keyboard alone on a phone's screen, with scripts
// and without: nobody loses anything that a mouse, a script or a large screen would have.
func TestAdminByKeyboard_O3(t *testing.T) {
	t.Parallel()
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %t", scripts), func(t *testing.T) {
			t.Parallel()
			s := testenv.NewEmbedded(t)
			s.Add(t)
			s.AwaitReady(t)
			root := testenv.Newcomer()
			command := func(stdin string, args ...string) string {
				out, errOut, code := testenv.Command(t, s.Replicas[0].Dir, stdin, s.Env, args...)
				if code != 0 {
					t.Fatalf("%v: exit code %d\n%s%s", args, code, out, errOut)
				}
				return strings.TrimSpace(out)
			}
			command(root.Password+"\n", "user", "create", "--admin", "--email", root.Email, "--username", root.Username)
			long := strings.Repeat("a", 64) + "@" + strings.Repeat("b", 63) + "." + strings.Repeat("c", 63) + "." + strings.Repeat("d", 53) + ".example"
			name := "a-name.as_long-as-they-can.be-ev"
			command("a quiet lamp by the river\n", "user", "create", "--email", long, "--username", name)
			bob := s.Join(t)

			k := &keyboard{tab: open(t), scripts: scripts, seen: map[string]bool{}}
			k.do(chromedp.EmulateViewport(360, 740), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
				_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
				return err
			}))
			k.colours("light")
			k.do(chromedp.Navigate(public(s) + "/admin/users"))
			k.looks("Log in")
			k.types("login", root.Username)
			k.types("password", root.Password)
			k.enter("Users")

			k.to(`e.innerText === "Skip to the content"`)
			k.types("search", name[:6])
			k.enter("Users")
			k.opens(name, name)
			k.opens("Users", "Users")

			k.opens("Invite somebody", "Invite somebody")
			k.types("email", "guest@example.org")
			k.types("username", "admin")
			k.enter("Invite somebody")
			k.focused("username")
			k.says(`document.getElementById(document.activeElement.getAttribute("aria-describedby")) !== null && document.getElementById("email").value`, "guest@example.org")
			k.runs(`document.activeElement.select()`)
			k.do(chromedp.KeyEvent("visitor-of-ours"))
			k.enter("visitor-of-ours")

			k.opens("Users", "Users")
			k.opens("Import", "Import users")
			file := filepath.Join(t.TempDir(), "users.jsonl")
			must(t, os.WriteFile(file, []byte("{\"email\":\"cleo@example.org\",\"username\":\"cleo\"}\nno JSON\n"), 0o600))
			k.do(chromedp.SetUploadFiles(chromedp.ID("file"), []string{file}))
			k.opens("Check it, and write nothing", "Import users")
			k.says(`document.querySelector("[role=status]").textContent`, "Nothing was written. 1 would be imported, 0 are there already, 1 of 2 lines are bad.")
			k.do(chromedp.SetUploadFiles(chromedp.ID("file"), []string{file}))
			k.opens("Import it", "Import users")

			k.opens("Users", "Users")
			k.opens(bob.Username, bob.Username)
			for _, act := range []struct{ link, title, button string }{
				{"Send a link that sets a password", "Send a link that sets a password", "Send it"},
				{"Make them an administrator", "Make them an administrator?", "Make them an administrator"},
				{"Take the administrator’s role away", "Take the administrator’s role away?", "Take it away"},
				{"Disable the account", "Disable the account?", "Disable it"},
				{"Enable the account", "Enable the account?", "Enable it"},
			} {
				k.opens(act.link, act.title)
				k.opens(act.button, bob.Username)
				k.until(`document.querySelector("[role=status]") !== null`)
			}
			k.opens("Set what the next login asks for", "What the next login asks for")
			k.to(`e.name === "password"`)
			k.do(chromedp.KeyEvent(" "))
			k.opens("Set this", bob.Username)
			k.opens("Set what the next login asks for", "What the next login asks for")
			k.to(`e.name === "password"`)
			k.do(chromedp.KeyEvent(" "))
			k.opens("Set this", bob.Username)
			s.Login(t, bob)
			k.do(chromedp.Reload())
			k.to(`e.innerText.startsWith("Log out") && e.matches("a")`)
			k.enter("Log out this device?")
			k.opens("Log it out", bob.Username)
			s.Login(t, bob)
			k.do(chromedp.Reload())
			k.opens("Log out all devices", "Log out all devices?")
			k.opens("Log them out", bob.Username)
			k.opens("Delete the account", "Delete the account?")
			k.types("username", "somebody")
			k.enter("Delete the account?")
			k.focused("username")
			k.do(chromedp.KeyEvent(bob.Username))
			k.enter("Users")

			k.opens("Mail", "Mail")
			k.to(`e.innerText.startsWith("Send a test mail")`)
			k.enter("Mail")
			k.opens("Given up", "Mail")
			k.opens("Events", "Events")
			k.to(`e.id === "kind"`)
			k.do(chromedp.KeyEvent("Account deleted"))
			k.opens("Show", "Events")
			k.opens("Server", "Server")
			k.opens("Look for what is wrong", "What was found")
			k.opens("Overview", "Overview")
			k.to(`e.matches("summary")`)
			k.do(chromedp.KeyEvent("\r"))
			k.looks("Overview, with numbers")
			k.opens(root.Username, "Your account")
			k.opens("Add an app", "Add an authenticator app")
			k.opens("Leave it", "Your account")
			k.opens("Log out", "Log in")
			k.calm()
		})
	}
}

// The one script of the page shows passkeys: as the whole login, and as the fresh proof of what
// asks for one.
func TestAdminByPasskey_K2_O3(t *testing.T) {
	t.Parallel()
	s := testenv.NewEmbedded(t)
	s.Add(t)
	s.AwaitReady(t)
	root := testenv.Newcomer()
	out, errOut, code := testenv.Command(t, s.Replicas[0].Dir, root.Password+"\n", s.Env, "user", "create", "--admin", "--email", root.Email, "--username", root.Username)
	if code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, out, errOut)
	}
	b := open(t)
	b.plug(webauthn.VirtualAuthenticatorOptions{Transport: webauthn.AuthenticatorTransportInternal})
	b.do(chromedp.Navigate(public(s) + "/"))
	added, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](fmt.Sprintf(`(async () => {
		const ask = async (query, variables, token) => (await (await fetch("/graphql", {method: "POST",
			headers: {"Content-Type": "application/json", ...(token && {Authorization: "Bearer " + token})}, body: JSON.stringify({query, variables})})).json()).data;
		const token = (await ask("mutation ($l: String!, $p: String!) { login(input: {login: $l, password: $p}) { tokens { accessToken } } }", {l: %q, p: %q})).login.tokens.accessToken;
		const {challenge, passkeyOptions} = (await ask("mutation { startPasskey { challenge passkeyOptions } }", {}, token)).startPasskey;
		const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(passkeyOptions));
		const passkey = JSON.stringify(await navigator.credentials.create({publicKey}));
		const {errors} = (await ask("mutation ($c: String!, $p: String!) { addPasskey(input: {challenge: $c, passkey: $p}) { errors { code } } }", {c: challenge, p: passkey}, token)).addPasskey;
		await ask("mutation { requireSecondFactor(input: {required: true}) { errors { code } } }", {}, token);
		return errors.map(e => e.code).join();
	})()`, root.Username, root.Password), chromedp.EvalAwaitPromise))
	must(t, err)
	if added != "" {
		t.Fatalf("no passkey: %s", added)
	}
	b.do(chromedp.Navigate(public(s) + "/admin/server"))
	b.until(`!document.querySelector("form.passkey").hidden`)
	b.do(chromedp.Click(chromedp.CSS("form.passkey button")))
	b.until(`document.querySelector("h1").textContent === "Server"`)
	b.do(chromedp.Navigate(public(s) + "/admin/again?next=/admin/mail"))
	b.do(chromedp.Click(chromedp.CSS("form.passkey button")))
	b.until(`document.querySelector("h1").textContent === "Mail"`)

	b.goes(chromedp.Click(chromedp.CSS("header button")))
	b.do(chromedp.SendKeys(chromedp.ID("login"), root.Username), chromedp.SendKeys(chromedp.ID("password"), root.Password))
	b.goes(chromedp.KeyEvent("\r"))
	b.says(heading, "One more step")
	b.do(chromedp.Click(chromedp.CSS("form.passkey button")))
	b.until(`document.querySelector("h1").textContent === "Overview"`)
	b.calm()
}
