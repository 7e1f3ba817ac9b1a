package web

import (
	"cmp"
	"context"
	"net/http"

	"latchkey/internal/auth"
	"latchkey/internal/link"
)

// confirmPage is where people confirm an address: that of a registration, or the new one
// of an account.
type confirmPage struct{ *linkPages }

// confirmForm is the page with the two buttons.
type confirmForm struct {
	params
	Change                 bool   // of an account's address; else a registration
	Username, Device, When string // whose account, with what and when it was registered
	AskPassword            bool   // and the username
	Error                  string // under the password, or ""
}

// get shows what confirming would do: 200, or 410 for a dead link.
func (c *confirmPage) get(w http.ResponseWriter, r *http.Request) {
	c.form(w, r, linkForm{params: opened(r)}, http.StatusOK, "")
}

// form shows the form with what was typed, and with the error wrong under the password
// unless that is "". It asks the service about the link first, which may have died
// meanwhile.
func (c *confirmPage) form(w http.ResponseWriter, r *http.Request, in linkForm, status int, wrong string) {
	conf, err := c.auth.LookAtConfirmation(r.Context(), in.Token, in.Email)
	if err != nil {
		c.fail(w, r, in.params, err)
		return
	}
	f := confirmForm{
		params: params{in.Token, conf.Email}, Username: cmp.Or(in.Username, conf.Username),
		Device: conf.Device, When: sinceWords(conf.At, c.now()),
	}
	if f.Change = conf.Purpose == link.ConfirmNewEmail; !f.Change {
		f.AskPassword, f.Error = conf.NeedsPassword || wrong != "", wrong
	}
	c.pages.write(w, status, "confirm", f)
}

// post does what a button says: confirm, decline or resend.
func (c *confirmPage) post(w http.ResponseWriter, r *http.Request) {
	f, ok := c.posted(w, r)
	if !ok {
		return
	}
	switch f.Do {
	case "confirm":
		c.confirm(w, r, f)
	case "decline":
		c.decline(w, r, f.params, c.auth.DeclineLink)
	case "decline-all":
		c.decline(w, r, f.params, c.auth.DeclineAll)
	case "resend":
		c.resend(w, r, f.Email)
	default:
		c.unreadable(w, http.StatusBadRequest)
	}
}

func (c *confirmPage) confirm(w http.ResponseWriter, r *http.Request, f linkForm) {
	done, err := c.auth.ConfirmLink(r.Context(), actor(r), auth.ConfirmLink{Token: f.Token, Email: f.Email, Username: f.Username, Password: f.Password})
	switch {
	case hasCode(err, auth.WrongPassword) && f.Password == "":
		c.form(w, r, f, http.StatusUnprocessableEntity, "Type the password that you chose with this username.")
	case hasCode(err, auth.WrongPassword):
		c.form(w, r, f, http.StatusUnprocessableEntity, "This is not the password that was chosen with this username.")
	case err != nil:
		c.fail(w, r, f.params, err)
	default:
		c.pages.write(w, http.StatusOK, "confirmed", done)
	}
}

// decline does what how does, of the service's two ways to say no.
func (c *confirmPage) decline(w http.ResponseWriter, r *http.Request, in params,
	how func(ctx context.Context, a auth.Actor, token, email string) (link.Purpose, error)) {
	what, err := how(r.Context(), actor(r), in.Token, in.Email)
	if err != nil {
		c.fail(w, r, in, err)
		return
	}
	c.pages.write(w, http.StatusOK, "declined", what == link.ConfirmNewEmail)
}

// resend answers the same whether or not anybody waits for mail at this address (C3).
func (c *confirmPage) resend(w http.ResponseWriter, r *http.Request, email string) {
	err := c.auth.ResendConfirmation(r.Context(), actor(r), auth.ResendConfirmationInput{Email: email})
	switch {
	case hasCode(err, auth.EmailInvalid):
		c.pages.write(w, http.StatusUnprocessableEntity, "dead", deadLink{Email: email, Error: emailHint})
	case err != nil:
		c.fail(w, r, params{Email: email}, err)
	default:
		c.pages.write(w, http.StatusOK, "sent", params{Email: email})
	}
}

// emailHint stands under a field that holds no address.
const emailHint = "An address looks like name@example.org."

func (c *confirmPage) fail(w http.ResponseWriter, r *http.Request, in params, err error) {
	c.linkPages.fail(w, r, confirmPath, "dead", in, err)
}
