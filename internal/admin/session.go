package admin

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"latchkey/internal/auth"
	"latchkey/internal/request"
)

// maxForm bounds a posted form, in bytes, but for an import.
const maxForm = 64 << 10

// view is one request of somebody who is signed in, and what answers it.
type view struct {
	s      *server
	w      http.ResponseWriter
	r      *http.Request
	caller *request.Caller
	viewer *auth.Viewer
}

// open answers who need not be signed in. A form must come from a page of ours.
func (s *server) open(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		caller := request.From(r.Context())
		caller.Speak(auth.AdminClient)
		if r.Method == http.MethodPost && !s.posted(w, r, caller, maxForm) {
			return
		}
		next(w, r)
	}
}

// signedIn answers who is signed in, and sends all others to the login. A form has its session's
// token replaced.
func (s *server) signedIn(next func(v *view)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		caller := request.From(r.Context())
		caller.Speak(auth.AdminClient)
		room := int64(maxForm)
		if strings.HasSuffix(r.URL.Path, "/users/import") {
			room = maxImport + maxForm
		}
		if r.Method == http.MethodPost && !caller.SameOrigin() {
			s.foreign(w)
			return
		}
		viewer, err := s.cfg.Auth.Look(r.Context(), caller.Actor(), caller.AdminCookie())
		v := &view{s, w, r, caller, viewer}
		if err != nil {
			if auth.AsError(err).Code == auth.Unauthenticated {
				s.toLogin(w, r, caller)
				return
			}
			v.fail(err)
			return
		}
		caller.SetViewer(viewer)
		if r.Method == http.MethodPost && (!s.posted(w, r, caller, room) || !v.renew()) {
			return
		}
		next(v)
	}
}

// renew trades the token of the session, and reports whether the request may go on.
func (v *view) renew() bool {
	var got struct {
		Refresh struct {
			payload
			Tokens *tokens
		}
	}
	if err := v.run("refresh", map[string]any{"token": v.caller.AdminCookie()}, &got); err != nil {
		v.fail(err)
		return false
	}
	if got.Refresh.Tokens == nil {
		v.s.toLogin(v.w, v.r, v.caller)
		return false
	}
	v.keep(got.Refresh.Tokens)
	return true
}

// tokens are what of the API's tokens the page keeps.
type tokens struct {
	RefreshToken          string
	RefreshTokenExpiresAt time.Time
}

func (v *view) keep(t *tokens) { keep(v.caller, t, v.viewer.Session.EndsAt, v.s.cfg.Now()) }

// keep has the browser keep a token until its session ends at the latest: before that the
// server says whether it is good.
func keep(caller *request.Caller, t *tokens, ends, now time.Time) {
	caller.SetAdminCookie(t.RefreshToken, ends.Sub(now))
}

// toLogin sends somebody to the login who is not signed in, and back to where they looked.
func (s *server) toLogin(w http.ResponseWriter, r *http.Request, caller *request.Caller) {
	if caller.AdminCookie() != "" {
		caller.ClearAdminCookie()
	}
	to := loginPath
	if next := s.wanted(r); next != homePath {
		to += "?next=" + url.QueryEscape(next)
	}
	s.goTo(w, r, to)
}

// wanted is the page of ours that a request looks at, to come back to; of a form it is the
// page that has it.
func (s *server) wanted(r *http.Request) string {
	at := strings.TrimPrefix(r.URL.EscapedPath(), s.cfg.PublicURL.EscapedPath())
	switch {
	case r.Method != http.MethodPost:
		if r.URL.RawQuery != "" {
			at += "?" + r.URL.RawQuery
		}
	case strings.HasPrefix(at, "/admin/mail/"):
		at = "/admin/mail"
	case strings.HasPrefix(at, selfPath):
		at = selfPath
	case r.PostForm.Get("session") != "":
		at += "?" + url.Values{"session": {r.PostForm.Get("session")}}.Encode()
	}
	return next(at)
}

// next returns a page of ours to go on to, as somebody's address names it, or the first one.
func next(at string) string {
	u, err := url.Parse(at)
	if err != nil || u.IsAbs() || u.Host != "" || u.Fragment != "" || strings.ContainsAny(at, "\\\r\n\t") || len(at) > 1000 {
		return homePath
	}
	if u.Path != homePath && !strings.HasPrefix(u.Path, homePath+"/") || strings.Contains(u.Path, "/../") || strings.HasSuffix(u.Path, "/..") {
		return homePath
	}
	for _, own := range []string{loginPath, againPath, "/admin/logout"} {
		if strings.HasPrefix(u.Path, own) {
			return homePath
		}
	}
	return at
}

// posted reads a form of ours. If it cannot, it answers why and returns false.
func (s *server) posted(w http.ResponseWriter, r *http.Request, caller *request.Caller, room int64) bool {
	if !caller.SameOrigin() {
		s.foreign(w)
		return false
	}
	r.Body = http.MaxBytesReader(w, r.Body, room)
	err := r.ParseForm()
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") && err == nil {
		err = r.ParseMultipartForm(room)
	}
	if err == nil && !plainText(r.PostForm) {
		err = errors.New("no text")
	}
	if err != nil {
		status, text := http.StatusBadRequest, "Nothing was done. Go back and try again."
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			status, text = http.StatusRequestEntityTooLarge, "Nothing was done: it is larger than may be."
			if room > maxForm {
				text = "Nothing was done: a file has 5 MB at most. Import a larger one by latchkey import, where the service runs."
			}
		}
		s.pages.alone(w, status, notice{Title: "This form cannot be read", Text: text})
		return false
	}
	return true
}

// plainText reports whether what was typed is UTF-8 without NUL.
func plainText(form url.Values) bool {
	for _, values := range form {
		for _, v := range values {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				return false
			}
		}
	}
	return true
}

func (s *server) foreign(w http.ResponseWriter) {
	s.pages.alone(w, http.StatusForbidden, notice{Title: "This came from another site", Text: "Nothing was done. Use the button on the page itself."})
}

// logout ends the session. Other sessions of the browser, of apps, are left alone.
func (s *server) logout(v *view) {
	var got struct{ RevokeSession payload }
	if err := v.run("logout", map[string]any{"id": v.viewer.Session.ID}, &got); err != nil {
		v.fail(err)
		return
	}
	v.caller.ClearAdminCookie()
	s.goTo(v.w, v.r, loginPath+"?done=logged-out")
}
