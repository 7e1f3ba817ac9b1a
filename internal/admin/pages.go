package admin

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/request"
	"latchkey/internal/web"
)

//go:embed templates/*.html admin.css passkey.js
var files embed.FS

// The policies of pages: our stylesheets and forms, and nothing else. Where a passkey may be
// shown our one script runs too. A QR code is an image in its address.
const (
	pageCSP = "default-src 'none'; script-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	//lint:ignore G101 a policy, not a key
	passkeyCSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

// pages writes what administrators read.
type pages struct {
	app, host string
	base      string // the path of the service on its host, or ""
	templates *web.Templates
	now       func() time.Time
}

func newPages(cfg Config) (*pages, error) {
	p := &pages{app: cfg.AppName, host: cfg.PublicURL.Host, base: cfg.PublicURL.EscapedPath(), now: cfg.Now}
	var err error
	p.templates, err = web.NewTemplates(files, template.FuncMap{
		"at": p.at, "when": moment, "ago": func(at time.Time) string { return ago(at, p.now()) },
		"in": func(at time.Time) string { return until(at, p.now()) }, "words": words, "dict": dict, "qr": qr, "uri": otpauth,
	}, "parts.html")
	return p, err
}

// at is a path of ours as browsers find it.
func (p *pages) at(path string) string { return p.base + path }

// page is what a template sees.
type page struct {
	App, Host     string
	Style, Own    string // the stylesheets
	Section       string // which entry of the navigation this is
	Me            string // the username of who is signed in, or "": then there is no navigation
	Done, Trouble string // what happened just now, or ""
	Script        string // where the script is, of a page that may show a passkey
	Page          any    // the page's own
}

// notice is a page of a few words.
type notice struct{ Title, Text string }

// alone answers with a page outside of the navigation.
func (p *pages) alone(w http.ResponseWriter, status int, n notice) {
	p.write(w, status, "notice", page{Page: n})
}

func (p *pages) write(w http.ResponseWriter, status int, name string, data page) {
	data.App, data.Host, data.Style, data.Own = p.app, p.host, p.at(web.Style()), p.at(styleSheet.path)
	var b bytes.Buffer
	if err := p.templates.Write(&b, name, data); err != nil {
		panic(err) // a mistake in the template, answered in request.Door.Harden
	}
	h := w.Header()
	h.Set("Content-Security-Policy", pageCSP)
	if data.Script != "" {
		h.Set("Content-Security-Policy", passkeyCSP)
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin") // so that our own forms say their origin
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// write answers with a page of the navigation, which says what happened before, by the code in
// its address.
func (v *view) write(status int, name string, data any) { v.writeWith(status, name, page{Page: data}) }

func (v *view) writeWith(status int, name string, p page) {
	p.Me = v.viewer.User.Username
	p.Section = section(strings.TrimPrefix(v.r.URL.Path, v.s.pages.base))
	q := v.r.URL.Query()
	if p.Done == "" && p.Trouble == "" {
		p.Done, p.Trouble = doneWords[q.Get("done")], troubleWords[q.Get("trouble")]
	}
	v.s.pages.write(v.w, status, name, p)
}

// section is which entry of the navigation a path belongs to.
func section(at string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(at, homePath+"/"), "/")
	switch first {
	case "user":
		return "users"
	case homePath, "":
		return "overview"
	}
	return first
}

// run runs a document as who is signed in.
func (v *view) run(document string, variables map[string]any, into any) error {
	return v.s.run(v.r.Context(), document, variables, into)
}

// goTo sends the browser on, to a page that says what happened.
func (v *view) goTo(path, key, code string) {
	if code != "" {
		path += "?" + url.Values{key: {code}}.Encode()
	}
	v.s.goTo(v.w, v.r, path)
}

// fail answers for an operation that failed as a whole.
func (v *view) fail(err error) {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		fault := request.FaultOf(v.r.Context(), v.s.cfg.Log, v.r.Pattern, err)
		f = &failure{Code: string(fault.Code), Reason: fault.Reason, RetryAfter: fault.RetryAfter, RequestID: fault.RequestID}
	}
	switch {
	case f.Code == string(auth.Unauthenticated):
		v.s.toLogin(v.w, v.r, v.caller)
	case f.Code == string(auth.Forbidden) && f.Reason == auth.ReasonStepUp:
		v.s.goTo(v.w, v.r, againPath+"?"+url.Values{"next": {v.s.wanted(v.r)}}.Encode())
	case f.Code == string(auth.Forbidden):
		v.caller.ClearAdminCookie()
		v.s.pages.alone(v.w, http.StatusForbidden, notice{"You are no administrator any more", "Nothing was done. Ask another administrator."})
	case f.Code == string(auth.RateLimited):
		v.retryAfter(f)
		v.s.pages.alone(v.w, http.StatusTooManyRequests, notice{"Too many tries", "Nothing was done. Try again in " + auth.InWords(time.Duration(f.RetryAfter)*time.Second) + "."})
	case f.Code == string(auth.Unavailable):
		v.retryAfter(f)
		v.s.pages.alone(v.w, http.StatusServiceUnavailable, notice{"This does not work just now", "The database or another server is away. Try again in a minute."})
	case f.Code == string(auth.BadUserInput):
		v.write(http.StatusBadRequest, "notice", notice{"This address is not right", "It may be of another list, or cut off. Begin anew from above."})
	default:
		v.s.pages.alone(v.w, http.StatusInternalServerError, notice{"Something went wrong here",
			"It is our mistake, and it was written down. If you look for it in the log, it is request " + f.RequestID + "."})
	}
}

func (v *view) retryAfter(f *failure) {
	if f.RetryAfter > 0 {
		v.w.Header().Set("Retry-After", fmt.Sprint(f.RetryAfter))
	}
}

// asset is an embedded file at a path that changes with its content, so that browsers may
// keep it for ever.
type asset struct {
	path, kind string
	body       []byte
}

var (
	styleSheet    = mustAsset("admin.css", "text/css; charset=utf-8")
	passkeyScript = mustAsset("passkey.js", "text/javascript; charset=utf-8")
)

func mustAsset(name, kind string) asset {
	body, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	return asset{"/assets/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext, kind, body}
}

func (a asset) serve(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(a.body)
}
