package web

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
)

// maxForm bounds a posted form, in bytes: a password of 128 characters takes up
// to 1.5 KiB percent-encoded, and a few times that before it is normalized.
const maxForm = 16 << 10

// confirmPage is what the link of a confirmation mail leads to. Looking at it
// changes nothing (D5); its form posts.
type confirmPage struct {
	pages *pages
	auth  *auth.Service
	cross *http.CrossOriginProtection
	log   zerolog.Logger
	now   func() time.Time
}

func newConfirmPage(cfg Config, p *pages) (*confirmPage, error) {
	cross := http.NewCrossOriginProtection()
	origin := url.URL{Scheme: cfg.PublicURL.Scheme, Host: cfg.PublicURL.Host}
	if err := cross.AddTrustedOrigin(origin.String()); err != nil { // for a proxy that changes Host
		return nil, err
	}
	return &confirmPage{p, cfg.Auth, cross, cfg.Log, cfg.Now}, nil
}

// link is what comes along with a link, and from its form.
type link struct {
	Token, Email string
}

// confirmForm is the page with the two buttons.
type confirmForm struct {
	link
	Username, Device, When string
	AskPassword            bool
	Error                  string // under the password, or ""
}

// deadLink is the page for a link that no longer works, with a form to have the
// mail sent again.
type deadLink struct {
	Email string // what was typed, or came with the link
	Error string // under the address, or ""
}

// later is the page for what works after a while; its button opens the link
// again.
type later struct {
	link
	Title, Text string
}

// get shows what confirming would do: 200, or 410 for a dead link.
func (c *confirmPage) get(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	in := link{q.Get("token"), q.Get("email")}
	if !plainText(in.Token, in.Email) {
		c.pages.write(w, http.StatusGone, "dead", deadLink{})
		return
	}
	c.form(w, r, in, http.StatusOK, "")
}

// form shows the form, with an error under the password if there is one. What
// the service says comes first: a link may have died since.
func (c *confirmPage) form(w http.ResponseWriter, r *http.Request, in link, status int, wrong string) {
	conf, err := c.auth.Confirmation(r.Context(), in.Token, in.Email)
	if err != nil {
		c.fail(w, r, in, err)
		return
	}
	c.pages.write(w, status, "confirm", confirmForm{
		link: link{in.Token, conf.Email}, Username: conf.Username, Device: conf.Device, When: sinceWords(conf.At, c.now()),
		AskPassword: conf.NeedsPassword || wrong != "", Error: wrong,
	})
}

// post does what a button says: confirm, decline or resend.
func (c *confirmPage) post(w http.ResponseWriter, r *http.Request) {
	if !c.ours(r) {
		c.pages.notice(w, http.StatusForbidden, "This came from another site", "Nothing was done. Open the link from the mail and use the button there.")
		return
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		c.pages.notice(w, http.StatusUnsupportedMediaType, "This is not a form", "Nothing was done. This address takes what its own page posts.")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		status := http.StatusBadRequest
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			status = http.StatusRequestEntityTooLarge
		}
		c.unreadable(w, status)
		return
	}
	in, password := link{r.PostForm.Get("token"), r.PostForm.Get("email")}, r.PostForm.Get("password")
	if !plainText(in.Token, in.Email, password) {
		c.unreadable(w, http.StatusBadRequest)
		return
	}
	switch r.PostForm.Get("do") {
	case "confirm":
		c.confirm(w, r, in, password)
	case "decline":
		c.decline(w, r, in)
	case "resend":
		c.resend(w, r, in.Email)
	default:
		c.unreadable(w, http.StatusBadRequest)
	}
}

