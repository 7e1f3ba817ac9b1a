package browser_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"latchkey/internal/testenv"
)

// attempts are what a page can do to another site's API, as JavaScript in which
// API, LOGIN, LOGOUT and ME stand for an address, two bodies and a query. Each comes to
// what the page learns: an answer's text, "blocked", "opaque", or "sent" where a
// page learns nothing.
var attempts = map[string]string{
	"JSON with the cookie":         `fetch(API + "/graphql", {method: "POST", credentials: "include", headers: {"Content-Type": "application/json"}, body: LOGOUT}).then(r => r.text())`,
	"JSON without the cookie":      `fetch(API + "/graphql", {method: "POST", credentials: "omit", headers: {"Content-Type": "application/json"}, body: LOGOUT}).then(r => r.text())`,
	"a login with the cookie":      `fetch(API + "/graphql", {method: "POST", credentials: "include", headers: {"Content-Type": "application/json"}, body: LOGIN}).then(r => r.text())`,
	"a bearer":                     `fetch(API + "/graphql", {method: "POST", headers: {"Content-Type": "application/json", "Authorization": "Bearer x"}, body: LOGOUT}).then(r => r.text())`,
	"text without a question":      `fetch(API + "/graphql", {method: "POST", mode: "no-cors", credentials: "include", headers: {"Content-Type": "text/plain"}, body: LOGOUT}).then(r => r.type)`,
	"a login as text":              `fetch(API + "/graphql", {method: "POST", mode: "no-cors", credentials: "include", body: LOGIN}).then(r => r.type)`,
	"a beacon":                     `Promise.resolve(navigator.sendBeacon(API + "/graphql", new Blob([LOGOUT], {type: "text/plain"})) ? "sent" : "blocked")`,
	"a mutation by GET":            `fetch(API + "/graphql?query=" + encodeURIComponent(JSON.parse(LOGOUT).query), {mode: "no-cors", credentials: "include"}).then(r => r.type)`,
	"a query by GET":               `fetch(API + "/graphql?query=" + encodeURIComponent(ME), {credentials: "include"}).then(r => r.text())`,
	"a query by GET, unasked":      `fetch(API + "/graphql?query=" + encodeURIComponent(ME), {mode: "no-cors", credentials: "include"}).then(r => r.type)`,
	"a query by GET with a bearer": `fetch(API + "/graphql?query=" + encodeURIComponent(ME), {headers: {"Authorization": "Bearer x"}}).then(r => r.text())`,
	"a query as a script": `new Promise(done => { const s = document.createElement("script"); s.onload = () => done("sent"); s.onerror = () => done("blocked");
		s.src = API + "/graphql?query=" + encodeURIComponent(ME); document.body.append(s) })`,
	"a query in a frame": `new Promise(done => { const f = document.createElement("iframe"); f.src = API + "/graphql?query=" + encodeURIComponent(ME); document.body.append(f);
		f.onload = () => { try { done(f.contentDocument && f.contentDocument.body.innerText.includes("data") ? "framed" : "sent") } catch { done("sent") } } })`,
	"a query by a form":           `form(API + "/graphql", "application/x-www-form-urlencoded", {query: ME}, "get")`,
	"a mutation by a form of GET": `form(API + "/graphql", "application/x-www-form-urlencoded", {query: JSON.parse(LOGOUT).query}, "get")`,
	"an image":                    `new Promise(done => { const i = new Image(); i.onload = i.onerror = () => done("sent"); i.src = API + "/graphql?query=" + encodeURIComponent(JSON.parse(LOGOUT).query) })`,
	"a form":                      `form(API + "/graphql", "application/x-www-form-urlencoded", {query: JSON.parse(LOGOUT).query})`,
	"a form in parts":             `form(API + "/graphql", "multipart/form-data", {operations: LOGOUT, map: "{}"})`,
	"a form of text that is JSON": `form(API + "/graphql", "text/plain", {[LOGOUT.slice(0, -1) + ',"x":"']: '"}'})`,
	"a form that logs in":         `form(API + "/graphql", "text/plain", {[LOGIN.slice(0, -1) + ',"x":"']: '"}'})`,
	"a frame": `new Promise(done => { const f = document.createElement("iframe"); f.src = API + "/email/reset-password?token=x"; document.body.append(f);
		f.onload = () => { try { done(f.contentDocument && f.contentDocument.body.innerText.includes("link") ? "framed" : "sent") } catch { done("sent") } } })`,
}

// tools are what attempts use: form sends a form into a frame.
const tools = `const form = (action, type, fields, method = "post") => new Promise(done => {
	const frame = document.createElement("iframe"), f = document.createElement("form");
	frame.name = "f" + Math.random(); document.body.append(frame, f);
	Object.assign(f, {method, action, enctype: type, target: frame.name});
	for (const [name, value] of Object.entries(fields)) { const i = document.createElement("input"); Object.assign(i, {type: "hidden", name, value}); f.append(i) }
	frame.onload = () => done("sent");
	f.submit();
});`

