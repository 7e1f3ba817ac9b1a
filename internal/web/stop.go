package web

import (
	"context"
	"net/http"

	"latchkey/internal/auth"
)

// stopPage is where the reader of a mail refuses more of its kind, and has them back.
type stopPage struct{ *linkPages }

// stopForm is the page with the button.
type stopForm struct {
	params
	Refused bool // and so the button undoes it
}

// get shows what refusing does, or that it was done: 200, or 410 for a dead link.
func (p *stopPage) get(w http.ResponseWriter, r *http.Request) {
	in := opened(r)
	refused, err := p.auth.LookAtRefusal(r.Context(), in.Token, in.Email)
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	p.pages.write(w, http.StatusOK, "stop", stopForm{in, refused})
}

// post does what a button says: stop or start. A mail program that has such a button
// itself posts to the link, which says all else (RFC 8058).
func (p *stopPage) post(w http.ResponseWriter, r *http.Request) {
	f, ok := p.posted(w, r, multipartForm)
	if !ok {
		return
	}
	if r.PostForm.Get("List-Unsubscribe") == "One-Click" {
		f = linkForm{params: opened(r), Do: "stop"}
	}
	switch f.Do {
	case "stop":
		p.do(w, r, f.params, p.auth.RefuseMails, "stop", stopForm{f.params, true})
	case "start":
		p.do(w, r, f.params, p.auth.AllowMails, "started", f.params)
	default:
		p.unreadable(w, http.StatusBadRequest)
	}
}

// do does what a button says, and shows the page called done.
func (p *stopPage) do(w http.ResponseWriter, r *http.Request, in params,
	what func(ctx context.Context, a auth.Actor, token, email string) error, done string, data any) {
	if err := what(r.Context(), actor(r), in.Token, in.Email); err != nil {
		p.fail(w, r, in, err)
		return
	}
	p.pages.write(w, http.StatusOK, done, data)
}

func (p *stopPage) fail(w http.ResponseWriter, r *http.Request, in params, err error) {
	p.linkPages.fail(w, r, stopPath, "stop-dead", in, err)
}
