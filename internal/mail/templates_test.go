package mail

import (
	"flag"
	"html"
	htmltemplate "html/template"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/store"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var (
	goldenNow = time.Date(2026, 11, 24, 8, 15, 3, 0, time.UTC)
	withURL   = App{Name: "Latchkey", Host: "auth.example.org", URL: "https://app.example.org"}
	withHelp  = App{Name: "Latchkey", Host: "auth.example.org", Help: "help@example.org"}
	bare      = App{Name: "Latchkey", Host: "auth.example.org"}
)

func goldenLink(token string) string {
	return "https://auth.example.org/email/confirm-email?token=lko_" + token + "&email=ada%40example.org"
}

// goldenURL is the link of every golden mail.
var goldenURL = goldenLink(strings.Repeat("A", 43))

func goldenView(lasts time.Duration) linkView {
	return linkView{URL: htmltemplate.URL(goldenURL), Lasts: duration(lasts), Until: moment(goldenNow.Add(lasts))}
}

func goldenConfirmation(username, device string, age time.Duration) confirmation {
	left := goldenView(24*time.Hour - age)
	return newConfirmation(&store.Registration{Username: username, Device: device, CreatedAt: goldenNow.Add(-age)}, &left)
}

func goldenChanges(usernames ...string) letter {
	var l letter
	for _, name := range usernames {
		left := goldenView(24 * time.Hour)
		l.Changes = append(l.Changes, newChange(&store.User{Username: name, CreatedAt: time.Date(2026, 1, 3, 8, 15, 0, 0, time.UTC)}, &left))
	}
	return l
}

// goldenReset is of an account that can be taken back until then, if that is not zero.
func goldenReset(username string, back time.Time) letter {
	left := goldenView(time.Hour)
	return letter{Reset: newReset(&store.User{Username: username}, back, &left)}
}

// goldenInvitation is of somebody who is to have a role.
func goldenInvitation(username string, role store.Role) letter {
	left := goldenView(72 * time.Hour)
	return letter{Reset: newReset(&store.User{Username: username, Role: role}, time.Time{}, &left)}
}

// goldenKept is of a deletion, at an address of before.
func goldenKept(username string) letter {
	l := goldenNotice(username, "", "Firefox on Linux", "192.0.2.17", false)
	l.Notice.Kept = moment(time.Date(2026, 11, 27, 8, 15, 0, 0, time.UTC))
	return l
}

// goldenNotice is of an event that can be taken back, unless notMe is false.
func goldenNotice(username, became, device, address string, notMe bool) letter {
	n := newNotice(&store.MailDetails{Username: username, New: became, Device: device, Address: address, At: goldenNow})
	if notMe {
		link := goldenView(72 * time.Hour)
		n.NotMe = &link
	}
	return letter{Notice: n}
}

// goldenRole is of a change of role.
func goldenRole(d store.MailDetails) letter {
	d.At = goldenNow
	return letter{Notice: newNotice(&d)}
}

// goldenMoved is of a session that was opened on a device of this name.
func goldenMoved(username, session string, notMe bool) letter {
	l := goldenNotice(username, "", "curl", "192.0.2.17", notMe)
	l.Notice.Session = plain(session)
	return l
}

// goldenLogin is a login of which this was new.
func goldenLogin(device, network bool) letter {
	l := goldenNotice("ada", "", "Firefox on Linux", "192.0.2.17", true)
	l.Notice.NewDevice, l.Notice.NewNetwork = device, network
	return l
}

type state struct {
	name   string
	app    App
	kind   store.MailKind
	letter letter
}

// goldenStop is where the reader of a golden mail refuses more of them.
var goldenStop = htmltemplate.URL("https://auth.example.org/email/stop?token=lks_" + strings.Repeat("A", 43) + "&email=ada%40example.org")

