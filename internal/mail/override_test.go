package mail

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/store"
)

// folderOf makes a folder of files.
func folderOf(t *testing.T, contents map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range contents {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// builtIn returns an embedded template with one text in it replaced.
func builtIn(t *testing.T, name, old, new string) string {
	t.Helper()
	text, err := files.ReadFile("templates/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q", name, old)
	}
	return strings.ReplaceAll(string(text), old, new)
}

func TestOwnTemplates(t *testing.T) {
	folder := folderOf(t, map[string]string{
		"layout.html":         builtIn(t, "layout.html", "</body>", "<p>Example Ltd, 1 Main Street</p></body>"),
		"password_reset.txt":  `{{define "title"}}Neues Passwort{{end}}{{define "why"}}Von {{.App.Host}}.{{end}}{{define "body"}}Hallo {{.Reset.Username}}: {{.Reset.URL}} {{end}}`,
		"account_deleted.txt": builtIn(t, "account_deleted.txt", "administrator of {{.App.Name}}", "write to help·example·org"),
		"README.md":           "{{ not a template",
		".new_device.html":    "{{ an editor's",
	})
	if err := os.Mkdir(filepath.Join(folder, "..2026.d"), 0o777); err != nil { // as orchestrators mount
		t.Fatal(err)
	}
	templates, err := LoadTemplates(withURL, folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range states {
		m := Message{Kind: s.kind}
		if err := templates.write(&m, s.letter); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(m.HTML, "1 Main Street") {
			t.Errorf("%s is not in the folder's layout", s.name)
		}
		if m.Subject != subjects[s.kind] {
			t.Errorf("%s: subject %q", s.name, m.Subject)
		}
		own := s.kind == store.MailPasswordReset || s.kind == store.MailAccountDeleted
		if want := render(t, withURL, s.kind, s.letter).Text; (m.Text == want) == own {
			t.Errorf("%s: text:\n%s", s.name, m.Text)
		}
	}
}

func TestEmptyFolderChangesNothing(t *testing.T) {
	templates, err := LoadTemplates(bare, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m, s := Message{Kind: states[0].kind}, states[0]
	if err := templates.write(&m, s.letter); err != nil || m.HTML != render(t, bare, s.kind, s.letter).HTML {
		t.Errorf("got %v, %s", err, m.HTML)
	}
}

func TestWrongTemplates(t *testing.T) {
	define := func(body string) string {
		return `{{define "title"}}x{{end}}{{define "preheader"}}x{{end}}{{define "why"}}x{{end}}{{define "body"}}` + body + `{{end}}`
	}
	for name, c := range map[string]struct {
		files map[string]string
		says  []string // in the error's lines
	}{
		"unknown name": {map[string]string{"passwort_reset.html": "", "Layout.HTML": ""},
			[]string{`"Layout.HTML" is the name of no template; there are account_deleted.html, account_deleted.txt,`, `"passwort_reset.html" is the name of no template`}},
		"resend has no mail": {map[string]string{"resend_confirmation.txt": ""}, []string{`"resend_confirmation.txt" is the name`}},
		"does not parse": {map[string]string{"new_device.html": "{{define \"title\"}}x{{end}}\n{{if}}", "layout.txt": "\n\n{{template}}"},
			[]string{"layout.txt:3", "new_device.html:2"}},
		"unknown function":    {map[string]string{"new_device.txt": "{{upper .App.Name}}"}, []string{`new_device.txt:1: function "upper" not defined`}},
		"unknown field":       {map[string]string{"new_device.txt": define("\n{{.Notice.Devise}}")}, []string{"new_device.txt:2:9", "Devise"}},
		"field of one branch": {map[string]string{"new_device.txt": define("{{with .Notice.NotMe}}{{.URL}} {{else}}{{.Notice.Nope}}{{end}}")}, []string{"new_device.txt:1", "Nope"}},
		"only with an app":    {map[string]string{"already_registered.html": define("{{if .App.URL}}{{.App.Home}}{{end}}")}, []string{"already_registered.html:1", "Home"}},
		"only without device": {map[string]string{"new_device.html": define("{{if .Notice.Device}}{{else}}{{.Nope}}{{end}}")}, []string{"new_device.html:1", "Nope"}},
		"only when held":      {map[string]string{"already_registered.txt": define("{{if .Held}}{{.Nope}}{{end}}")}, []string{"already_registered.txt:1", "Nope"}},
		"a second is left out": {map[string]string{"confirm_new_email.txt": define("{{with index .Changes 0}}{{.URL}} {{end}}")},
			[]string{"confirm_new_email.txt (with layout.txt, parts.txt) leaves out a link"}},
		"no link as HTML":       {map[string]string{"password_reset.html": define("{{.Reset.URL}}")}, []string{"password_reset.html (with layout.html, parts.html) leaves out a link"}},
		"no link as text":       {map[string]string{"confirm_registration.txt": define("x")}, []string{"confirm_registration.txt (with"}},
		"a link that is glued":  {map[string]string{"password_reset.txt": define("{{.Reset.URL}}.")}, []string{"password_reset.txt (with"}},
		"no link in a notice":   {map[string]string{"email_changed.html": define("x")}, []string{"email_changed.html (with"}},
		"no code as HTML":       {map[string]string{"login_code.html": define(`<a href="{{.Login.URL}}">`)}, []string{"login_code.html (with layout.html, parts.html) leaves out the code"}},
		"no code as text":       {map[string]string{"login_code.txt": define("{{.Login.URL}} ")}, []string{"login_code.txt (with layout.txt, parts.txt) leaves out the code"}},
		"only the last code":    {map[string]string{"recovery_code_used.txt": define("{{if not .Notice.Left}}{{.Nope}}{{end}}")}, []string{"recovery_code_used.txt:1", "Nope"}},
		"only from the shell":   {map[string]string{"factors_reset.txt": define("{{if .Notice.Shell}}{{.Nope}}{{end}}")}, []string{"factors_reset.txt:1", "Nope"}},
		"a layout without body": {map[string]string{"layout.html": `<p>{{template "title" .}}`}, []string{"password_reset.html (with", "new_device.html (with"}},
		"no such block":         {map[string]string{"account_deleted.html": `{{define "title"}}x{{end}}`}, []string{"account_deleted", `"why"`}},
		"parts without a part":  {map[string]string{"parts.txt": ``}, []string{`new_device.txt:9:11`, `"facts" not defined`}},
		"empty layout":          {map[string]string{"layout.txt": " \n"}, []string{"account_deleted: a part of it is empty"}},
		"unsafe markup":         {map[string]string{"account_deleted.html": define(`<a href="{{.Notice.Username}}`)}, []string{"account_deleted as HTML"}},
		"not UTF-8":             {map[string]string{"layout.txt": "\xff\xfe"}, []string{"layout.txt is not UTF-8"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := LoadTemplates(withURL, folderOf(t, c.files))
			mistakes, ok := err.(TemplateMistakes)
			if !ok {
				t.Fatalf("got %v", err)
			}
			for _, says := range c.says {
				if !strings.Contains(mistakes.Error(), says) {
					t.Errorf("got\n%v\nwant %q in it", err, says)
				}
			}
			if strings.Contains(err.Error(), "template: :") || strings.Contains(err.Error(), os.TempDir()) {
				t.Errorf("a name is missing, or the folder's is there: %v", err)
			}
		})
	}
}

func TestTemplatesFolderThatIsNone(t *testing.T) {
	file := filepath.Join(folderOf(t, map[string]string{"x": ""}), "x")
	for name, want := range map[string]string{
		filepath.Join(t.TempDir(), "nowhere"): "the folder cannot be read: no such file or directory",
		file:                                  "the folder cannot be read: not a directory",
	} {
		if _, err := LoadTemplates(bare, name); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "layout.html"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadTemplates(bare, folder); err == nil || err.Error() != "layout.html cannot be read: is a directory" {
		t.Errorf("got %v", err)
	}
}

// The check at start does not complain of the built-in templates: they carry
// every link in every shape.
func TestBuiltInTemplatesPassTheCheck(t *testing.T) {
	for _, kind := range kinds {
		for _, l := range shapes(kind) {
			for _, app := range []App{bare, withURL} {
				if err := builtInOf(t, bare).try(newAppView(app), kind, l); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			}
		}
	}
}
