package web

import (
	"flag"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/mail"
	"latchkey/internal/store"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func testPages(t *testing.T, app string) *pages {
	t.Helper()
	var appURL *url.URL
	if app != "" {
		appURL = &url.URL{Scheme: "https", Host: app}
	}
	p, err := newPages("Latchkey", "", &url.URL{Scheme: "https", Host: "auth.example.org"}, appURL)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Of a service under a path every address on its host that a page has is below that.
func TestPagesUnderPath_D7(t *testing.T) {
	public := &url.URL{Scheme: "https", Host: "example.org", Path: "/id"}
	p, err := newPages("Latchkey", "", public, nil)
	must(t, err)
	all := map[string]string{}
	for _, s := range states(t) {
		w := httptest.NewRecorder()
		p.write(w, http.StatusOK, s.page, s.data)
		all[s.file] = w.Body.String()
	}
	ours := regexp.MustCompile(`(?:href|src|action)="(/[^"]*)"|<code>(/[^<]*)</code>`)
	for name, text := range all {
		found := ours.FindAllStringSubmatch(text, -1)
		if len(found) == 0 {
			t.Errorf("%s: no address of ours", name)
		}
		for _, at := range found {
			if !strings.HasPrefix(at[1]+at[2], "/id/") {
				t.Errorf("%s leads to %s", name, at[0])
			}
		}
	}
	scripts := maps.Clone(explorerFiles)
	scripts["inbox.js"] = inboxJS
	for name, script := range scripts {
		if regexp.MustCompile("[\"'`]/").Match(script.body) {
			t.Errorf("%s has an address of its own", name)
		}
	}
}

// state is a page as somebody may find it.
type state struct {
	file, app, page string
	data            any
}

// states are all of them: golden files hold each, and are what a change is
// looked at by.
func states(t *testing.T) []state {
	t.Helper()
	letter, err := os.ReadFile("../mail/testdata/confirm_one.html")
	must(t, err)
	in := params{"lko_example", "ada@example.org"}
	form := confirmForm{params: in, Username: "ada", Device: "Firefox on Linux", When: "today at 08:15 UTC"}
	ask, missing, wrong, odd, unknown := form, form, form, form, form
	unknown.Device = "An unknown device"
	ask.AskPassword, ask.Username = true, ""
	missing.AskPassword, missing.Error = true, "Type the password that you chose with this username."
	wrong.AskPassword, wrong.Error = true, "This is not the password that you chose with this username."
	odd.Username, odd.Device = "a-name.as_long-as-they-can.ever-be", `<b>"a'&`+strings.Repeat("x", 58)
	odd.Email = "averyveryveryveryverylonglocalpartwithoutanyspacesatallinit@averyveryverylongdomain.example.org"

	first := mail.Message{
		ID: "0193", Kind: "confirm_registration", To: "ada@example.org", From: "latchkey@localhost", FromName: "Latchkey", Subject: "Confirm your email",
		CreatedAt: noon, HTML: string(letter), Text: "Confirm it here:\n\nhttp://localhost:8080/email/confirm-email?token=lko_x&email=ada%40example.org\n\nThe link works for 24 hours.\n",
	}
	second := first
	second.ID, second.To, second.Subject, second.CreatedAt = "0192", odd.Email, "You already have an account", noon.Add(-25*time.Hour)

	ada := &store.User{Username: "ada", Email: "ada@example.org"}
	change := confirmForm{params: in, Change: true, Username: "ada", When: "on 3\u00a0January 2026 at 08:15 UTC"}
	notMe := func(kind store.EventKind) notMeForm {
		return notMeForm{in.Token, kind, "ada", in.Email, form.Device, form.When}
	}

	return []state{
		{"confirm", "", "confirm", form},
		{"confirm-long", "", "confirm", odd},
		{"confirm-unknown-device", "", "confirm", unknown},
		{"confirm-password", "", "confirm", ask},
		{"confirm-password-missing", "", "confirm", missing},
		{"confirm-password-wrong", "", "confirm", wrong},
		{"confirm-change", "", "confirm", change},
		{"confirmed", "", "confirmed", auth.Confirmed{User: ada}},
		{"confirmed-app", "app.example.org", "confirmed", auth.Confirmed{User: ada}},
		{"confirmed-change", "app.example.org", "confirmed", auth.Confirmed{User: ada, Change: true}},
		{"declined", "app.example.org", "declined", false},
		{"declined-change", "", "declined", true},
		{"dead", "", "dead", deadLink{Email: "ada@example.org"}},
		{"dead-cut", "", "dead", deadLink{Cut: true}},
		{"reset-dead-cut", "", "reset-dead", deadLink{Cut: true}},
		{"not-me-dead-cut", "", "not-me-dead", deadLink{Cut: true}},
		{"dead-app", "app.example.org", "dead", deadLink{Email: "ada@example.org"}},
		{"dead-email-wrong", "app.example.org", "dead", deadLink{Email: "ada", Error: "An address looks like name@example.org."}},
		{"sent", "app.example.org", "sent", in},
		{"later", "", "later", later{in, confirmPath, "Too many tries", "Try again in 30 seconds. The link in your mail stays as it is."}},
		{"reset", "", "reset", resetForm{in, "ada", false, "", 8, ""}},
		{"reset-back", "", "reset", resetForm{in, "ada", false, "on 27\u00a0November 2026 at 08:15 UTC", 8, ""}},
		{"reset-wrong", "", "reset", resetForm{in, "ada", false, "", 8, "This is one of the passwords that people guess first. Choose another."}},
		{"reset-invited", "", "reset", resetForm{in, "ada", true, "", 8, ""}},
		{"first", "", "first", firstForm{Token: in.Token, MinLength: 8}},
		{"first-wrong", "", "first", firstForm{
			Token: in.Token, Email: "ada", Username: "ada", MinLength: 8, First: "email",
			Errors: map[string]string{"email": "An address looks like name@example.org.", "password": "At least 8 characters."},
		}},
		{"first-done", "app.example.org", "first-done", ada},
		{"first-dead", "", "first-dead", deadLink{}},
		{"first-dead-cut", "", "first-dead", deadLink{Cut: true}},
		{"reset-done", "", "reset-done", passwordSet{Username: "ada"}},
		{"reset-done-app", "app.example.org", "reset-done", passwordSet{Username: "ada"}},
		{"reset-made", "app.example.org", "reset-done", passwordSet{"ada", "fk3mx-2vq7a-hd5tp-wb6ne-jy4u2c"}},
		{"reset-dead", "app.example.org", "reset-dead", deadLink{Email: "ada@example.org"}},
		{"reset-dead-email-wrong", "", "reset-dead", deadLink{Email: "ada", Error: emailHint}},
		{"reset-sent", "", "reset-sent", in},
		{"not-me", "", "not-me", notMe(store.EventNewDevice)},
		{"not-me-moved", "", "not-me", notMe(store.EventSessionMoved)},
		{"not-me-password", "", "not-me", notMe(store.EventPasswordChanged)},
		{"not-me-username", "", "not-me", notMe(store.EventUsernameChanged)},
		{"not-me-email", "", "not-me", notMe(store.EventEmailChanged)},
		{"not-me-requested", "", "not-me", notMe(store.EventEmailChangeRequested)},
		{"not-me-app-added", "", "not-me", notMe(store.EventFactorAdded)},
		{"not-me-app-removed", "", "not-me", notMe(store.EventFactorRemoved)},
		{"not-me-passkey-added", "", "not-me", notMe(store.EventPasskeyAdded)},
		{"not-me-passkey-removed", "", "not-me", notMe(store.EventPasskeyRemoved)},
		{"not-me-second-factor-on", "", "not-me", notMe(store.EventSecondFactorOn)},
		{"not-me-second-factor-off", "", "not-me", notMe(store.EventSecondFactorOff)},
		{"not-me-codes-made", "", "not-me", notMe(store.EventRecoveryCodesMade)},
		{"not-me-code-used", "", "not-me", notMe(store.EventRecoveryCodeUsed)},
		{"not-me-codes-tried", "", "not-me", notMe(store.EventCodesTried)},
		{"not-me-password-removed", "", "not-me", notMe(store.EventPasswordRemoved)},
		{"not-me-done", "", "not-me-done", ada},
		{"not-me-disabled", "", "not-me-done", &store.User{Username: "ada", Email: "ada@example.org", DisabledAt: &noon}},
		{"not-me-dead", "", "not-me-dead", deadLink{}},
		{"stop", "", "stop", stopForm{in, false}},
		{"stop-refused", "", "stop", stopForm{in, true}},
		{"stop-dead", "", "stop-dead", deadLink{Email: "ada@example.org"}},
		{"stop-dead-cut", "", "stop-dead", deadLink{Cut: true}},
		{"started", "app.example.org", "started", in},
		{"notfound", "", "notice", notice{"There is no page here", []string{"The address may have been cut off or mistyped."}}},
		{"home", "", "home", nil},
		{"home-app", "app.example.org", "home", nil},
		{"inbox-empty", "", "inbox", inboxList{Script: "/inbox.js"}},
		{"inbox-none", "", "inbox", inboxList{To: "bob@example.org", Script: "/inbox.js"}},
		{"inbox", "", "inbox", inboxList{Mails: []mailRow{row(&first), row(&second)}, Script: "/inbox.js"}},
		{"mail", "", "mail", oneMail{row(&first), pieces(first.Text)}},
		{"explorer", "", "explorer", explorerView{true, explorerData{steps[:2], samplePassword, sampleNewPassword}, "/explorer/explorer.css", "/explorer/main.js"}},
	}
}

func TestPageStates_D6(t *testing.T) {
	hash := regexp.MustCompile(`/assets/page\.[0-9a-f]{12}\.css`)
	handler := regexp.MustCompile(` on[a-z]+=`)
	// Scripts of ours and their data; and what a mail has of its own.
	allowed := regexp.MustCompile(`(?s)<script (?:type="module" )?src="/[\w/]+\.js"></script>|<script type="application/json"|<template shadowrootmode.*</template>`)
	for _, s := range states(t) {
		t.Run(s.file, func(t *testing.T) {
			w := httptest.NewRecorder()
			testPages(t, s.app).write(w, http.StatusOK, s.page, s.data)
			got := hash.ReplaceAllString(w.Body.String(), "page.css")
			ours := allowed.ReplaceAllString(got, "")
			if strings.Contains(ours, "<script") || strings.Contains(ours, " style=") || handler.MatchString(ours) {
				t.Error("a page has a script or a style of its own, which its policy refuses")
			}
			golden(t, "testdata/"+s.file+".html", got)
		})
	}
}

// golden compares with a file, or rewrites it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestPageEscapes(t *testing.T) {
	w := httptest.NewRecorder()
	testPages(t, "").write(w, http.StatusOK, "confirm", confirmForm{
		params: params{`"><script>`, `<i>@example.org`}, Username: `</bdi><script>`, Device: `<img src=x>`, When: "today",
	})
	for _, bad := range []string{"<script>", "<i>", "<img"} {
		if strings.Contains(w.Body.String(), bad) {
			t.Errorf("the page has %s unescaped", bad)
		}
	}
}

func TestSinceWords(t *testing.T) {
	tests := []struct {
		at   time.Time
		want string
	}{
		{noon.Add(-time.Hour), "today at 11:00 UTC"},
		{noon.Add(-13 * time.Hour), "yesterday at 23:00 UTC"},
		{noon.Add(-37 * time.Hour), "on 22\u00a0November 2026 at 23:00 UTC"},
		{noon.In(time.FixedZone("", 13*3600)), "today at 12:00 UTC"},
	}
	for _, tt := range tests {
		if got := sinceWords(tt.at, noon); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.at, got, tt.want)
		}
	}
}

