package admin

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/request"
)

// step is what a login still needs.
type step struct {
	Kind           string `json:"__typename"`
	Challenge      string
	Factors        []string
	PasskeyOptions string
	Totp           totp
}

type totp struct{ Secret, URI, QRCode string }

// loggedIn is what a login comes to.
type loggedIn struct {
	payload
	Tokens        *tokens
	Step          *step
	RecoveryCodes []string
}

// loginForm is the first page of a login.
type loginForm struct {
	Login     string
	Next      string
	Error     string
	Passkeys  bool   // a button begins a login by passkey
	Challenge string // of that
	Options   string
}

// stepForm is each page behind it, and the one that asks for a fresh proof.
type stepForm struct {
	step
	Next   string
	Error  string
	Proofs []string // of a fresh proof
}

// Has reports whether one of the factors answers.
func (f stepForm) Has(kind string) bool {
	return slices.Contains(f.Factors, kind) || slices.Contains(f.Proofs, kind)
}

// loginPage asks for name and password, or for a passkey. Who is signed in goes on.
func (s *server) loginPage(w http.ResponseWriter, r *http.Request) {
	caller := request.From(r.Context())
	if token := caller.AdminCookie(); token != "" {
		if _, err := s.cfg.Auth.Look(r.Context(), caller.Actor(), token); err == nil {
			s.goTo(w, r, next(r.URL.Query().Get("next")))
			return
		}
	}
	s.ask(w, r, http.StatusOK, loginForm{Next: next(r.URL.Query().Get("next"))}, doneWords[r.URL.Query().Get("done")])
}

func (s *server) ask(w http.ResponseWriter, r *http.Request, status int, form loginForm, done string) {
	var methods struct{ LoginMethods struct{ Passkeys bool } }
	var begun struct {
		StartPasskeyLogin struct{ Challenge, PasskeyOptions string }
	}
	p := page{Done: done}
	if err := s.run(r.Context(), "loginMethods", nil, &methods); err == nil && methods.LoginMethods.Passkeys {
		if err := s.run(r.Context(), "startPasskeyLogin", nil, &begun); err == nil {
			form.Passkeys, form.Challenge, form.Options = true, begun.StartPasskeyLogin.Challenge, begun.StartPasskeyLogin.PasskeyOptions
			p.Script = s.pages.at(passkeyScript.path)
		}
	}
	p.Page = form
	s.pages.write(w, status, "login", p)
}

// notAdministrator is the one answer to a wrong password, to a user who is no administrator and
// to whatever else keeps somebody out.
const notAdministrator = "No administrator has this login and password."

func (s *server) login(w http.ResponseWriter, r *http.Request) {
	var got struct{ Login loggedIn }
	err := s.run(r.Context(), "login", map[string]any{"login": r.PostForm.Get("login"), "password": r.PostForm.Get("password")}, &got)
	s.entered(w, r, &got.Login, err, func(wrong string, status int) {
		s.ask(w, r, status, loginForm{Login: r.PostForm.Get("login"), Next: next(r.PostForm.Get("next")), Error: wrong}, "")
	})
}

func (s *server) passkeyLogin(w http.ResponseWriter, r *http.Request) {
	s.goOn(w, r, map[string]any{"passkey": r.PostForm.Get("passkey")}, func(_ string, status int) {
		s.ask(w, r, status, loginForm{Next: next(r.PostForm.Get("next")), Error: "This passkey is none of an administrator's here, or it took too long."}, "")
	})
}

// loginStep answers a step.
func (s *server) loginStep(w http.ResponseWriter, r *http.Request) {
	s.goOn(w, r, answered(r.PostForm), func(wrong string, status int) {
		form := stepForm{step: step{
			Kind: r.PostForm.Get("kind"), Challenge: r.PostForm.Get("challenge"), Factors: strings.Fields(r.PostForm.Get("factors")), PasskeyOptions: r.PostForm.Get("options"),
			Totp: totp{r.PostForm.Get("secret"), r.PostForm.Get("uri"), r.PostForm.Get("qr")},
		}, Next: next(r.PostForm.Get("next")), Error: wrong}
		s.stepPage(w, status, form)
	})
}

// answered is what a form answers a step with: a passkey, a password, or a code of either kind,
// which are told apart by their length.
func answered(form url.Values) map[string]any {
	code := form.Get("code")
	switch {
	case form.Get("passkey") != "":
		return map[string]any{"passkey": form.Get("passkey")}
	case form.Get("newPassword") != "":
		return map[string]any{"newPassword": form.Get("newPassword")}
	case form.Get("password") != "":
		return map[string]any{"password": form.Get("password")}
	case len(strings.Join(strings.Fields(code), "")) > 6:
		return map[string]any{"recoveryCode": code}
	}
	return map[string]any{"totpCode": code}
}

