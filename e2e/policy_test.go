package e2e_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"latchkey/internal/testenv"
)

// guarded are requests for every field of the schema that needs somebody who is signed in,
// with some argument for each that has to be there.
func guarded(t *testing.T) map[string]testenv.Request {
	t.Helper()
	source, err := os.ReadFile("../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(source)})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]testenv.Request{}
	for operation, root := range map[string]*ast.Definition{"query": schema.Query, "mutation": schema.Mutation} {
		for _, f := range root.Fields {
			if f.Directives.ForName("isAuthenticated") == nil && f.Directives.ForName("hasRole") == nil && f.Directives.ForName("fresh") == nil {
				continue
			}
			var declared, passed []string
			variables := map[string]any{}
			for _, arg := range f.Arguments {
				if !arg.Type.NonNull {
					continue
				}
				declared = append(declared, "$"+arg.Name+": "+arg.Type.String())
				passed = append(passed, arg.Name+": $"+arg.Name)
				variables[arg.Name] = something(schema, arg.Type)
			}
			names, args := "", ""
			if passed != nil {
				names, args = "("+strings.Join(declared, ", ")+")", "("+strings.Join(passed, ", ")+")"
			}
			all[f.Name] = testenv.Request{Query: fmt.Sprintf("%s %s { %s%s { __typename } }", operation, names, f.Name, args), Variables: variables}
		}
	}
	return all
}

// something is a value of a type.
func something(schema *ast.Schema, of *ast.Type) any {
	d := schema.Types[of.NamedType]
	switch {
	case of.NamedType == "Boolean":
		return false
	case of.NamedType == "Int":
		return 1
	case d.Kind == ast.Enum:
		return d.EnumValues[0].Name
	case d.Kind != ast.InputObject:
		return nobodysID
	}
	fields := map[string]any{}
	for _, f := range d.Fields {
		if f.Type.NonNull && f.DefaultValue == nil {
			fields[f.Name] = something(schema, f.Type)
		}
	}
	if d.Directives.ForName("oneOf") != nil {
		fields[d.Fields[0].Name] = something(schema, d.Fields[0].Type)
	}
	return fields
}

// stepsUp reports whether a request was refused until a second factor is shown.
func stepsUp(a *testenv.Answer) bool {
	return a.Code() == "FORBIDDEN" && a.Errors[0].Extensions.Reason == "STEP_UP" && strings.Contains(string(a.Body), `"level":"aal2"`)
}

// mustBeBound fails the test unless the bearer is signed in and can do nothing but show or add
// a second factor, or leave.
func mustBeBound(t *testing.T, s *testenv.Stack, p *testenv.Person, access string) {
	t.Helper()
	mustBe(t, s.URL(), access, p.ID)
	open := []string{"startStepUp", "stepUp", "startTotp", "confirmTotp", "startPasskey", "addPasskey", "revokeSession"}
	for name, r := range guarded(t) {
		r.Bearer, r.Client = access, p.Client
		a := testenv.Post(t, s.URL(), r)
		role := a.Code() == "FORBIDDEN" && a.Errors[0].Extensions.Reason == "ROLE"
		if bound := stepsUp(a) || role; bound == slices.Contains(open, name) && !(name == "startTotp" || name == "startPasskey") {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
	told := exchange(t, "GET", s.URL()+verifyPath, "", "Authorization", "Bearer "+access)
	if told.status != 401 || !strings.Contains(told.header.Get("WWW-Authenticate"), `error="insufficient_user_authentication"`) || !strings.Contains(told.header.Get("WWW-Authenticate"), `acr_values="aal2"`) {
		t.Errorf("a proxy is told %d %v", told.status, told.header)
	}
}

// mustBeFree fails the test unless the bearer can do what needs a session.
func mustBeFree(t *testing.T, s *testenv.Stack, p *testenv.Person, access string) {
	t.Helper()
	a := testenv.Post(t, s.URL(), testenv.Request{Query: userOp, Variables: map[string]any{"id": p.ID}, Bearer: access, Client: p.Client})
	if len(a.Errors) > 0 {
		t.Errorf("user: %s", a.Body)
	}
	if p := exchange(t, "GET", s.URL()+verifyPath, "", "Authorization", "Bearer "+access); p.status != 200 {
		t.Errorf("a proxy is told %d %v", p.status, p.header)
	}
}

// policy has all replicas begin anew with another REQUIRE_SECOND_FACTOR.
func policy(t *testing.T, s *testenv.Stack, to string) {
	t.Helper()
	s.Env = append(s.Env, "REQUIRE_SECOND_FACTOR="+to)
	for i := range s.Replicas {
		s.Restart(t, i)
	}
}

// enrolBound enrols somebody who is bound in the session that they have: the password, then an app.
func enrolBound(t *testing.T, s *testenv.Stack, p *testenv.Person) *app {
	t.Helper()
	mustSay(t, stepUp(t, s, p.Access, "password", p.Password, p.Client), "stepUp")
	if a := testenv.Post(t, s.URL(), testenv.Request{Query: userOp, Variables: map[string]any{"id": p.ID}, Bearer: p.Access}); !stepsUp(a) {
		t.Errorf("after the password alone: %s", a.Body)
	}
	made := enrol(t, s, p)
	if len(made.recovery) != 8 {
		t.Errorf("an enrolment made %d recovery codes", len(made.recovery))
	}
	mustBeFree(t, s, p, p.Access)
	return made
}

// The policy counts on the next request under sessions that are there, switched by a restart
// or by a promotion. It logs nobody out, and whoever has no factor can add one, and do
// nothing else until then.
func TestPolicy_M4(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		root, ada, bob, eve := s.Join(t), s.Join(t), s.Join(t), s.Join(t)
		userCommand(t, s, "set-role", root.ID, "ADMIN")
		shop := testenv.Request{Query: `{ loginMethods { secondFactor } }`}
		offers := func(want string) {
			t.Helper()
			if a := testenv.Post(t, s.URL(), shop); !strings.Contains(string(a.Body), want) {
				t.Errorf("loginMethods: %s, want %s", a.Body, want)
			}
		}
		offers("OPTIONAL")
		wrong := *bob
		wrong.Password += "!"
		before := speak(t, s, tokenPath, passwordForm(&wrong), bob.Client).body

		policy(t, s, "admins")
		offers("ADMINISTRATORS")
		mustBeBound(t, s, root, root.Access)
		mustBeFree(t, s, ada, ada.Access)
		enrolBound(t, s, root)
		setRole(t, s, root.Access, ada.ID, "ADMIN")
		mustBeBound(t, s, ada, ada.Access)
		enrolBound(t, s, ada)
		pageOfUsers(t, s, ada.Access, map[string]any{"first": 1})
		mustBeFree(t, s, bob, bob.Access)

		policy(t, s, "all")
		offers("EVERYBODY")
		mustBeBound(t, s, bob, bob.Access)
		mustBeFree(t, s, ada, ada.Access)

		// Sessions go on, by each way that there is.
		bob.Access, bob.Refresh = refresh(t, s.URL(), bob.Refresh)
		bob.Access, bob.Refresh = granted(t, speak(t, s, tokenPath, refreshForm(bob.Refresh), bob.Client))
		if stepsUp(testenv.Post(t, s.URL(), testenv.Request{Query: `{ me { id } }`, Bearer: bob.Access})) {
			t.Error("me is refused")
		}
		// The password grant tells nobody before the right password.
		mustDeny(t, "the password grant", speak(t, s, tokenPath, passwordForm(bob), bob.Client), 400, "invalid_grant")
		if after := speak(t, s, tokenPath, passwordForm(&wrong), bob.Client).body; after != before {
			t.Errorf("a wrong password: %s, and without the policy %s", after, before)
		}

		// A login enrols on its way, once: a second one that was begun before is over then, and
		// replaces nothing.
		first := testenv.Post(t, s.URL(), loginRequest(bob.Username, bob.Password, bob.Client)).Payload(t, "login").Step
		second := testenv.Post(t, s.URL(), loginRequest(bob.Username, bob.Password, testenv.ClientAddress())).Payload(t, "login").Step
		if first == nil || second == nil || first.Typename != "EnrolmentStep" || second.Typename != "EnrolmentStep" {
			t.Fatalf("two logins: %+v, %+v", first, second)
		}
		made, thief := &app{secret: first.Totp.Secret}, &app{secret: second.Totp.Secret}
		got := answerStep(t, s, first.Challenge, "totpCode", made.code(t, 0), bob.Client).Payload(t, "continueLogin")
		if got.Tokens == nil || len(got.RecoveryCodes) != 8 {
			t.Fatalf("an enrolment in a login: %+v", got)
		}
		mustBeFree(t, s, bob, got.Tokens.AccessToken)
		mustSay(t, answerStep(t, s, second.Challenge, "totpCode", thief.code(t, 0), bob.Client), "continueLogin", "CHALLENGE_INVALID")
		again(t, s, bob)
		// The session of before is asked for the app, not for the password any more.
		mustBeBound(t, s, bob, bob.Access)
		mustSay(t, stepUp(t, s, bob.Access, "password", bob.Password, bob.Client), "stepUp", "SECOND_FACTOR_NEEDED")
		mustSay(t, stepUp(t, s, bob.Access, "totpCode", made.code(t, 0), bob.Client), "stepUp")
		mustBeFree(t, s, bob, bob.Access)

		// Who registers enrols before there is a session.
		dan := testenv.Newcomer()
		a := testenv.Post(t, s.URL(), confirmRequest(s.Register(t, dan), "", dan.Client))
		step := a.Payload(t, "confirmEmail").Step
		if step == nil || step.Typename != "EnrolmentStep" || count(t, s, `SELECT count(*) FROM sessions WHERE user_id = (SELECT id FROM users WHERE email_key = $1)`, dan.Email) != 0 {
			t.Fatalf("confirmEmail: %s", a.Body)
		}
		app := &app{secret: step.Totp.Secret}
		mustSay(t, answerStep(t, s, step.Challenge, "totpCode", app.wrong(t), dan.Client), "continueLogin", "CODE_INVALID")
		if got := answerStep(t, s, step.Challenge, "totpCode", app.code(t, 0), dan.Client).Payload(t, "continueLogin"); got.Tokens == nil || len(got.RecoveryCodes) != 8 {
			t.Fatalf("an enrolment of a registration: %+v", got)
		}

		policy(t, s, "off")
		mustBeFree(t, s, eve, eve.Access)
		if got := s.Login(t, eve); got.Tokens == nil {
			t.Errorf("a login without a factor once the policy is off: %+v", got)
		}
	})
}

// An app that was offered to a session is confirmed by that session as long as the account has
// no factor which the session did not show: a thief's offer does not replace the owner's app.
func TestOfferReplacesNothing_M4(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		p := s.Join(t)
		stolen := *p
		stolen.Access = s.Login(t, p).Tokens.AccessToken
		a := testenv.Post(t, s.URL(), testenv.Request{Query: startTotpOp, Bearer: stolen.Access, Client: p.Client})
		var offer struct {
			Challenge string
			Totp      struct{ Secret string }
		}
		a.Into(t, "startTotp", &offer)
		thief, own := &app{secret: offer.Totp.Secret}, enrol(t, s, p)
		mustSay(t, testenv.Post(t, s.URL(), testenv.Request{
			Query: confirmTotpOp, Bearer: stolen.Access, Client: p.Client,
			Variables: testenv.Input("challenge", offer.Challenge, "totpCode", thief.code(t, 30*time.Second)),
		}), "confirmTotp", "CHALLENGE_INVALID")
		loginByCode(t, s, p, own)
	})
}
