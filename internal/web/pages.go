package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

//go:embed templates/*.html page.css inbox.js explorer
var files embed.FS

// pageCSP is the policy of a page. It may use our stylesheet and post to us, and nothing
// else: no script, and nothing from elsewhere.
const pageCSP = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// pages writes what people read in a browser.
type pages struct {
	site      site
	templates *Templates
}

// site is what every page says about the service, and links to.
type site struct {
	App    string // APP_NAME
	Host   string // of PUBLIC_URL, for the footer
	Help   string // SUPPORT_EMAIL, or ""
	AppURL string // APP_URL, or ""
	Style  string // where the stylesheet is
}

// at returns where browsers find a path of ours on the host of public.
func at(public *url.URL, path string) string { return public.EscapedPath() + path }

func newPages(app, support string, public, appURL *url.URL) (*pages, error) {
	templates, err := NewTemplates(files, template.FuncMap{
		"within": within,
		"at":     func(path string) string { return at(public, path) },
	})
	if err != nil {
		return nil, err
	}
	p := &pages{site{App: app, Help: support, Host: public.Host, Style: at(public, pageCSS.path)}, templates}
	if appURL != nil {
		p.site.AppURL = appURL.String()
	}
	return p, nil
}

// write answers with the page of that name in templates/. data is its own part;
// what all pages share is added.
func (p *pages) write(w http.ResponseWriter, status int, name string, data any) {
	p.writeUnder(pageCSP, w, status, name, data)
}

// writeUnder does what write does, under another policy than pageCSP.
func (p *pages) writeUnder(csp string, w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	err := p.templates.Write(&b, name, struct {
		site
		Page any
	}{p.site, data})
	if err != nil {
		panic(err) // a mistake in the template, answered in request.Door.Harden
	}
	h := w.Header()
	h.Set("Content-Security-Policy", csp)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// notice is a page of a few words.
type notice struct {
	Title string
	Text  []string // paragraphs
}

func (p *pages) notice(w http.ResponseWriter, status int, title string, text ...string) {
	p.write(w, status, "notice", notice{title, text})
}

// notFound answers for every path that nobody else has.
func (p *pages) notFound(w http.ResponseWriter, _ *http.Request) {
	p.notice(w, http.StatusNotFound, "There is no page here", "The address may have been cut off or mistyped. If it came in a mail, open its link again from there.")
}

// broken answers for a failure of ours. The id leads an operator to its line in
// the log.
func (p *pages) broken(w http.ResponseWriter, requestID string) {
	p.notice(w, http.StatusInternalServerError, "Something went wrong here",
		"It is our mistake, not yours, and it was written down. Try again in a while.", "If you ask for help, name this number: "+requestID)
}

// asset is an embedded file at a path that changes with its content, so that
// browsers may keep it for ever.
type asset struct {
	path string
	kind string // its Content-Type
	body []byte
}

var (
	pageCSS = mustAsset("page.css")
	inboxJS = mustAsset("inbox.js")
)

// kinds are the Content-Type of assets by how their names end.
var kinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

// mustAsset panics if there is no such file in this package, which no build has.
func mustAsset(name string) asset {
	body, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	return asset{
		path: "/assets/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext,
		kind: kinds[ext], body: body,
	}
}

// Style is where the stylesheet of all pages is.
func Style() string { return pageCSS.path }

// folder is assets by their names, which are at paths of one folder.
type folder map[string]asset

// mustFolder returns the styles and scripts of a folder of this package, and panics if
// there is none, which no build has.
func mustFolder(dir string) folder {
	entries, err := files.ReadDir(dir)
	if err != nil {
		panic(err)
	}
	all, sum := folder{}, sha256.New()
	for _, e := range entries { // in the order of their names
		if kind := kinds[path.Ext(e.Name())]; kind != "" {
			body, err := files.ReadFile(dir + "/" + e.Name())
			if err != nil {
				panic(err)
			}
			all[e.Name()] = asset{kind: kind, body: body}
			_, _ = fmt.Fprintf(sum, "%s %d\n%s", e.Name(), len(body), body) // never fails
		}
	}
	at := "/assets/" + dir + "." + hex.EncodeToString(sum.Sum(nil)[:6]) + "/"
	for name, a := range all {
		a.path = at + name
		all[name] = a
	}
	return all
}

func (a asset) serve(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(a.body)
}

// within is how a device is called within a sentence: "an unknown device".
func within(device string) string {
	for _, article := range []string{"A ", "An "} {
		if rest, ok := strings.CutPrefix(device, article); ok {
			return strings.ToLower(article) + rest
		}
	}
	return device
}

// sinceWords returns when something was in words, for somebody who reads them at now:
// "today at 08:15 UTC".
func sinceWords(at, now time.Time) string {
	at, now = at.UTC(), now.UTC()
	day := "on " + at.Format("2\u00a0January 2006") // which no line breaks apart
	switch at.Format(time.DateOnly) {
	case now.Format(time.DateOnly):
		day = "today"
	case now.AddDate(0, 0, -1).Format(time.DateOnly):
		day = "yesterday"
	}
	return day + " at " + at.Format("15:04") + " UTC"
}
