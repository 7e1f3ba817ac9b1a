package mail

import (
	"errors"
	"fmt"
	"html"
	htmltemplate "html/template"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"latchkey/internal/store"
)

// LoadTemplates reads the templates in a folder, and the built-in ones for those that
// the folder does not have. It writes every kind of mail with sample data, so that what
// is wrong shows now and not at the first mail. The error is a [TemplateMistakes] if the
// folder or a file in it is wrong.
func LoadTemplates(app App, folder string) (*Templates, error) {
	own, err := readFolder(os.DirFS(folder))
	if err != nil {
		return nil, err
	}
	t, err := newTemplates(app, func(name string) (string, error) {
		if text, ok := own[name]; ok {
			return text, nil
		}
		text, err := files.ReadFile("templates/" + name)
		return string(text), err
	})
	if err != nil {
		return nil, err
	}
	var mistakes TemplateMistakes
	for _, kind := range kinds {
		_, err := t.byKind[kind]()
		mistakes.add(err)
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	for _, kind := range kinds {
		for _, url := range []string{"", "https://app.example.org"} {
			app.URL = url
			for _, l := range shapes(kind) {
				mistakes.add(t.try(newAppView(app), kind, l))
			}
		}
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	return t, nil
}

// readFolder returns the templates in a folder by their names. It passes over hidden
// files, folders, and files that are neither .html nor .txt.
func readFolder(folder fs.FS) (map[string]string, error) {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil, TemplateMistakes{"the folder cannot be read: " + reason(err)}
	}
	var known []string
	for _, kind := range kinds {
		known = append(known, string(kind)+".html", string(kind)+".txt")
	}
	for _, name := range shared {
		known = append(known, name+".html", name+".txt")
	}
	own := map[string]string{}
	var mistakes TemplateMistakes
	for _, e := range entries {
		name := e.Name()
		if ext := strings.ToLower(path.Ext(name)); strings.HasPrefix(name, ".") || ext != ".html" && ext != ".txt" {
			continue
		}
		if !slices.Contains(known, name) {
			mistakes.add(fmt.Errorf("%q is the name of no template; there are %s", name, strings.Join(known, ", ")))
			continue
		}
		text, err := fs.ReadFile(folder, name)
		switch {
		case err != nil:
			mistakes.add(fmt.Errorf("%s cannot be read: %s", name, reason(err)))
		case !utf8.Valid(text):
			mistakes.add(fmt.Errorf("%s is not UTF-8", name))
		default:
			own[name] = string(text)
		}
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	return own, nil
}

// reason returns what an error of the file system says, without the path.
func reason(err error) string {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err.Error()
	}
	return err.Error()
}

var anyHref = regexp.MustCompile(`(?i)<a\s[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')`)

// try writes one mail and returns what is wrong with it.
func (t *Templates) try(app appView, kind store.MailKind, l letter) error {
	sample := Templates{app, t.byKind}
	m := Message{Kind: kind}
	if err := sample.write(&m, l); err != nil {
		return err
	}
	if strings.TrimSpace(m.HTML) == "" || strings.TrimSpace(m.Text) == "" {
		return fmt.Errorf("mail %s: a part of it is empty", kind)
	}
	var linked []string
	for _, found := range anyHref.FindAllStringSubmatch(m.HTML, -1) {
		linked = append(linked, html.UnescapeString(found[1]+found[2]))
	}
	for _, link := range l.links() {
		if !slices.Contains(linked, link) {
			return fmt.Errorf("%s.html (with %s) leaves out a link that the mail is for: write it as the href of an <a>, as the built-in one does", kind, sharedNames(".html"))
		}
		if !slices.Contains(m.Links(), link) {
			return fmt.Errorf("%s.txt (with %s) leaves out a link that the mail is for: write it with nothing but white space around it, as the built-in one does", kind, sharedNames(".txt"))
		}
	}
	for _, part := range []struct{ ext, text string }{{".html", m.HTML}, {".txt", m.Text}} {
		if !strings.Contains(part.text, l.Login.Code) { // "" in all mails but one kind
			return fmt.Errorf("%s%s (with %s) leaves out the code that the mail is for", kind, part.ext, sharedNames(part.ext))
		}
	}
	return nil
}

func sharedNames(ext string) string { return strings.Join(shared, ext+", ") + ext }

// links returns the one-time links of a letter.
func (l *letter) links() []string {
	var list []string
	for _, c := range l.Confirmations {
		list = append(list, string(c.URL))
	}
	for _, c := range l.Changes {
		list = append(list, string(c.URL))
	}
	if l.Reset.URL != "" {
		list = append(list, string(l.Reset.URL))
	}
	if l.Login.URL != "" {
		list = append(list, string(l.Login.URL))
	}
	if l.Notice.NotMe != nil {
		list = append(list, string(l.Notice.NotMe.URL))
	}
	return list
}

// shapes returns sample letters of one kind, in every shape that templates may tell apart.
func shapes(kind store.MailKind) []letter {
	at := time.Date(2026, 11, 24, 8, 15, 0, 0, time.UTC)
	link := func(name string) linkView {
		url := "https://auth.example.org/email/page?token=lko_" + name + "&email=ada%40example.org"
		//lint:ignore G203 a fixed example
		return linkView{URL: htmltemplate.URL(url), Lasts: "24 hours", Until: moment(at.Add(24 * time.Hour))}
	}
	stop := link("stop").URL
	switch kind {
	case store.MailConfirmRegistration:
		one := confirmation{Username: "ada", Device: "Firefox on Linux", At: moment(at), linkView: link("one")}
		bare := confirmation{Username: "eve", At: moment(at), linkView: link("one")}
		return []letter{{Stop: stop, Confirmations: []confirmation{one}}, {Stop: stop, Confirmations: []confirmation{bare}}, {Stop: stop, Several: true, Confirmations: []confirmation{one}}}
	case store.MailConfirmNewEmail:
		one, other := change{"ada", day(at), link("one")}, change{"eve", day(at), link("other")}
		return []letter{{Stop: stop, Changes: []change{one}}, {Stop: stop, Changes: []change{one, other}}}
	case store.MailAlreadyRegistered:
		return []letter{{Stop: stop}, {Stop: stop, Held: true}}
	case store.MailPasswordReset:
		return []letter{{Stop: stop, Reset: reset{"ada", "", false, link("one")}}, {Stop: stop, Reset: reset{"ada", moment(at), false, link("one")}}}
	case store.MailInvited:
		return []letter{{Reset: reset{"ada", "", false, link("one")}}, {Reset: reset{"ada", "", true, link("one")}}}
	case store.MailTest:
		return []letter{{}}
	case store.MailLoginCode:
		full, bare := link("one"), link("one")
		bare.URL = ""
		return []letter{
			{Stop: stop, Login: newLogin("kx4m-9pqr", "7QKM", &store.MailDetails{Device: "Firefox on Linux", Address: "192.0.2.17", At: at}, &full)},
			{Stop: stop, Login: newLogin("kx4m-9pqr", "7QKM", &store.MailDetails{At: at}, &bare)},
		}
	}
	var list []letter
	for _, device := range []string{"Firefox on Linux", ""} {
		for _, address := range []string{"192.0.2.17", ""} {
			n := newNotice(&store.MailDetails{Username: "ada", New: "ada2", By: "eve", Session: "Laptop", Factor: "Phone", Left: 5, Device: device, Address: address, At: at})
			list = append(list, letter{Notice: n})
			if slices.Contains([]store.MailKind{store.MailRoleChanged, store.MailAdministratorsChanged, store.MailFactorsReset}, kind) {
				for _, d := range []store.MailDetails{{Role: store.RoleAdmin, By: "eve"}, {Shell: true}} {
					d.Username, d.Device, d.Address, d.At = "ada", device, address, at
					list = append(list, letter{Notice: newNotice(&d)})
				}
				continue // nothing takes it back
			}
			if kind == store.MailNewDevice {
				n.NewDevice, n.NewNetwork = device == "", true
				list = append(list, letter{Notice: n})
			}
			if kind == store.MailRecoveryCodeUsed {
				for _, n.Left = range []int{1, 0} {
					list = append(list, letter{Notice: n})
				}
			}
			if kind == store.MailAccountDeleted {
				n.Kept = moment(at.Add(72 * time.Hour))
				list = append(list, letter{Notice: n})
			}
			if !slices.Contains([]store.MailKind{store.MailEmailRemoved, store.MailAccountDeleted, store.MailAccountDisabled, store.MailPasskeyRefused}, kind) {
				l := link("one")
				n.NotMe = &l
				list = append(list, letter{Notice: n})
			}
		}
	}
	return list
}