func (c *confirmPage) confirm(w http.ResponseWriter, r *http.Request, in link, password string) {
	user, err := c.auth.ConfirmLink(r.Context(), auth.ConfirmLink{Token: in.Token, Email: in.Email, Password: password}, CallerFrom(r.Context()).Client())
	switch {
	case hasCode(err, auth.WrongPassword) && password == "":
		c.form(w, r, in, http.StatusUnprocessableEntity, "Type the password that was chosen for this account.")
	case hasCode(err, auth.WrongPassword):
		c.form(w, r, in, http.StatusUnprocessableEntity, "This is not the password that was chosen for this account.")
	case err != nil:
		c.fail(w, r, in, err)
	default:
		c.pages.write(w, http.StatusOK, "confirmed", user)
	}
}

func (c *confirmPage) decline(w http.ResponseWriter, r *http.Request, in link) {
	if err := c.auth.DeclineLink(r.Context(), in.Token, in.Email); err != nil {
		c.fail(w, r, in, err)
		return
	}
	c.pages.write(w, http.StatusOK, "declined", nil)
}

// resend answers the same whether or not anybody waits at this address (C3).
func (c *confirmPage) resend(w http.ResponseWriter, r *http.Request, email string) {
	err := c.auth.ResendConfirmation(r.Context(), auth.ResendConfirmationInput{Email: email}, CallerFrom(r.Context()).Client())
	switch {
	case hasCode(err, auth.EmailInvalid):
		c.pages.write(w, http.StatusUnprocessableEntity, "dead", deadLink{email, "An address looks like name@example.org."})
	case err != nil:
		c.fail(w, r, link{Email: email}, err)
	default:
		c.pages.write(w, http.StatusOK, "sent", link{Email: email})
	}
}

// fail answers for what the service refused: 410, 422, 429, 503, and 500 for
// what it should not have come to.
func (c *confirmPage) fail(w http.ResponseWriter, r *http.Request, in link, err error) {
	if hasCode(err, auth.TokenInvalid) {
		c.pages.write(w, http.StatusGone, "dead", deadLink{Email: in.Email})
		return
	}
	if mistakes, ok := errors.AsType[auth.UserErrors](err); ok && len(mistakes) > 0 {
		c.pages.notice(w, http.StatusUnprocessableEntity, "This cannot be done", mistakes[0].Message)
		return
	}
	if errors.Is(r.Context().Err(), context.Canceled) {
		return // nobody waits for the answer
	}
	e := auth.AsError(err)
	again := later{in, "Too many tries", "Try again in " + waitWords(e.RetryAfter) + ". The link in your mail stays as it is."}
	switch e.Code {
	case auth.RateLimited:
		w.Header().Set("Retry-After", strconv.Itoa(e.Seconds()))
		c.pages.write(w, http.StatusTooManyRequests, "later", again)
	case auth.Unavailable:
		c.log.Warn().Err(err).Str("request_id", RequestID(r.Context())).Msg("confirmation page unavailable")
		again.Title = "This does not work just now"
		again.Text = "Nothing was changed. Try again in a minute; the link in your mail stays as it is."
		w.Header().Set("Retry-After", strconv.Itoa(e.Seconds()))
		c.pages.write(w, http.StatusServiceUnavailable, "later", again)
	default:
		c.log.Error().Err(err).Str("request_id", RequestID(r.Context())).Msg("confirmation page")
		c.pages.broken(w, r)
	}
}

func (c *confirmPage) unreadable(w http.ResponseWriter, status int) {
	c.pages.notice(w, status, "This form cannot be read", "Nothing was done. Open the link from the mail and try again there.")
}

// ours says whether a post comes from a page of ours, or from no browser at
// all. Our pages send no referrer, so that the Origin of their posts is "null";
// a browser too old for Sec-Fetch-Site then says nothing against itself.
func (c *confirmPage) ours(r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null" {
		return true
	}
	return c.cross.Check(r) == nil
}

// plainText says whether all of s are UTF-8 without NUL (B5).
func plainText(s ...string) bool {
	for _, v := range s {
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
			return false
		}
	}
	return true
}

// hasCode says whether err has a mistake of that code.
func hasCode(err error, code auth.UserErrorCode) bool {
	mistakes, ok := errors.AsType[auth.UserErrors](err)
	return ok && mistakes.Has(code)
}
