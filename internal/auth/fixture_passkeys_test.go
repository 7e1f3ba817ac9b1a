package auth_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"

	"latchkey/internal/auth"
	"latchkey/internal/passkey"
	"latchkey/internal/store"
)

// Where the passkeys of the tests are made.
const (
	keyDomain = "example.org"
	keyPage   = "https://app.example.org"
)

// passkeysOf returns who asks for passkeys of a domain, on keyPage alone.
func passkeysOf(t testing.TB, domain string) *passkey.Party {
	t.Helper()
	p, err := passkey.New(passkey.Config{RPID: domain, Name: "Latchkey", Accepts: func(origin string) bool { return origin == keyPage }})
	must(t, err)
	return p
}

// key is an authenticator with one passkey.
type key struct {
	f *fixture
	virtualwebauthn.Authenticator
	virtualwebauthn.Credential
	rp virtualwebauthn.RelyingParty
	id string // of the passkey, once an account has it
}

// newKey returns one that was copied to other devices, as most are: it counts nothing.
func (f *fixture) newKey() *key {
	k := &key{
		f: f, Authenticator: virtualwebauthn.NewAuthenticator(), Credential: virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2),
		rp: virtualwebauthn.RelyingParty{ID: keyDomain, Name: "Latchkey", Origin: keyPage},
	}
	for len(k.Key.AttestationData()) != 77 { // it leaves zeros out in front of coordinates
		k.Credential = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	k.Options.BackupEligible, k.Options.BackupState = true, true
	return k
}

// makes answers options of a new passkey.
func (k *key) makes(options string) string {
	k.f.t.Helper()
	read, err := virtualwebauthn.ParseAttestationOptions(options)
	must(k.f.t, err)
	k.Options.UserHandle = []byte(read.UserID)
	return virtualwebauthn.CreateAttestationResponse(k.rp, k.Authenticator, k.Credential, *read)
}

// shows answers options of a passkey that is used.
func (k *key) shows(options string) string {
	k.f.t.Helper()
	read, err := virtualwebauthn.ParseAssertionOptions(options)
	must(k.f.t, err)
	return virtualwebauthn.CreateAssertionResponse(k.rp, k.Authenticator, k.Credential, *read)
}

// add gives k to the account of who logged in and returns how that ended.
func (f *fixture) add(k *key, l *auth.Login, c auth.Actor) error {
	f.t.Helper()
	me := as(f.of(l), c)
	offer, err := f.StartPasskey(f.t.Context(), me)
	if err != nil {
		return err
	}
	done, err := f.AddPasskey(f.t.Context(), me, auth.AddPasskeyInput{Challenge: offer.Challenge, Passkey: k.makes(offer.Options), Origin: keyPage})
	if err == nil {
		k.id = done.Passkey.ID
	}
	return err
}

// added returns a passkey that the account of who logged in has from now on.
func (f *fixture) added(l *auth.Login, c auth.Actor) *key {
	f.t.Helper()
	k := f.newKey()
	must(f.t, f.add(k, l, c))
	return k
}

// passkeyLogin begins a login by passkey.
func (f *fixture) passkeyLogin() *auth.PasskeyOffer {
	f.t.Helper()
	offer, err := f.StartPasskeyLogin(auth.StartPasskeyLoginInput{Transport: auth.TransportBody})
	must(f.t, err)
	return offer
}

// answers goes on with a login by the answer of a passkey and returns how that ended.
func (f *fixture) answers(s *auth.Service, challenge, text string, c auth.Actor) error {
	_, err := f.answer(s, challenge, auth.LoginAnswer{Passkey: &text}, c)
	return err
}

// enters logs in by a passkey and returns how that ended.
func (f *fixture) enters(k *key, c auth.Actor) error {
	f.t.Helper()
	offer := f.passkeyLogin()
	return f.answers(f.Service, offer.Challenge, k.shows(offer.Options), c)
}

// enter logs in by a passkey.
func (f *fixture) enter(k *key, c auth.Actor) *auth.Login {
	f.t.Helper()
	offer := f.passkeyLogin()
	l, err := f.answer(f.Service, offer.Challenge, auth.LoginAnswer{Passkey: new(k.shows(offer.Options))}, c)
	must(f.t, err)
	return l
}

// second returns the step of a login with goodPassword that asks for a second factor.
func (f *fixture) second(login string, c auth.Actor) *auth.SecondFactorStep {
	f.t.Helper()
	return stepOf[*auth.SecondFactorStep](f, f.try(login, goodPassword, c))
}

// stepOf returns the step that a login came to.
func stepOf[T auth.LoginStep](f *fixture, err error) T {
	f.t.Helper()
	var none T
	step, ok := asStep(err)
	if !ok {
		f.t.Fatalf("no step is asked for: %s", outcome(err))
		return none
	}
	got, ok := step.Step.(T)
	if !ok {
		f.t.Fatalf("another step is asked for: %T", step.Step)
	}
	return got
}

// removes takes a factor off and returns how that ended.
func (f *fixture) removes(l *auth.Login, id string) error {
	f.t.Helper()
	_, err := f.RemoveFactor(f.t.Context(), as(f.of(l), client(1)), auth.RemoveFactorInput{FactorID: id})
	return err
}

// wants switches whether a login by password asks for a passkey and returns how that ended.
func (f *fixture) wants(l *auth.Login, required bool) error {
	f.t.Helper()
	_, err := f.RequireSecondFactor(f.t.Context(), as(f.of(l), client(1)), auth.RequireSecondFactorInput{Required: required})
	return err
}

// forgetsPassword removes the password and returns how that ended.
func (f *fixture) forgetsPassword(l *auth.Login) error {
	f.t.Helper()
	_, err := f.RemovePassword(f.t.Context(), as(f.of(l), client(1)))
	return err
}

// events counts the events of a kind in a user's history.
func (f *fixture) events(userID string, kind store.EventKind) int {
	f.t.Helper()
	return strings.Count(strings.Join(f.history(shell, userID), "\n"), string(kind))
}

// shown is what a session says of its proofs.
func (f *fixture) shown(l *auth.Login) string {
	f.t.Helper()
	return fmt.Sprint(f.Proofs(f.of(l).Session))
}
