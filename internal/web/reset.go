package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"latchkey/internal/auth"
)

// resetPage is where somebody who forgot their password sets a new one, or has
// a strong one made.
type resetPage struct{ *linkPages }

// resetForm is the page with the field.
type resetForm struct {
	params
	Username  string
	Invited   bool   // it is the first password of somebody who was invited
	Back      string // when an address that the account had before can take it back no more; "" if none can
	MinLength int
	Error     string // under the password, or ""
}

// passwordSet is what the last page shows, and the answer in JSON.
type passwordSet struct {
	Username string `json:"username"`
	Password string `json:"password,omitempty"` // one that was made here: shown this once
}

// get shows the form: 200, or 410 for a dead link.
func (p *resetPage) get(w http.ResponseWriter, r *http.Request) {
	p.form(w, r, opened(r), http.StatusOK, "")
}

func (p *resetPage) form(w http.ResponseWriter, r *http.Request, in params, status int, wrong string) {
	reset, err := p.auth.LookAtReset(r.Context(), in.Token, in.Email)
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	f := resetForm{params: params{in.Token, reset.User.Email}, Username: reset.User.Username, Invited: reset.User.InvitedUntil != nil, MinLength: p.auth.PasswordMinLength(), Error: wrong}
	if !reset.BackUntil.IsZero() {
		f.Back = sinceWords(reset.BackUntil, p.now())
	}
	p.pages.write(w, status, "reset", f)
}

// post does what a button says: set the password that was typed, make one, or
// request another link.
func (p *resetPage) post(w http.ResponseWriter, r *http.Request) {
	f, ok := p.posted(w, r)
	if !ok {
		return
	}
	switch f.Do {
	case "set":
		p.set(w, r, f, passwordSet{})
	case "make":
		f.Password = auth.StrongPassword()
		p.set(w, r, f, passwordSet{Password: f.Password})
	case "request":
		p.request(w, r, f.Email)
	default:
		p.unreadable(w, http.StatusBadRequest)
	}
}

func (p *resetPage) set(w http.ResponseWriter, r *http.Request, f linkForm, done passwordSet) {
	user, err := p.auth.ResetPassword(r.Context(), actor(r), auth.ResetPasswordInput{Token: f.Token, Email: f.Email, NewPassword: f.Password})
	mistakes, weak := errors.AsType[auth.UserErrors](err)
	switch {
	case err == nil:
		done.Username = user.Username
		if wantsJSON(r) {
			writeJSON(w, http.StatusOK, done)
			return
		}
		p.pages.write(w, http.StatusOK, "reset-done", done)
	case weak && !mistakes.Has(auth.TokenInvalid) && !wantsJSON(r):
		p.form(w, r, f.params, http.StatusUnprocessableEntity, mistakes[0].Message)
	default:
		p.fail(w, r, f.params, err)
	}
}

// request mails another link, and answers the same whether or not the address has an
// account (C3).
func (p *resetPage) request(w http.ResponseWriter, r *http.Request, email string) {
	err := p.auth.RequestPasswordReset(r.Context(), actor(r), auth.RequestPasswordResetInput{Email: email})
	switch {
	case hasCode(err, auth.EmailInvalid) && !wantsJSON(r):
		p.pages.write(w, http.StatusUnprocessableEntity, "reset-dead", deadLink{Email: email, Error: emailHint})
	case err != nil:
		p.fail(w, r, params{Email: email}, err)
	case wantsJSON(r):
		writeJSON(w, http.StatusOK, struct{}{})
	default:
		p.pages.write(w, http.StatusOK, "reset-sent", params{Email: email})
	}
}

func (p *resetPage) fail(w http.ResponseWriter, r *http.Request, in params, err error) {
	if !wantsJSON(r) {
		p.linkPages.fail(w, r, resetPath, "reset-dead", in, err)
		return
	}
	if mistakes, ok := errors.AsType[auth.UserErrors](err); ok {
		status := http.StatusUnprocessableEntity
		if mistakes.Has(auth.TokenInvalid) {
			status = http.StatusGone
		}
		list := make([]jsonError, len(mistakes))
		for i, m := range mistakes {
			list[i] = jsonError{string(m.Code), m.Message}
		}
		writeJSON(w, status, jsonErrors{list})
		return
	}
	if f, ok := p.fault(w, r, resetPath, err); ok {
		writeJSON(w, f.Status, jsonErrors{[]jsonError{{string(f.Code), f.Message}}})
	}
}

// jsonErrors is what went wrong, for a client that asked for JSON.
type jsonErrors struct {
	Errors []jsonError `json:"errors"`
}

type jsonError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// wantsJSON reports whether a request asks for JSON rather than for a page.
func wantsJSON(r *http.Request) bool {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
