package graph_test

import (
	"fmt"
	"testing"

	"github.com/descope/virtualwebauthn"

	"latchkey/internal/auth"
	"latchkey/internal/passkey"
	"latchkey/internal/store"
)

// party asks for passkeys on the service's own pages.
func party(t testing.TB) *passkey.Party {
	t.Helper()
	p, err := passkey.New(passkey.Config{RPID: "auth.example", Name: "Latchkey", Accepts: func(origin string) bool { return origin == "https://auth.example" }})
	must(t, err)
	return p
}

var rp = virtualwebauthn.RelyingParty{ID: "auth.example", Name: "Latchkey", Origin: "https://auth.example"}

// key is an authenticator with one passkey.
type key struct {
	virtualwebauthn.Authenticator
	virtualwebauthn.Credential
}

func newKey() *key {
	k := &key{virtualwebauthn.NewAuthenticator(), virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)}
	for len(k.Key.AttestationData()) != 77 { // it leaves zeros out in front of coordinates
		k.Credential = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return k
}

// makes answers options of a new passkey; shows answers those of one that is used.
func (k *key) makes(t testing.TB, options string) string {
	t.Helper()
	read, err := virtualwebauthn.ParseAttestationOptions(options)
	must(t, err)
	k.Options.UserHandle = []byte(read.UserID)
	return virtualwebauthn.CreateAttestationResponse(rp, k.Authenticator, k.Credential, *read)
}

func (k *key) shows(t testing.TB, options string) string {
	t.Helper()
	read, err := virtualwebauthn.ParseAssertionOptions(options)
	must(t, err)
	return virtualwebauthn.CreateAssertionResponse(rp, k.Authenticator, k.Credential, *read)
}

// keyOf gives the account of who logged in a passkey.
func (f *fixture) keyOf(t testing.TB, l *auth.Login) *key {
	t.Helper()
	k, a := newKey(), here
	a.Viewer = &auth.Viewer{User: l.User, Session: l.Session}
	offer, err := f.StartPasskey(t.Context(), a)
	must(t, err)
	_, err = f.AddPasskey(t.Context(), a, auth.AddPasskeyInput{Challenge: offer.Challenge, Passkey: k.makes(t, offer.Options)})
	must(t, err)
	return k
}

// passkeys makes what is about passkeys: for ada, for an owner of one, for somebody who has
// to add one, and for somebody who has twenty.
func (w *world) passkeys(t *testing.T, f *fixture, ada *auth.Login, enrol *auth.EnrolmentStep) {
	t.Helper()
	ctx := t.Context()
	login, err := f.StartPasskeyLogin(auth.StartPasskeyLoginInput{Transport: auth.TransportBody})
	must(t, err)
	disabled := f.join(t, "gone@example.org", "gone", store.RoleUser)
	theirs := f.keyOf(t, disabled)
	_, err = f.DisableUser(ctx, auth.Shell("test"), auth.DisableUserInput{UserID: disabled.User.ID})
	must(t, err)
	owner := f.join(t, "keeper@example.org", "keeper", store.RoleUser)
	w.made["$token of keeper"] = owner.Tokens.AccessToken
	taken := f.keyOf(t, owner)
	w.made["$keeper's passkey"] = taken.shows(t, login.Options)
	w.made["$passkey login"], w.made["$disabled passkey"] = login.Challenge, theirs.shows(t, login.Options)
	w.made["$unknown passkey"] = newKey().shows(t, login.Options)
	again := *taken
	w.made["$step of enrol"], w.made["$taken passkey of enrol"] = enrol.Challenge, again.makes(t, *enrol.PasskeyOptions)
	a := here
	a.Viewer = &auth.Viewer{User: ada.User, Session: ada.Session}
	offer, err := f.StartPasskey(ctx, a)
	must(t, err)
	w.made["$passkey offer"], w.made["$taken passkey"] = offer.Challenge, again.makes(t, offer.Options)
	twenty := f.join(t, "twenty@example.org", "twenty", store.RoleUser)
	a.Viewer = &auth.Viewer{User: twenty.User, Session: twenty.Session}
	offer, err = f.StartPasskey(ctx, a)
	must(t, err)
	for i := range 20 {
		p := store.Passkey{ID: fmt.Sprint(i), Credential: []byte{byte(i)}, PublicKey: []byte{}, AAGUID: []byte{}, RPID: "elsewhere.example", CreatedAt: t0}
		must(t, f.store.InTx(ctx, func(tx *store.Store) error { return tx.AddPasskey(ctx, twenty.User, &p, false, 20, t0) }))
	}
	w.made["$token of twenty"], w.made["$passkey offer of twenty"] = twenty.Tokens.AccessToken, offer.Challenge
	w.made["$passkey of twenty"] = newKey().makes(t, offer.Options)
	a.Viewer = &auth.Viewer{User: owner.User, Session: owner.Session}
	up, err := f.StartStepUp(ctx, a)
	must(t, err)
	w.made["$step-up"], w.made["$step-up by passkey"] = up.Passkey.Challenge, taken.shows(t, up.Passkey.Options)
}
