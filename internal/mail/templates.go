package mail

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"maps"
	"slices"
	"strings"
	texttemplate "text/template"

	"latchkey/internal/store"
)

//go:embed templates
var files embed.FS

// subjects has the subject of every kind of mail that can be written. All are
// constants: nothing that anybody typed is ever part of a header (D9).
var subjects = map[store.MailKind]string{
	store.MailConfirmRegistration:  "Confirm your email",
	store.MailAlreadyRegistered:    "You already have an account",
	store.MailConfirmNewEmail:      "Confirm your new email",
	store.MailPasswordReset:        "Set a new password",
	store.MailLoginCode:            "Your login code",
	store.MailInvited:              "You are invited: choose a password",
	store.MailTest:                 "A test mail",
	store.MailEmailChangeRequested: "A change of your email was requested",
	store.MailEmailChanged:         "Your email was changed",
	store.MailEmailRemoved:         "Your email was removed from an account",
	store.MailPasswordChanged:      "Your password was changed",
	store.MailUsernameChanged:      "Your username was changed",
	store.MailNewDevice:            "A new login to your account",
	store.MailSessionMoved:         "Another device uses your login",
	store.MailRoleChanged:          "Your role was changed",
	store.MailFactorAdded:          "An authenticator app was added",
	store.MailFactorRemoved:        "An authenticator app was removed",
	store.MailPasskeyAdded:         "A passkey was added",
	store.MailPasskeyRemoved:       "A passkey was removed",
	store.MailPasskeyRefused:       "A passkey may have been copied",
	store.MailSecondFactorOn:       "Logins by password ask for a passkey",
	store.MailSecondFactorOff:      "Logins by password no longer ask for a passkey",
	store.MailRecoveryCodesMade:    "New recovery codes were made",
	store.MailRecoveryCodeUsed:     "A recovery code was used",
	store.MailCodesTried:           "Somebody who knows your password tried codes",
	store.MailFactorsReset:         "Your passkeys and authenticator apps were removed",
	store.MailPasswordRemoved:      "Your password was removed",
	store.MailAccountDeleted:       "Your account was deleted",
	store.MailAccountDisabled:      "Your account was disabled",

	store.MailAdministratorsChanged: "The administrators changed",
}

// kinds has every kind of mail that can be written, in a fixed order.
var kinds = slices.Sorted(maps.Keys(subjects))

// shared names the templates that are part of every kind: the frame, and the parts that
// several kinds use.
var shared = []string{"layout", "parts"}

// Templates writes mails. For each kind of mail it has one template for HTML and one for
// text, each together with the shared ones.
type Templates struct {
	app  appView
	html map[store.MailKind]*htmltemplate.Template
	text map[store.MailKind]*texttemplate.Template
}

// NewTemplates reads the built-in templates.
func NewTemplates(app App) (*Templates, error) {
	return newTemplates(app, func(name string) (string, error) {
		text, err := files.ReadFile("templates/" + name)
		return string(text), err
	})
}

// newTemplates parses the templates that read returns by their files' names. The error is
// a [TemplateMistakes] if templates are wrong.
func newTemplates(app App, read func(name string) (string, error)) (*Templates, error) {
	if app.Name == "" || app.Host == "" {
		return nil, errors.New("mail: the service has no name or host")
	}
	t := &Templates{
		app:  newAppView(app),
		html: map[store.MailKind]*htmltemplate.Template{},
		text: map[store.MailKind]*texttemplate.Template{},
	}
	var mistakes TemplateMistakes
	for _, kind := range kinds {
		html := htmltemplate.New("").Funcs(htmltemplate.FuncMap{"button": newButton})
		text := texttemplate.New("")
		for _, base := range append(slices.Clone(shared), string(kind)) {
			mistakes.add(parse(base+".html", read, func(name, s string) error { _, err := html.New(name).Parse(s); return err }))
			mistakes.add(parse(base+".txt", read, func(name, s string) error { _, err := text.New(name).Parse(s); return err }))
		}
		t.html[kind], t.text[kind] = html, text
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	return t, nil
}

func parse(name string, read func(name string) (string, error), into func(name, text string) error) error {
	text, err := read(name)
	if err == nil {
		err = into(name, text)
	}
	return err
}

// button is what parts.html makes a button of.
type button struct {
	Link  htmltemplate.URL
	Label string
}

func newButton(link htmltemplate.URL, label string) button { return button{link, label} }

// errUnknownKind says that this version does not know a kind of mail. A newer version
// wrote the row, and one of its workers will send it.
var errUnknownKind = errors.New("unknown kind of mail")

// write fills in m's subject, text and HTML.
func (t *Templates) write(m *Message, l letter) error {
	subject, ok := subjects[m.Kind]
	if !ok {
		return errUnknownKind
	}
	l.App = t.app
	var html, text strings.Builder
	if err := t.html[m.Kind].ExecuteTemplate(&html, "layout.html", l); err != nil {
		return fmt.Errorf("mail %s as HTML: %w", m.Kind, err)
	}
	if err := t.text[m.Kind].ExecuteTemplate(&text, "layout.txt", l); err != nil {
		return fmt.Errorf("mail %s as text: %w", m.Kind, err)
	}
	m.Subject, m.HTML, m.Text = subject, html.String(), text.String()
	return nil
}