// states are every kind of mail in each of its states.
var states = stoppable(append([]state{
	{"confirm_one", withURL, store.MailConfirmRegistration, letter{Confirmations: []confirmation{goldenConfirmation("ada", "Firefox on Linux", 0)}}},
	{"confirm_late", withURL, store.MailConfirmRegistration, letter{Confirmations: []confirmation{goldenConfirmation("ada.lovelace", "Firefox on Linux", 22*time.Hour+30*time.Minute)}}},
	{"confirm_several", withURL, store.MailConfirmRegistration, letter{Several: true, Confirmations: []confirmation{goldenConfirmation("evil.example.com", "Safari on iPhone", 3*time.Hour)}}},
	{"already_registered", withURL, store.MailAlreadyRegistered, letter{}},
	{"already_registered_no_app", bare, store.MailAlreadyRegistered, letter{}},
	{"already_registered_held", withURL, store.MailAlreadyRegistered, letter{Held: true}},
	{"already_registered_held_no_app", bare, store.MailAlreadyRegistered, letter{Held: true}},
	{"new_email_one", withURL, store.MailConfirmNewEmail, goldenChanges("ada")},
	{"new_email_several", bare, store.MailConfirmNewEmail, goldenChanges("ada", "evil.example.com", "abcdefghijklmnopqrstuvwxyz-01234")},
	{"password_reset", withURL, store.MailPasswordReset, goldenReset("ada.lovelace", time.Time{})},
	{"password_reset_back", withURL, store.MailPasswordReset, goldenReset("ada", goldenNow.Add(71*time.Hour))},
	{"invited", withURL, store.MailInvited, goldenInvitation("ada.lovelace", store.RoleUser)},
	{"invited_admin", bare, store.MailInvited, goldenInvitation("ada", store.RoleAdmin)},
	{"test", withHelp, store.MailTest, letter{}},
	{"new_device_hostile", bare, store.MailNewDevice, goldenNotice("www.evil.com", "", `<img src="//evil.com"> a@b.c {{.}}`, "", true)},
	{"email_changed_hostile", bare, store.MailEmailChanged, goldenNotice("www.evil.com", "https//evil@"+strings.Repeat("very-long.", 20)+"example", "", "", true)},
	{"account_deleted_kept", withURL, store.MailAccountDeleted, goldenKept("ada")},
	{"password_reset_help", withHelp, store.MailPasswordReset, goldenReset("ada", time.Time{})},
	{"role_changed", withURL, store.MailRoleChanged, goldenRole(store.MailDetails{Username: "ada", Role: store.RoleAdmin})},
	{"role_changed_back", bare, store.MailRoleChanged, goldenRole(store.MailDetails{Username: "ada.lovelace", Role: store.RoleUser, Shell: true})},
	{"administrators_changed", withURL, store.MailAdministratorsChanged, goldenRole(store.MailDetails{
		Username: "bob", Role: store.RoleAdmin, By: "ada.lovelace", Device: "Firefox on Linux", Address: "192.0.2.17"})},
	{"administrators_changed_back", bare, store.MailAdministratorsChanged, goldenRole(store.MailDetails{Username: "bob", Role: store.RoleUser, Shell: true})},
	{"session_moved_hostile", bare, store.MailSessionMoved, goldenMoved("www.evil.com", `<a href="//evil.com">`, false)},
	{"session_moved", withURL, store.MailSessionMoved, goldenMoved("ada", "Laptop", true)},
	{"new_device_network", withURL, store.MailNewDevice, goldenLogin(false, true)},
	{"new_device_both", withURL, store.MailNewDevice, goldenLogin(true, true)},
	{"new_device_no_link_app", withURL, store.MailNewDevice, goldenNotice("ada", "", "Firefox on Linux", "192.0.2.17", false)},
}, slices.Concat(notices(), factorStates(), loginStates())...))

// stoppable gives the mails that strangers can cause the link that refuses more.
func stoppable(list []state) []state {
	for i := range list {
		if causedByStrangers[list[i].kind] {
			list[i].letter.Stop = goldenStop
		}
	}
	return list
}

// notices are those of all kinds: with all that is known, and with the least.
func notices() []state {
	var list []state
	for _, n := range []struct {
		kind   store.MailKind
		became string
		event  bool
	}{
		{store.MailNewDevice, "", true}, {store.MailPasswordChanged, "", true}, {store.MailUsernameChanged, "countess", true},
		{store.MailEmailChangeRequested, "ada@new.example.org", true}, {store.MailEmailChanged, "ada@new.example.org", true},
		{store.MailEmailRemoved, "", false}, {store.MailAccountDeleted, "", false}, {store.MailAccountDisabled, "", false},
	} {
		name := string(n.kind)
		list = append(list,
			state{name, withURL, n.kind, goldenNotice("ada", n.became, "Firefox on Linux", "192.0.2.17", n.event)},
			state{name + "_least", bare, n.kind, goldenNotice("ada.lovelace", n.became, "", "", false)})
	}
	return list
}

