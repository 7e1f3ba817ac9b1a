package web

import (
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
	Change                 bool // of an account's address; else a registration
	Username, Device, When string
	AskPassword            bool
	Error                  string // under the password, or ""
}

// get shows what confirming would do: 200, or 410 for a dead link.
func (c *confirmPage) get(w http.ResponseWriter, r *http.Request) {
	c.form(w, r, opened(r), http.StatusOK, "")
}

// form shows the form, with the error wrong under the password unless that is "". It asks
// the service about the link first, which may have died meanwhile.
func (c *confirmPage) form(w http.ResponseWriter, r *http.Request, in params, status int, wrong string) {
	conf, err := c.auth.LookAtConfirmation(r.Context(), in.Token, in.Email)
	if err != nil {
		c.fail(w, r, in, err)
		return
	}
	f := confirmForm{params: params{in.Token, conf.Email}, Username: conf.Username}
	if f.Change = conf.Purpose == link.ConfirmNewEmail; !f.Change {
		f.Device, f.When = conf.Device, sinceWords(conf.At, c.now())
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
		c.decline(w, r, f.params)
	case "resend":
		c.resend(w, r, f.Email)
	default:
		c.unreadable(w, http.StatusBadRequest)
	}
}

func (c *confirmPage) confirm(w http.ResponseWriter, r *http.Request, f linkForm) {
	done, err := c.auth.ConfirmLink(r.Context(), actor(r), auth.ConfirmLink{Token: f.Token, Email: f.Email, Password: f.Password})
	switch {
	case hasCode(err, auth.WrongPassword) && f.Password == "":
		c.form(w, r, f.params, http.StatusUnprocessableEntity, "Type the password that was chosen for this account.")
	case hasCode(err, auth.WrongPassword):
		c.form(w, r, f.params, http.StatusUnprocessableEntity, "This is not the password that was chosen for this account.")
	case err != nil:
		c.fail(w, r, f.params, err)
	default:
		c.pages.write(w, http.StatusOK, "confirmed", done)
	}
}

func (c *confirmPage) decline(w http.ResponseWriter, r *http.Request, in params) {
	what, err := c.auth.DeclineLink(r.Context(), actor(r), in.Token, in.Email)
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
		c.pages.write(w, http.StatusUnprocessableEntity, "dead", deadLink{email, emailHint})
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