func TestMailLinks(t *testing.T) {
	got := pieces("See http://a.example/x?y=1&z=2\nor <https://b.example>.")
	want := []piece{{Words: "See "}, {Link: "http://a.example/x?y=1&z=2"}, {Words: "\nor <"}, {Link: "https://b.example"}, {Words: ">."}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Pages are parsed when they are first asked for, and that must not be when a mistake shows.
func TestPagesParse(t *testing.T) {
	p, err := newPages("Latchkey", "", &url.URL{Scheme: "https", Host: "auth.example.org"}, nil)
	must(t, err)
	must(t, p.templates.Parse())
	wrong, err := NewTemplates(fstest.MapFS{
		"templates/layout.html": {Data: []byte(`<p>{{template "body" .}}</p>`)},
		"templates/good.html":   {Data: []byte(`{{define "body"}}good {{.}}{{end}}`)},
		"templates/bad.html":    {Data: []byte(`{{define "body"}}{{nothing}}{{end}}`)},
	}, nil)
	must(t, err)
	if err := wrong.Parse(); err == nil || !strings.Contains(err.Error(), "page bad") || strings.Contains(err.Error(), "page good") {
		t.Errorf("a template with a mistake: %v", err)
	}
	var b strings.Builder
	if err := wrong.Write(&b, "good", "<b>"); err != nil || b.String() != "<p>good &lt;b&gt;</p>" {
		t.Errorf("got %q, %v", b.String(), err)
	}
	if err := wrong.Write(&b, "layout", nil); err == nil {
		t.Error("the layout is a page")
	}
}

// SUPPORT_EMAIL stands on every page; what is no part of an address is no markup.
func TestHelpOnPages(t *testing.T) {
	p, err := newPages("Latchkey", "help+a&b@example.org", &url.URL{Scheme: "https", Host: "auth.example.org"}, nil)
	must(t, err)
	for name := range p.templates.byName {
		for _, s := range states(t) {
			if s.page != name {
				continue
			}
			w := httptest.NewRecorder()
			p.write(w, http.StatusOK, name, s.data)
			wants(t, w, http.StatusOK, `Help: <a href="mailto:help&#43;a&amp;b@example.org">help&#43;a&amp;b@example.org</a>`)
		}
	}
}
