package web

import (
	"net/http"

	"latchkey/internal/store"
)

// notMePage is where people take back an event of their account: "this was not me".
type notMePage struct{ *linkPages }

// notMeForm is the page with the button.
type notMeForm struct {
	Token                         string
	Kind                          store.EventKind
	Username, Email, Device, When string
}

// get shows what happened and what taking it back does: 200, or 410 for a dead
// link.
func (n *notMePage) get(w http.ResponseWriter, r *http.Request) {
	in := opened(r)
	e, err := n.auth.LookAtNotMe(r.Context(), in.Token)
	if err != nil {
		n.fail(w, r, in, err)
		return
	}
	n.pages.write(w, http.StatusOK, "not-me", notMeForm{in.Token, e.Kind, e.Username, e.Email, e.Device, sinceWords(e.At, n.now())})
}

// post takes the event back.
func (n *notMePage) post(w http.ResponseWriter, r *http.Request) {
	f, ok := n.posted(w, r)
	if !ok {
		return
	}
	if f.Do != "undo" {
		n.unreadable(w, http.StatusBadRequest)
		return
	}
	user, err := n.auth.NotMe(r.Context(), actor(r), f.Token)
	if err != nil {
		n.fail(w, r, f.params, err)
		return
	}
	n.pages.write(w, http.StatusOK, "not-me-done", user)
}

func (n *notMePage) fail(w http.ResponseWriter, r *http.Request, in params, err error) {
	n.linkPages.fail(w, r, notMePath, "not-me-dead", in, err)
}
