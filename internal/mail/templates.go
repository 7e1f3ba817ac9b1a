package mail

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"

	"latchkey/internal/store"
)

//go:embed templates
var files embed.FS

// subjects name every kind of mail that can be written. They are constants:
// nothing that anybody typed is ever part of a header.
var subjects = map[store.MailKind]string{
	store.MailConfirmRegistration: "Confirm your email",
	store.MailAlreadyRegistered:   "You already have an account",
	store.MailNewDevice:           "A new device logged in",
}

// Templates write mails: one layout, and for each kind one file for HTML and
// one for text.
type Templates struct {
	app  appView
	html map[store.MailKind]*htmltemplate.Template
	text map[store.MailKind]*texttemplate.Template
}

// NewTemplates reads the built-in templates.
func NewTemplates(app App) (*Templates, error) {
	if app.Name == "" || app.Host == "" {
		return nil, errors.New("mail: the service has no name or host")
	}
	t := &Templates{
		app:  appView{app.Name, app.Host, htmltemplate.URL(app.URL)},
		html: map[store.MailKind]*htmltemplate.Template{},
		text: map[store.MailKind]*texttemplate.Template{},
	}
	for kind := range subjects {
		html, err := htmltemplate.New("layout.html").Funcs(htmltemplate.FuncMap{"button": newButton}).
			ParseFS(files, "templates/layout.html", "templates/"+string(kind)+".html")
		if err != nil {
			return nil, fmt.Errorf("mail template: %w", err)
		}
		text, err := texttemplate.New("layout.txt").
			ParseFS(files, "templates/layout.txt", "templates/"+string(kind)+".txt")
		if err != nil {
			return nil, fmt.Errorf("mail template: %w", err)
		}
		t.html[kind], t.text[kind] = html, text
	}
	return t, nil
}

// button is what the layout's button is made of.
type button struct {
	Link  htmltemplate.URL
	Label string
}

func newButton(link htmltemplate.URL, label string) button { return button{link, label} }

// errUnknownKind: a newer version wrote the row; one of its workers will know.
var errUnknownKind = errors.New("unknown kind of mail")

// write fills in m's subject, text and HTML.
func (t *Templates) write(m *Message, l letter) error {
	subject, ok := subjects[m.Kind]
	if !ok {
		return errUnknownKind
	}
	l.App = t.app
	var html, text strings.Builder
	if err := t.html[m.Kind].Execute(&html, l); err != nil {
		return fmt.Errorf("mail template %s.html: %w", m.Kind, err)
	}
	if err := t.text[m.Kind].Execute(&text, l); err != nil {
		return fmt.Errorf("mail template %s.txt: %w", m.Kind, err)
	}
	m.Subject, m.HTML, m.Text = subject, html.String(), text.String()
	return nil
}
