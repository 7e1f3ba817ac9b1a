package auth_test

import (
	"encoding/base32"
	"errors"
	"strings"

	"latchkey/internal/auth"
	"latchkey/internal/store"
	"latchkey/internal/totp"
)

// app is an authenticator app.
type app struct {
	f        *fixture
	secret   []byte
	recovery []string // the codes that were made with it
}

// code is what the app shows now.
func (a *app) code() string { return totp.Code(a.secret, totp.Step(a.f.Now())) }

// installed returns the app that somebody types this secret into.
func (f *fixture) installed(shown string) *app {
	f.t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(shown)
	must(f.t, err)
	return &app{f: f, secret: secret}
}

// enrol adds an authenticator app to the account of who logged in. Time goes by, so that the
// app shows another code than the one that confirmed it.
func (f *fixture) enrol(l *auth.Login, c auth.Actor) *app {
	f.t.Helper()
	me := as(f.of(l), c)
	offer, err := f.StartTotp(f.t.Context(), me)
	must(f.t, err)
	a := f.installed(offer.Totp.Secret)
	done, err := f.ConfirmTotp(f.t.Context(), me, auth.ConfirmTotpInput{Challenge: offer.Challenge, TotpCode: a.code()})
	must(f.t, err)
	a.recovery = done.RecoveryCodes
	f.pass(30e9)
	return a
}

// begin logs in with goodPassword where that is not enough, and returns the challenge of the
// step that is asked for.
func (f *fixture) begin(login string, c auth.Actor) string {
	f.t.Helper()
	return f.challenge(f.try(login, goodPassword, c))
}

// challenge returns that of the step that a login came to.
func (f *fixture) challenge(err error) string {
	f.t.Helper()
	step, ok := asStep(err)
	if !ok {
		f.t.Fatalf("no step is asked for: %s", outcome(err))
	}
	switch s := step.Step.(type) {
	case *auth.SecondFactorStep:
		return s.Challenge
	case *auth.EnrolmentStep:
		return s.Challenge
	case *auth.NewPasswordStep:
		return s.Challenge
	}
	f.t.Fatalf("a step that is no step: %T", step.Step)
	return ""
}

func asStep(err error) (*auth.StepNeeded, bool) { return errors.AsType[*auth.StepNeeded](err) }

// answer goes on with a login.
func (f *fixture) answer(s *auth.Service, challenge string, answer auth.LoginAnswer, c auth.Actor) (*auth.Login, error) {
	return s.ContinueLogin(f.t.Context(), c, auth.ContinueLoginInput{Challenge: challenge, Answer: answer})
}

// shows answers with a code of an app and returns how that ended.
func (f *fixture) shows(challenge, code string, c auth.Actor) error {
	_, err := f.answer(f.Service, challenge, auth.LoginAnswer{TotpCode: &code}, c)
	return err
}

// recovers answers with a recovery code and returns how that ended.
func (f *fixture) recovers(challenge, code string, c auth.Actor) error {
	_, err := f.answer(f.Service, challenge, auth.LoginAnswer{RecoveryCode: &code}, c)
	return err
}

// loginWith logs in with goodPassword and a code.
func (f *fixture) loginWith(a *app, login string, c auth.Actor) *auth.Login {
	f.t.Helper()
	l, err := f.answer(f.Service, f.begin(login, c), auth.LoginAnswer{TotpCode: new(a.code())}, c)
	must(f.t, err)
	return l
}

// wrong is a code that an app shows at no time near.
func (a *app) wrong() string {
	now := totp.Step(a.f.Now())
	var near []string
	for step := now - 2; step <= now+2; step++ {
		near = append(near, totp.Code(a.secret, step))
	}
	for _, code := range []string{"000000", "111111", "222222", "333333", "444444", "555555"} {
		if !strings.Contains(strings.Join(near, " "), code) {
			return code
		}
	}
	return ""
}

// of returns the viewer in a session, however old its access token is.
func (f *fixture) of(l *auth.Login) *auth.Viewer {
	f.t.Helper()
	return f.reload(&auth.Viewer{Session: l.Session})
}

// stepsUp shows who is there in a session and returns how that ended.
func (f *fixture) stepsUp(l *auth.Login, answer auth.StepUpAnswer, c auth.Actor) (*auth.Login, error) {
	f.t.Helper()
	return f.StepUp(f.t.Context(), as(f.of(l), c), auth.StepUpInput{Answer: answer})
}

// ways returns what opens an account: its factors and whether it has a password.
func (f *fixture) ways(userID string) string {
	f.t.Helper()
	u, err := f.store.UserByID(f.t.Context(), userID)
	must(f.t, err)
	all, err := f.FactorsOf(f.t.Context(), []store.User{*u})
	must(f.t, err)
	var ways []string
	if u.PasswordHash != "" {
		ways = append(ways, "password")
	}
	for _, factor := range all[userID].List {
		switch factor := factor.(type) {
		case *store.TOTP:
			ways = append(ways, factor.Name)
		case *store.Passkey:
			ways = append(ways, "passkey "+factor.Name)
		}
	}
	if codes := all[userID].RecoveryCodes; codes != nil {
		ways = append(ways, strings.Repeat("#", codes.Left))
	}
	return strings.Join(ways, ", ")
}
