package e2e_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"

	"latchkey/internal/testenv"
)

// Operations of passkeys.
const (
	startPasskeyOp = `mutation { startPasskey { challenge passkeyOptions errors { code limit } } }`
	addPasskeyOp   = `mutation ($i: AddPasskeyInput!) { addPasskey(input: $i) { user { id username } passkey { id name credentialId synced lastUsedAt } errors { code } } }`
	beginOp        = `mutation { startPasskeyLogin { challenge passkeyOptions expiresAt errors { code } } }`
	continueOp     = `mutation ($i: ContinueLoginInput!) { continueLogin(input: $i) { user { id username } tokens { accessToken refreshToken }
		step { __typename challenge ... on SecondFactorStep { factors passkeyOptions } ... on EnrolmentStep { passkeyOptions } } recoveryCodes errors { code message field } } }`
	stepLoginOp = `mutation ($i: LoginInput!) { login(input: $i) { tokens { accessToken }
		step { __typename challenge ... on SecondFactorStep { factors passkeyOptions } ... on EnrolmentStep { passkeyOptions } } errors { code } } }`
	waysInOp         = `{ me { hasPassword passkeyUserId factors { id } } }`
	removeFactorOp   = `mutation ($i: RemoveFactorInput!) { removeFactor(input: $i) { removedFactorId errors { code } } }`
	requireSecondOp  = `mutation ($i: RequireSecondFactorInput!) { requireSecondFactor(input: $i) { user { secondFactorRequired } errors { code } } }`
	removePasswordOp = `mutation { removePassword { user { hasPassword } errors { code } } }`
)

// asked is what a browser is asked for passkeys with.
type asked struct {
	Challenge, PasskeyOptions string
	Errors                    []struct{ Code string }
}

// authenticator is one with one passkey, on a page of the service itself.
type authenticator struct {
	virtualwebauthn.Authenticator
	virtualwebauthn.Credential
	rp virtualwebauthn.RelyingParty
	id string // of the passkey, once an account has it
}

func newAuthenticator(t testing.TB, s *testenv.Stack) *authenticator {
	t.Helper()
	page, err := url.Parse(public(s))
	if err != nil {
		t.Fatal(err)
	}
	domain := strings.TrimPrefix(page.Hostname(), "auth.") // the registrable one
	a := &authenticator{
		Authenticator: virtualwebauthn.NewAuthenticator(), Credential: virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2),
		rp: virtualwebauthn.RelyingParty{ID: domain, Name: "Latchkey", Origin: public(s)},
	}
	for len(a.Key.AttestationData()) != 77 { // it leaves zeros out in front of coordinates
		a.Credential = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return a
}

// makes answers options of a new passkey; shows answers those of one that is used.
func (a *authenticator) makes(t testing.TB, options string) string {
	t.Helper()
	read, err := virtualwebauthn.ParseAttestationOptions(options)
	if err != nil {
		t.Fatalf("%v: %s", err, options)
	}
	a.Options.UserHandle = []byte(read.UserID)
	return virtualwebauthn.CreateAttestationResponse(a.rp, a.Authenticator, a.Credential, *read)
}

func (a *authenticator) shows(t testing.TB, options string) string {
	t.Helper()
	read, err := virtualwebauthn.ParseAssertionOptions(options)
	if err != nil {
		t.Fatalf("%v: %s", err, options)
	}
	return virtualwebauthn.CreateAssertionResponse(a.rp, a.Authenticator, a.Credential, *read)
}

// with is a copy that is different in one thing.
func (a *authenticator) with(change func(a *authenticator)) *authenticator {
	other := *a
	change(&other)
	return &other
}

// ask runs an operation without an input that answers with options.
func ask(t testing.TB, s *testenv.Stack, op, field, access string) asked {
	t.Helper()
	a := testenv.Post(t, s.URL(), testenv.Request{Query: op, Bearer: access})
	var got asked
	a.Into(t, field, &got)
	if got.Challenge == "" || got.PasskeyOptions == "" {
		t.Fatalf("%s: %s", field, a.Body)
	}
	return got
}

// addRequest gives the account of a session a passkey, from a page of this origin.
func addRequest(access, challenge, text, origin string) testenv.Request {
	r := testenv.Request{Query: addPasskeyOp, Variables: testenv.Input("challenge", challenge, "passkey", text, "name", "Key"), Bearer: access}
	if origin != "" {
		r.Header = map[string]string{"Origin": origin}
	}
	return r
}

// hasPasskey gives the account of a session a passkey.
func hasPasskey(t testing.TB, s *testenv.Stack, access string) *authenticator {
	t.Helper()
	a, offer := newAuthenticator(t, s), ask(t, s, startPasskeyOp, "startPasskey", access)
	answer := testenv.Post(t, s.URL(), addRequest(access, offer.Challenge, a.makes(t, offer.PasskeyOptions), a.rp.Origin))
	var got struct {
		Passkey *struct{ ID, Name, CredentialID string }
	}
	if answer.Into(t, "addPasskey", &got); got.Passkey == nil || got.Passkey.Name != "Key" {
		t.Fatalf("addPasskey: %s", answer.Body)
	}
	a.id = got.Passkey.ID
	return a
}

// continueRequest goes on with a login by a passkey's answer.
func continueRequest(challenge, text, client string) testenv.Request {
	return testenv.Request{Query: continueOp, Variables: testenv.Input("challenge", challenge, "answer", map[string]any{"passkey": text}), Client: client}
}

// enter logs in by a passkey and returns the answer.
func enter(t testing.TB, s *testenv.Stack, a *authenticator, client string) *testenv.Answer {
	t.Helper()
	begun := ask(t, s, beginOp, "startPasskeyLogin", "")
	return testenv.Post(t, s.URL(), continueRequest(begun.Challenge, a.shows(t, begun.PasskeyOptions), client))
}

// stepOf is the step that a login came to.
func stepOf(t testing.TB, a *testenv.Answer, field string) (s struct {
	Typename                  string `json:"__typename"`
	Challenge, PasskeyOptions string
	Factors                   []string
}) {
	t.Helper()
	var got struct{ Step json.RawMessage }
	a.Into(t, field, &got)
	if err := json.Unmarshal(got.Step, &s); err != nil || s.Challenge == "" {
		t.Fatalf("%s: no step: %s", field, a.Body)
	}
	return s
}
