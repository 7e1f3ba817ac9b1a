package web

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
	"latchkey/internal/request"
)

// The pages that the links of mails lead to.
const (
	confirmPath = "/email/confirm-email"
	resetPath   = "/email/reset-password"
	notMePath   = "/email/not-me"
	stopPath    = "/email/stop"
)

const multipartForm = "multipart/form-data" // which our own pages do not post

// maxForm bounds a posted form, in bytes: a password of 128 characters takes up
// to 1.5 KiB percent-encoded, and a few times that before it is normalized.
const maxForm = 16 << 10

// linkPages is what the pages behind links have in common. Looking at such a page
// changes nothing (D5: scanners of mail follow links too); its form posts.
type linkPages struct {
	pages *pages
	auth  *auth.Service
	cross *http.CrossOriginProtection
	log   zerolog.Logger
	now   func() time.Time
}

func newLinkPages(cfg Config, p *pages) (*linkPages, error) {
	cross := http.NewCrossOriginProtection()
	origin := url.URL{Scheme: cfg.PublicURL.Scheme, Host: cfg.PublicURL.Host}
	if err := cross.AddTrustedOrigin(origin.String()); err != nil { // for a proxy that changes Host
		return nil, err
	}
	return &linkPages{p, cfg.Auth, cross, cfg.Log, cfg.Now}, nil
}

// actor returns who follows a link. Nobody is signed in: the link itself says who it is.
func actor(r *http.Request) auth.Actor { return request.From(r.Context()).Actor() }

// params are the parameters of a link, which its form sends on.
type params struct {
	Token, Email string
}

// linkForm is what a button posts.
type linkForm struct {
	params
	Username string
	Password string
	Do       string // the button's name
}

// deadLink is the page for a link that no longer works. It has a form to ask for another.
type deadLink struct {
	Cut   bool   // it came without a token, as what mail programs broke
	Email string // what was typed, or came with the link
	Error string // under the address, or ""
}

// later is the page that asks people to come back in a while. Its button opens the link
// again.
type later struct {
	params
	Path, Title, Text string
}

// opened returns the parameters of a link that somebody looks at. Those that are no text
// count as missing.
func opened(r *http.Request) params {
	q := r.URL.Query()
	in := params{q.Get("token"), q.Get("email")}
	if !plainText(in.Token, in.Email) {
		return params{}
	}
	return in
}

// posted reads a form. If it cannot, it answers why and returns false. Besides what our
// pages post it takes other kinds of forms.
func (l *linkPages) posted(w http.ResponseWriter, r *http.Request, other ...string) (linkForm, bool) {
	if !l.ours(r) {
		l.pages.notice(w, http.StatusForbidden, "This came from another site", "Nothing was done. Open the link from the mail and use the button there.")
		return linkForm{}, false
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/x-www-form-urlencoded" && !slices.Contains(other, kind) {
		l.pages.notice(w, http.StatusUnsupportedMediaType, "This is not a form", "Nothing was done. This address takes what its own page posts.")
		return linkForm{}, false
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseForm()
	if kind == multipartForm && err == nil {
		err = r.ParseMultipartForm(maxForm)
	}
	if err != nil {
		status := http.StatusBadRequest
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			status = http.StatusRequestEntityTooLarge
		}
		l.unreadable(w, status)
		return linkForm{}, false
	}
	f := linkForm{
		params:   params{r.PostForm.Get("token"), r.PostForm.Get("email")},
		Username: r.PostForm.Get("username"), Password: r.PostForm.Get("password"), Do: r.PostForm.Get("do"),
	}
	if !plainText(f.Token, f.Email, f.Username, f.Password) {
		l.unreadable(w, http.StatusBadRequest)
		return linkForm{}, false
	}
	return f, true
}

// fail answers on the page at path when the service returned an error: 410 with the page
// called dead, 422, 429 or 503, and 500 for a failure of ours.
func (l *linkPages) fail(w http.ResponseWriter, r *http.Request, path, dead string, in params, err error) {
	if hasCode(err, auth.TokenInvalid) {
		l.pages.write(w, http.StatusGone, dead, deadLink{Cut: in.Token == "", Email: in.Email})
		return
	}
	if mistakes, ok := errors.AsType[auth.UserErrors](err); ok && len(mistakes) > 0 {
		l.pages.notice(w, http.StatusUnprocessableEntity, "This cannot be done", mistakes[0].Message)
		return
	}
	f, ok := l.fault(w, r, path, err)
	if !ok {
		return
	}
	switch f.Code {
	case auth.RateLimited:
		wait := auth.InWords(time.Duration(f.RetryAfter) * time.Second)
		l.pages.write(w, f.Status, "later", later{in, path, "Too many tries", "Try again in " + wait + ". The link in your mail stays as it is."})
	case auth.Unavailable:
		l.pages.write(w, f.Status, "later", later{in, path, "This does not work just now",
			"Nothing was changed. Try again in a minute; the link in your mail stays as it is."})
	case auth.Internal:
		l.pages.broken(w, f.RequestID)
	default:
		l.pages.notice(w, f.Status, "This cannot be done", f.Message)
	}
}

// fault returns the Fault of err on the page at path, and sets the header that says when to
// come back. It returns false if nobody waits for the answer any more.
func (l *linkPages) fault(w http.ResponseWriter, r *http.Request, path string, err error) (*request.Fault, bool) {
	f := request.FaultOf(r.Context(), l.log, path, err)
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	return f, r.Context().Err() == nil
}

func (l *linkPages) unreadable(w http.ResponseWriter, status int) {
	l.pages.notice(w, status, "This form cannot be read", "Nothing was done. Open the link from the mail and try again there.")
}

// ours reports whether a post comes from a page of ours, or from no browser at
// all. Our pages send no referrer, so that the Origin of their posts is "null";
// a browser too old for Sec-Fetch-Site then says nothing against itself.
func (l *linkPages) ours(r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null" {
		return true
	}
	return l.cross.Check(r) == nil
}

// plainText reports whether all of s are UTF-8 without NUL (B5).
func plainText(s ...string) bool {
	for _, v := range s {
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
			return false
		}
	}
	return true
}

// hasCode reports whether err has a mistake of that code.
func hasCode(err error, code auth.UserErrorCode) bool {
	mistakes, ok := errors.AsType[auth.UserErrors](err)
	return ok && mistakes.Has(code)
}