// Whatever a page does, on another site, on another origin of the same site or in
// a sandbox: it learns nothing, logs nobody out, and nobody in.
func TestCSRFMatrixInBrowser_I5(t *testing.T) {
	t.Parallel()
	app, stranger, elsewhere := named("app.latchkey", pages(t)), named("stranger.latchkey", pages(t)), named("elsewhere", pages(t))
	s := testenv.Embedded(t, "CORS_ORIGINS="+app)
	ada, eve := s.Join(t), s.Join(t)
	b := open(t)
	operation := func(query string) string {
		b, err := json.Marshal(map[string]string{"query": query})
		must(t, err)
		return string(b)
	}
	login := func(p *testenv.Person) string {
		return operation(`mutation { login(input: {login: "` + p.Username + `", password: "` + p.Password + `", transport: COOKIE}) { user { username } errors { code } } }`)
	}
	logout := operation(`mutation { logout { errors { code } } }`)
	refresh := operation(`mutation { refresh { user { username sessions { id } } errors { code } } }`)

	// attempt runs JavaScript in the page that is open, or in a sandbox within it.
	attempt := func(script string, sandbox bool) string {
		t.Helper()
		run := fmt.Sprintf(`{ const API = %q, LOGIN = %q, LOGOUT = %q, ME = "{ me { username } }"; %s
			Promise.race([%s, new Promise(done => setTimeout(done, 20000, "nothing"))]).catch(() => "blocked").then(answer => REPORT) }`, api(s), login(eve), logout, tools, script)
		if sandbox {
			inner, err := json.Marshal("<body><script>" + strings.ReplaceAll(run, "REPORT", `parent.postMessage(answer, "*")`) + "</script>")
			must(t, err)
			run = `{ window.onmessage = e => { window.answer = e.data };
				const f = document.createElement("iframe"); f.sandbox = "allow-scripts allow-forms"; f.srcdoc = ` + string(inner) + `; document.body.append(f) }`
		}
		_, err := chromedp.Run(b.ctx, chromedp.Evaluate[chromedp.Void](`window.answer = null; `+strings.ReplaceAll(run, "REPORT", "window.answer = answer")))
		must(t, err)
		b.until(`window.answer !== null`)
		answer, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`window.answer`))
		must(t, err)
		return answer
	}
	post := func(body string) string {
		return fmt.Sprintf(`fetch(API + "/graphql", {method: "POST", credentials: "include", headers: {"Content-Type": "application/json"}, body: %q}).then(r => r.text())`, body)
	}
	mustStand := func(what string) {
		t.Helper()
		b.do(chromedp.Navigate(app))
		var got struct {
			Data struct {
				Refresh struct {
					User struct {
						Username string
						Sessions []struct{ ID string }
					}
				}
			}
		}
		answer := attempt(post(refresh), false)
		if err := json.Unmarshal([]byte(answer), &got); err != nil || got.Data.Refresh.User.Username != ada.Username || len(got.Data.Refresh.User.Sessions) != 2 { // the one that confirmed is there too
			t.Fatalf("after %s the app's session is %s", what, answer)
		}
	}

	b.do(chromedp.Navigate(app))
	if got := attempt(post(login(ada)), false); !strings.Contains(got, `"username":"`+ada.Username+`"`) {
		t.Fatalf("the app logs in: %s", got)
	}
	mustStand("the login")
	for _, from := range []struct {
		name, url string
		sandbox   bool
	}{
		{"another origin of the site", stranger, false},
		{"another site", elsewhere, false},
		{"a sandbox on another site", elsewhere, true},
		{"a sandbox in the app", app, true},
	} {
		b.do(chromedp.Navigate(from.url))
		for name, script := range attempts {
			switch got := attempt(script, from.sandbox); got {
			case "blocked", "opaque", "sent":
			default:
				t.Errorf("%s: %s: learned %q", from.name, name, got)
			}
		}
		mustStand(from.name)
	}
	b.do(chromedp.Navigate(app)) // and the attempts are real ones: from here they succeed
	// The cookie makes nobody a viewer, not even here.
	if got := attempt(attempts["a query by GET"], false); got != `{"data":{"me":null}}` {
		t.Errorf("the app asks by GET: %s", got)
	}
	if got := attempt(attempts["JSON with the cookie"], false); !strings.Contains(got, `"errors":[]`) {
		t.Errorf("the app logs out: %s", got)
	}
	if got := attempt(post(refresh), false); !strings.Contains(got, "TOKEN_INVALID") {
		t.Errorf("the app after its logout: %s", got)
	}
	if got := attempt(attempts["a login with the cookie"], false); !strings.Contains(got, `"username":"`+eve.Username+`"`) {
		t.Errorf("the app logs in another: %s", got)
	}
}