var parsed sync.Map // *Templates by App: reading them takes longer than writing a mail

// builtInOf returns the built-in templates.
func builtInOf(t *testing.T, app App) *Templates {
	t.Helper()
	if templates, ok := parsed.Load(app); ok {
		return templates.(*Templates)
	}
	templates, err := NewTemplates(app)
	if err != nil {
		t.Fatal(err)
	}
	parsed.Store(app, templates)
	return templates
}

func render(t *testing.T, app App, kind store.MailKind, l letter) *Message {
	t.Helper()
	m := Message{Kind: kind}
	if err := builtInOf(t, app).write(&m, l); err != nil {
		t.Fatal(err)
	}
	return &m
}

func TestGolden(t *testing.T) {
	for _, s := range states {
		m := render(t, s.app, s.kind, s.letter)
		for ext, got := range map[string]string{".html": m.HTML, ".txt": m.Text} {
			file := filepath.Join("testdata", s.name+ext)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got; rewrite with -update):\n%s", file, diff)
			}
		}
	}
}

func TestEveryKindIsWritten(t *testing.T) {
	seen := map[store.MailKind]bool{}
	for _, s := range states {
		seen[s.kind] = true
	}
	for kind := range subjects {
		if !seen[kind] {
			t.Errorf("%s has no golden file", kind)
		}
	}
	if err := builtInOf(t, bare).write(&Message{Kind: "of_tomorrow"}, letter{}); err != errUnknownKind {
		t.Errorf("an unknown kind: got %v", err)
	}
}

var (
	href    = regexp.MustCompile(`href="([^"]*)"`)
	tag     = regexp.MustCompile(`<[^>]*>`)
	head    = regexp.MustCompile(`(?s)<head>.*</head>`)
	fetched = regexp.MustCompile(`(?i)<(img|link|script|iframe|object|embed|video|audio|source|form|input|svg|base|meta http-equiv)|url\(|@import|@font-face|\b(src|srcset|background|poster|on\w+)=`)
)

// textOf is what a reader of the HTML sees, without the links that we set.
func textOf(m *Message) string {
	return html.UnescapeString(tag.ReplaceAllString(head.ReplaceAllString(m.HTML, ""), ""))
}

func TestLinksAreInBothParts(t *testing.T) {
	for _, s := range states {
		m := render(t, s.app, s.kind, s.letter)
		inHTML := []string{}
		for _, found := range href.FindAllStringSubmatch(m.HTML, -1) {
			inHTML = append(inHTML, html.UnescapeString(found[1]))
		}
		if diff := cmp.Diff(inHTML, m.Links()); diff != "" {
			t.Errorf("%s: links of HTML and text differ:\n%s", s.name, diff)
		}
		want := len(s.letter.links())
		plain := []store.MailKind{store.MailEmailRemoved, store.MailAccountDeleted, store.MailAccountDisabled, store.MailRoleChanged} // say what is, and offer nothing
		if want == 0 && s.app.URL != "" && !slices.Contains(plain, s.kind) {
			want = 1
		}
		if s.letter.Stop != "" {
			want++
		}
		if len(inHTML) != want {
			t.Errorf("%s: %d links, want %d", s.name, len(inHTML), want)
		}
	}
}

func TestNothingIsFetched(t *testing.T) {
	for _, s := range states {
		m := render(t, s.app, s.kind, s.letter)
		markup := head.FindString(m.HTML) + strings.Join(tag.FindAllString(m.HTML, -1), "")
		if found := fetched.FindString(markup); found != "" {
			t.Errorf("%s: %q", s.name, found)
		}
		for _, line := range strings.Split(m.HTML+m.Text, "\n") {
			if len(line) > 900 { // RFC 5322 allows 998
				t.Errorf("%s: a line of %d bytes", s.name, len(line))
			}
		}
	}
}

