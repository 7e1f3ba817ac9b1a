package admin

import "net/http"

// own is the page of the administrator's own account.
type own struct {
	Username, Email                   string
	HasPassword, SecondFactorRequired bool
	Factors                           []factor
	RecoveryCodes                     *recoveryCodes
}

// App reports whether there is an authenticator app.
func (o own) App() bool {
	for _, f := range o.Factors {
		if f.Kind == "Totp" {
			return true
		}
	}
	return false
}

func (s *server) self(v *view) {
	var got struct{ Me own }
	if err := v.run("me", nil, &got); err != nil {
		v.fail(err)
		return
	}
	v.write(http.StatusOK, "self", got.Me)
}

// appForm is the page with the secret of an authenticator app. It is an answer to a form, as
// pages with secrets are: no address leads to it.
type appForm struct {
	Challenge string
	Totp      totp
	Error     string
}

func (s *server) startApp(v *view) {
	var got struct{ StartTotp appForm }
	if err := v.run("startTotp", nil, &got); err != nil {
		v.fail(err)
		return
	}
	v.write(http.StatusOK, "app", got.StartTotp)
}

func (s *server) confirmApp(v *view) {
	f := v.r.PostForm
	var got struct {
		ConfirmTotp struct {
			payload
			RecoveryCodes []string
		}
	}
	if err := v.run("confirmTotp", map[string]any{"challenge": f.Get("challenge"), "code": f.Get("code")}, &got); err != nil {
		v.fail(err)
		return
	}
	switch {
	case got.ConfirmTotp.code() != "":
		v.write(http.StatusUnprocessableEntity, "app", appForm{
			f.Get("challenge"), totp{f.Get("secret"), f.Get("uri"), f.Get("qr")}, got.ConfirmTotp.Errors[0].Message,
		})
	case len(got.ConfirmTotp.RecoveryCodes) > 0:
		v.write(http.StatusOK, "codes", got.ConfirmTotp.RecoveryCodes)
	default:
		v.goTo(selfPath, "done", "app-added")
	}
}

// makeCodes replaces the recovery codes and shows the new ones, once.
func (s *server) makeCodes(v *view) {
	var got struct {
		MakeRecoveryCodes struct {
			payload
			RecoveryCodes []string
		}
	}
	if err := v.run("makeRecoveryCodes", nil, &got); err != nil {
		v.fail(err)
		return
	}
	if code := got.MakeRecoveryCodes.code(); code != "" {
		v.goTo(selfPath, "trouble", trouble(code))
		return
	}
	v.write(http.StatusOK, "codes", got.MakeRecoveryCodes.RecoveryCodes)
}
