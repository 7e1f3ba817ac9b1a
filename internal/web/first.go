package web

import (
	"errors"
	"net/http"

	"latchkey/internal/auth"
)

// firstPath is where the first administrator is made, by a link that the shell prints.
const firstPath = "/email/first-administrator"

// firstPage is the page of that link.
type firstPage struct{ *linkPages }

// firstForm is the page with the fields.
type firstForm struct {
	Token           string
	Email, Username string
	MinLength       int
	Errors          map[string]string // by field: email, username, password
	First           string            // the first field with an error, which takes the focus
}

// get shows the form: 200, or 410 for a dead link and once there is an administrator.
func (p *firstPage) get(w http.ResponseWriter, r *http.Request) {
	in := opened(r)
	if err := p.auth.LookAtFirst(r.Context(), in.Token); err != nil {
		p.fail(w, r, in, err)
		return
	}
	p.pages.write(w, http.StatusOK, "first", firstForm{Token: in.Token, MinLength: p.auth.PasswordMinLength()})
}

// post makes the administrator.
func (p *firstPage) post(w http.ResponseWriter, r *http.Request) {
	f, ok := p.posted(w, r)
	if !ok {
		return
	}
	user, err := p.auth.FirstAdministrator(r.Context(), actor(r), auth.FirstAdministratorInput{
		Token: f.Token, Email: f.Email, Username: f.Username, Password: f.Password,
	})
	mistakes, wrong := errors.AsType[auth.UserErrors](err)
	switch {
	case err == nil:
		p.pages.write(w, http.StatusOK, "first-done", user)
	case wrong && !mistakes.Has(auth.TokenInvalid):
		form := firstForm{Token: f.Token, Email: f.Email, Username: f.Username, MinLength: p.auth.PasswordMinLength(), Errors: map[string]string{}}
		for _, field := range []string{"email", "username", "password"} {
			for _, m := range mistakes {
				if m.Field[len(m.Field)-1] == field && form.Errors[field] == "" {
					form.Errors[field] = m.Message
				}
			}
			if form.First == "" && form.Errors[field] != "" {
				form.First = field
			}
		}
		p.pages.write(w, http.StatusUnprocessableEntity, "first", form)
	default:
		p.fail(w, r, f.params, err)
	}
}

func (p *firstPage) fail(w http.ResponseWriter, r *http.Request, in params, err error) {
	p.linkPages.fail(w, r, firstPath, "first-dead", params{Token: in.Token}, err)
}
