package mail

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"maps"
	"slices"
	"strings"
	"sync"
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
// text, each together with the shared ones. They are parsed when the first such mail is
// written: most kinds are rare.
type Templates struct {
	app    appView
	byKind map[store.MailKind]func() (pair, error)
}

// pair are the templates of one kind of mail.
type pair struct {
	html *htmltemplate.Template
	text *texttemplate.Template
}

// NewTemplates returns the built-in templates, which are not parsed yet.
func NewTemplates(app App) (*Templates, error) {
	return newTemplates(app, func(name string) (string, error) {
		text, err := files.ReadFile("templates/" + name)
		return string(text), err
	})
}

// newTemplates returns the templates that read finds by their files' names, which are not parsed
// yet.
func newTemplates(app App, read func(name string) (string, error)) (*Templates, error) {
	if app.Name == "" || app.Host == "" {
		return nil, errors.New("mail: the service has no name or host")
	}
	t := &Templates{newAppView(app), map[store.MailKind]func() (pair, error){}}
	for _, kind := range kinds {
		t.byKind[kind] = sync.OnceValues(func() (pair, error) { return parse(kind, read) })
	}
	return t, nil
}

// parse parses the templates of one kind. The error is a [TemplateMistakes] if they are wrong.
func parse(kind store.MailKind, read func(name string) (string, error)) (pair, error) {
	p := pair{htmltemplate.New("").Funcs(htmltemplate.FuncMap{"button": newButton}), texttemplate.New("")}
	var mistakes TemplateMistakes
	for _, base := range append(slices.Clone(shared), string(kind)) {
		html, err := read(base + ".html")
		if err == nil {
			_, err = p.html.New(base + ".html").Parse(html)
		}
		mistakes.add(err)
		text, err := read(base + ".txt")
		if err == nil {
			_, err = p.text.New(base + ".txt").Parse(text)
		}
		mistakes.add(err)
	}
	if len(mistakes) > 0 {
		return pair{}, mistakes
	}
	return p, nil
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
	of, err := t.byKind[m.Kind]()
	if err != nil {
		return fmt.Errorf("mail %s: %w", m.Kind, err)
	}
	var html, text strings.Builder
	if err := of.html.ExecuteTemplate(&html, "layout.html", l); err != nil {
		return fmt.Errorf("mail %s as HTML: %w", m.Kind, err)
	}
	if err := of.text.ExecuteTemplate(&text, "layout.txt", l); err != nil {
		return fmt.Errorf("mail %s as text: %w", m.Kind, err)
	}
	m.Subject, m.HTML, m.Text = subject, html.String(), text.String()
	return nil
}
