package testenv

import "testing"

// The operations that most outside tests use.
const (
	RegisterOp = `mutation ($i: RegisterInput!) { register(input: $i) { email errors { code message field limit } } }`
	ConfirmOp  = `mutation ($i: ConfirmEmailInput!) { confirmEmail(input: $i) { user { id username email } tokens { accessToken refreshToken } step { __typename challenge expiresAt ... on EnrolmentStep { totp { secret } } } deviceToken errors { code message field } } }`
	LoginOp    = `mutation ($i: LoginInput!) { login(input: $i) { user { id username email } tokens { accessToken refreshToken } step { __typename challenge expiresAt ... on EnrolmentStep { totp { secret } } } deviceToken errors { code message field } } }`
	ContinueOp = `mutation ($i: ContinueLoginInput!) { continueLogin(input: $i) { user { id username email } tokens { accessToken refreshToken } step { __typename challenge expiresAt ... on EnrolmentStep { totp { secret } } } recoveryCodes deviceToken errors { code message field } } }`
	RefreshOp  = `mutation ($i: RefreshInput!) { refresh(input: $i) { user { id username email } tokens { accessToken refreshToken } errors { code message field } } }`
	LogoutOp   = `mutation ($i: LogoutInput!) { logout(input: $i) { errors { code } } }`
	ResendOp   = `mutation ($i: ResendConfirmationInput!) { resendConfirmation(input: $i) { errors { code message field } } }`
	MeOp       = `{ me { id username email } }`
)

// Person is somebody with an account.
type Person struct {
	ID, Email, Username, Password string
	Client                        string // the address they come from
	Access, Refresh, Device       string // of the device that confirmed
}

// Input makes the variable `i` of the operations above.
func Input(pairs ...any) map[string]any {
	in := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		in[pairs[i].(string)] = pairs[i+1]
	}
	return map[string]any{"i": in}
}

// Newcomer is somebody who has no account yet.
func Newcomer() *Person {
	return &Person{Email: Address(), Username: Username(), Password: "correct horse " + Username(), Client: ClientAddress()}
}

// Register asks for p's account and returns the token in the mail.
func (s *Stack) Register(t testing.TB, p *Person) string {
	t.Helper()
	before := len(s.Mails(t, p.Email))
	a := Post(t, s.URL(), Request{
		Query: RegisterOp, Variables: Input("email", p.Email, "username", p.Username, "password", p.Password), Client: p.Client,
	})
	if got := a.Payload(t, "register"); len(a.Errors) > 0 || len(got.Errors) > 0 {
		t.Fatalf("register: %s", a.Body)
	}
	return LinkToken(t, s.AwaitMails(t, p.Email, before+1)[0].Links[0])
}

// Join makes somebody who registered, confirmed by the mutation and so is
// logged in.
func (s *Stack) Join(t testing.TB) *Person {
	t.Helper()
	p := Newcomer()
	token := s.Register(t, p)
	a := Post(t, s.URL(), Request{Query: ConfirmOp, Variables: Input("token", token), Client: p.Client})
	got := a.Payload(t, "confirmEmail")
	if got.Tokens == nil {
		t.Fatalf("confirmEmail: %s", a.Body)
	}
	p.ID, p.Access, p.Refresh, p.Device = got.User.ID, got.Tokens.AccessToken, got.Tokens.RefreshToken, got.DeviceToken
	return p
}

// Login logs p in from p.Client and returns the payload.
func (s *Stack) Login(t testing.TB, p *Person) Payload {
	t.Helper()
	a := Post(t, s.URL(), Request{Query: LoginOp, Variables: Input("login", p.Username, "password", p.Password), Client: p.Client})
	if len(a.Errors) > 0 {
		t.Fatalf("login: %s", a.Body)
	}
	return a.Payload(t, "login")
}