func TestTypedTextIsNeverALink_A8(t *testing.T) {
	for _, typed := range hostile {
		one := []confirmation{goldenConfirmation(typed, typed, 0)}
		mails := []state{
			{"", bare, store.MailConfirmRegistration, letter{Confirmations: one}},
			{"", bare, store.MailConfirmRegistration, letter{Several: true, Confirmations: one}},
			{"", bare, store.MailConfirmNewEmail, goldenChanges(typed)},
			{"", bare, store.MailConfirmNewEmail, goldenChanges(typed, typed)},
			{"", bare, store.MailPasswordReset, goldenReset(typed, time.Time{})},
		}
		for _, kind := range []store.MailKind{store.MailSessionMoved, store.MailAdministratorsChanged} {
			mails = append(mails, state{"", bare, kind, goldenRole(store.MailDetails{Username: typed, By: typed, Session: typed, Device: typed})})
		}
		for _, kind := range append(slices.Clone(factorKinds), store.MailFactorsReset) { // what their link does is typed by nobody
			mails = append(mails, state{"", bare, kind, goldenFactor(store.MailDetails{Username: typed, Factor: typed, Device: typed}, false)})
		}
		mails = append(mails, state{"", bare, store.MailLoginCode, goldenCode(store.MailDetails{Device: typed}, true)})
		for _, s := range notices() {
			mails = append(mails, state{"", bare, s.kind, goldenNotice(typed, typed, typed, "192.0.2.17", s.letter.Notice.NotMe != nil)})
		}
		for _, s := range mails {
			m := render(t, s.app, s.kind, s.letter)
			for part, text := range map[string]string{"html": textOf(m), "text": m.Text} {
				for _, ours := range []string{goldenURL, "auth.example.org", "192.0.2.17"} {
					text = strings.ReplaceAll(text, ours, "")
				}
				text = clock.ReplaceAllString(text, "")
				if rules := linkedInMail(text); len(rules) > 0 {
					t.Errorf("%s %s of %q is linked: %q", s.kind, part, typed, rules)
				}
			}
			if n := len(href.FindAllString(m.HTML, -1)); n != len(s.letter.links()) {
				t.Errorf("%s of %q has %d links", s.kind, typed, n)
			}
		}
	}
}

var clock = regexp.MustCompile(`\d\d:\d\d UTC`)

// linkedInMail is linked without the line ends that a mail has.
func linkedInMail(text string) []string {
	return linked(strings.Join(strings.Fields(text), " "))
}

func TestTypedTextIsEscaped_D9(t *testing.T) {
	m := render(t, bare, store.MailNewDevice, goldenNotice("ada", "", `</b><h1 onclick="x">& 'you'`, "", true))
	if strings.Contains(m.HTML, "<h1 onclick") || !strings.Contains(m.HTML, "&lt;h1 onclick=") {
		t.Errorf("markup got through:\n%s", m.HTML)
	}
}

func TestColoursHaveContrast(t *testing.T) {
	layout := render(t, withURL, store.MailConfirmRegistration, states[2].letter).HTML
	pairs := []struct{ text, ground string }{
		{"#1c2321", "#f6f4ef"}, {"#1c2321", "#ffffff"}, {"#56615d", "#f6f4ef"}, {"#56615d", "#ffffff"}, {"#ffffff", "#8a5a12"}, // light
		{"#eceae4", "#14181a"}, {"#eceae4", "#1d2326"}, {"#a3aca8", "#14181a"}, {"#a3aca8", "#1d2326"}, {"#1a1407", "#e3ac55"}, // dark
	}
	known := map[string]bool{"#dcd8cf": true, "#343c3f": true} // lines carry no text
	for _, p := range pairs {
		known[p.text], known[p.ground] = true, true
		if c := contrast(t, p.text, p.ground); c < 4.5 { // WCAG 2.2, 1.4.3
			t.Errorf("%s on %s: %.1f", p.text, p.ground, c)
		}
	}
	for _, colour := range regexp.MustCompile(`#[0-9a-f]{6}\b`).FindAllString(layout, -1) {
		if !known[colour] {
			t.Errorf("%s is not checked", colour)
		}
	}
}

// contrast is WCAG's ratio of two colours, 1 to 21.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(colour string) float64 {
		n, err := strconv.ParseUint(colour[1:], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		part := func(v uint64) float64 {
			c := float64(v&0xff) / 255
			if c <= 0.04045 {
				return c / 12.92
			}
			return math.Pow((c+0.055)/1.055, 2.4)
		}
		return 0.2126*part(n>>16) + 0.7152*part(n>>8) + 0.0722*part(n)
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