func (s *server) goOn(w http.ResponseWriter, r *http.Request, answer map[string]any, again func(wrong string, status int)) {
	var got struct{ ContinueLogin loggedIn }
	err := s.run(r.Context(), "continueLogin", map[string]any{"challenge": r.PostForm.Get("challenge"), "answer": answer}, &got)
	s.entered(w, r, &got.ContinueLogin, err, again)
}

// entered answers a login that came to l or err: with the page that was wanted, the next step, or
// the form again.
func (s *server) entered(w http.ResponseWriter, r *http.Request, l *loggedIn, err error, again func(wrong string, status int)) {
	caller := request.From(r.Context())
	f, failed := errors.AsType[*failure](err)
	switch {
	case failed && f.Code == string(auth.RateLimited):
		again("Too many tries. Try again in "+auth.InWords(time.Duration(f.RetryAfter)*time.Second)+".", http.StatusTooManyRequests)
	case failed && f.Code == string(auth.Unavailable):
		again("This does not work just now. Try again in a minute.", http.StatusServiceUnavailable)
	case err != nil:
		again("This cannot be read. Try again.", http.StatusBadRequest)
	case l.Tokens != nil:
		viewer, err := s.cfg.Auth.Look(r.Context(), caller.Actor(), l.Tokens.RefreshToken)
		if err != nil {
			again(notAdministrator, http.StatusUnauthorized)
			return
		}
		keep(caller, l.Tokens, viewer.Session.EndsAt, s.cfg.Now())
		if len(l.RecoveryCodes) > 0 { // shown once, here
			caller.SetViewer(viewer)
			v := &view{s, w, r, caller, viewer}
			v.write(http.StatusOK, "codes", l.RecoveryCodes)
			return
		}
		s.goTo(w, r, next(r.PostForm.Get("next")))
	case l.Step != nil:
		s.stepPage(w, http.StatusOK, stepForm{step: *l.Step, Next: next(r.PostForm.Get("next"))})
	default:
		again(wrongAnswer(l.Errors), http.StatusUnprocessableEntity)
	}
}

// wrongAnswer says what is wrong with an answer, and to a login one thing.
func wrongAnswer(mistakes []mistake) string {
	switch code := (payload{mistakes}).code(); code {
	case "CODE_INVALID", "CHALLENGE_INVALID", "PASSKEY_INVALID", "PASSKEY_UNKNOWN", "WRONG_PASSWORD", "SECOND_FACTOR_NEEDED":
		return mistakes[0].Message
	default:
		if strings.HasPrefix(code, "PASSWORD_") {
			return mistakes[0].Message
		}
	}
	return notAdministrator
}

func (s *server) stepPage(w http.ResponseWriter, status int, form stepForm) {
	p := page{Page: form}
	if form.PasskeyOptions != "" {
		p.Script = s.pages.at(passkeyScript.path)
	}
	s.pages.write(w, status, "step", p)
}

// againPage asks for a fresh proof.
func (s *server) againPage(v *view) { v.askAgain(http.StatusOK, next(v.r.URL.Query().Get("next")), "") }

func (v *view) askAgain(status int, to, wrong string) {
	var got struct {
		StartStepUp struct {
			Proofs                    []string
			Challenge, PasskeyOptions string
		}
	}
	if err := v.run("startStepUp", nil, &got); err != nil {
		v.fail(err)
		return
	}
	o := got.StartStepUp
	form := stepForm{step: step{Challenge: o.Challenge, PasskeyOptions: o.PasskeyOptions}, Proofs: o.Proofs, Next: to, Error: wrong}
	p := page{Page: form}
	if o.PasskeyOptions != "" {
		p.Script = v.s.pages.at(passkeyScript.path)
	}
	v.writeWith(status, "again", p)
}

// again takes a fresh proof, and leads back to what asked for it.
func (s *server) again(v *view) {
	to := next(v.r.PostForm.Get("next"))
	variables := map[string]any{"answer": answered(v.r.PostForm)}
	if challenge := v.r.PostForm.Get("challenge"); challenge != "" {
		variables["challenge"] = challenge
	}
	var got struct{ StepUp payload }
	if err := v.run("stepUp", variables, &got); err != nil {
		v.fail(err)
		return
	}
	if got.StepUp.code() != "" {
		v.askAgain(http.StatusUnprocessableEntity, to, wrongAnswer(got.StepUp.Errors))
		return
	}
	v.s.goTo(v.w, v.r, to)
}
