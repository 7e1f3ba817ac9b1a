package graph_test

import (
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/link"
	"latchkey/internal/request"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
	"latchkey/internal/totp"
)

// What the cases below type.
const (
	right    = "correct horse battery"
	another  = "another horse battery"
	weak     = "password1"
	breached = "a stolen horse battery"
	short    = "short"
	control  = "with a\ttab in it"
)

var long = strings.Repeat("x", 129)

// codes says, for each mutation and each of its user errors, what is asked to
// get it. Values that begin with $ are made by world.value.
var codes = map[string]map[string]map[string]any{
	"register": {
		"EMAIL_INVALID":       {"email": "ada", "username": "new", "password": right},
		"USERNAME_INVALID":    {"email": "new@example.org", "username": "a", "password": right},
		"USERNAME_TAKEN":      {"email": "new@example.org", "username": "ADA", "password": right},
		"PASSWORD_TOO_SHORT":  {"email": "new@example.org", "username": "new", "password": short},
		"PASSWORD_TOO_LONG":   {"email": "new@example.org", "username": "new", "password": long},
		"PASSWORD_INVALID":    {"email": "new@example.org", "username": "new", "password": control},
		"PASSWORD_TOO_COMMON": {"email": "new@example.org", "username": "new", "password": weak},
		"PASSWORD_BREACHED":   {"email": "new@example.org", "username": "new", "password": breached},
	},
	"resendConfirmation": {"EMAIL_INVALID": {"email": "ada"}},
	"confirmEmail": {
		"TOKEN_INVALID":    {"token": "lko_x"},
		"WRONG_PASSWORD":   {"token": "$one of two registrations", "password": "wrong"},
		"ENROLMENT_NEEDED": {"as": "everybody", "token": "$registration"},
	},
	"login": {
		"INVALID_CREDENTIALS": {"login": "ada", "password": "wrong"},
		"ACCOUNT_DISABLED":    {"login": "disabled", "password": right},
		"EMAIL_NOT_CONFIRMED": {"login": "bob", "password": right},

		"SECOND_FACTOR_NEEDED": {"login": "app", "password": right},
		"ENROLMENT_NEEDED":     {"login": "enrol", "password": right},
		"NEW_PASSWORD_NEEDED":  {"login": "change", "password": right},
	},
	"continueLogin": {
		"CHALLENGE_INVALID":    {"challenge": "lkc_x", "answer": map[string]any{"totpCode": "123456"}},
		"CODE_INVALID":         {"challenge": "$step of app", "answer": map[string]any{"totpCode": "12345"}},
		"PASSKEY_INVALID":      {"challenge": "$passkey login", "answer": map[string]any{"passkey": "{}"}},
		"PASSKEY_UNKNOWN":      {"challenge": "$passkey login", "answer": map[string]any{"passkey": "$unknown passkey"}},
		"PASSKEY_TAKEN":        {"challenge": "$step of enrol", "answer": map[string]any{"passkey": "$taken passkey of enrol"}},
		"ACCOUNT_DISABLED":     {"challenge": "$passkey login", "answer": map[string]any{"passkey": "$disabled passkey"}},
		"PASSWORD_TOO_SHORT":   {"challenge": "$step of change", "answer": map[string]any{"newPassword": short}},
		"PASSWORD_TOO_LONG":    {"challenge": "$step of change", "answer": map[string]any{"newPassword": long}},
		"PASSWORD_INVALID":     {"challenge": "$step of change", "answer": map[string]any{"newPassword": control}},
		"PASSWORD_TOO_COMMON":  {"challenge": "$step of change", "answer": map[string]any{"newPassword": weak}},
		"PASSWORD_BREACHED":    {"challenge": "$step of change", "answer": map[string]any{"newPassword": breached}},
		"NEW_PASSWORD_NEEDED":  {"challenge": "$step of both", "answer": map[string]any{"totpCode": "$code of both"}},
		"SECOND_FACTOR_NEEDED": {"challenge": "$mailed", "answer": map[string]any{"emailCode": "$code mailed"}},
		"ENROLMENT_NEEDED":     {"challenge": "$step of changeandenrol", "answer": map[string]any{"newPassword": another}},
	},
	"requestLoginCode": {"EMAIL_INVALID": {"email": "ada"}},
	"startStepUp":      {},
	"stepUp": {
		"WRONG_PASSWORD":       {"answer": map[string]any{"password": "wrong"}},
		"CODE_INVALID":         {"answer": map[string]any{"recoveryCode": "x"}},
		"SECOND_FACTOR_NEEDED": {"as": "app", "answer": map[string]any{"password": right}},
		"CHALLENGE_INVALID":    {"challenge": "lkc_x", "answer": map[string]any{"passkey": "{}"}},
		"PASSKEY_INVALID":      {"as": "keeper", "challenge": "$step-up", "answer": map[string]any{"passkey": "{}"}},
	},
	"startPasskeyLogin": {},
	"startPasskey":      {"TOO_MANY": {"as": "twenty"}},
	"addPasskey": {
		"CHALLENGE_INVALID": {"challenge": "lkc_x", "passkey": "{}"},
		"PASSKEY_INVALID":   {"challenge": "$passkey offer", "passkey": "{}"},
		"PASSKEY_TAKEN":     {"challenge": "$passkey offer", "passkey": "$taken passkey"},
		"TOO_MANY":          {"as": "twenty", "challenge": "$passkey offer of twenty", "passkey": "$passkey of twenty"},
	},
	"renamePasskey":  {"NOT_FOUND": {"passkeyId": "x", "name": "x"}},
	"removePassword": {"LAST_WAY_IN": {}},
	"startTotp":      {},
	"confirmTotp": {
		"CHALLENGE_INVALID": {"challenge": "lkc_x", "totpCode": "123456"},
		"CODE_INVALID":      {"challenge": "$offer", "totpCode": "12345"},
	},
	"removeFactor": {
		"NOT_FOUND":   {"factorId": "x"},
		"LAST_FACTOR": {"as": "duty", "factorId": "$app of duty"},
		"LAST_WAY_IN": {"as": "nopassword", "factorId": "$app of nopassword"},
	},
	"requireSecondFactor": {
		"FACTOR_MISSING": {"required": true},
		"LAST_FACTOR":    {"as": "passkey", "required": false},
	},
	"makeRecoveryCodes":   {"FACTOR_MISSING": {}},
	"forgetDevice":        {"NOT_FOUND": {"deviceId": "x"}},
	"refresh":             {"TOKEN_INVALID": {"refreshToken": "lkr_x"}},
	"logout":              {},
	"revokeSession":       {"NOT_FOUND": {"sessionId": "x"}},
	"revokeOtherSessions": {},
	"changeUsername": {
		"USERNAME_INVALID": {"username": "admin"},
		"USERNAME_TAKEN":   {"username": "disabled"},
	},
	"changeEmail": {
		"EMAIL_INVALID":  {"email": "ada", "password": right},
		"WRONG_PASSWORD": {"email": "new@example.org", "password": "wrong"},
	},
	"changePassword": {
		"WRONG_PASSWORD":      {"currentPassword": "wrong", "newPassword": another},
		"PASSWORD_TOO_SHORT":  {"currentPassword": right, "newPassword": short},
		"PASSWORD_TOO_LONG":   {"currentPassword": right, "newPassword": long},
		"PASSWORD_INVALID":    {"currentPassword": right, "newPassword": control},
		"PASSWORD_TOO_COMMON": {"currentPassword": right, "newPassword": weak},
		"PASSWORD_BREACHED":   {"currentPassword": right, "newPassword": breached},
	},
	"deleteAccount": {
		"WRONG_PASSWORD": {"password": "wrong"},
		"LAST_ADMIN":     {"password": right},
	},
	"requestPasswordReset": {"EMAIL_INVALID": {"email": "ada"}},
	"resetPassword": {
		"TOKEN_INVALID":       {"token": "lko_x", "newPassword": another},
		"PASSWORD_TOO_SHORT":  {"token": "$reset", "newPassword": short},
		"PASSWORD_TOO_LONG":   {"token": "$reset", "newPassword": long},
		"PASSWORD_INVALID":    {"token": "$reset", "newPassword": control},
		"PASSWORD_TOO_COMMON": {"token": "$reset", "newPassword": weak},
		"PASSWORD_BREACHED":   {"token": "$reset", "newPassword": breached},
	},
	"setUserRole": {
		"NOT_FOUND":  {"userId": "x", "role": "ADMIN"},
		"LAST_ADMIN": {"userId": "$ada", "role": "USER"},
	},
	"disableUser":        {"NOT_FOUND": {"userId": "x"}, "LAST_ADMIN": {"userId": "$ada"}},
	"enableUser":         {"NOT_FOUND": {"userId": "x"}},
	"revokeUserSessions": {"NOT_FOUND": {"userId": "x"}},
	"deleteUser":         {"NOT_FOUND": {"userId": "x"}, "LAST_ADMIN": {"userId": "$ada"}},
	"createUser": {
		"EMAIL_INVALID":    {"email": "ada", "username": "new"},
		"EMAIL_TAKEN":      {"email": "ADA@example.org", "username": "new"},
		"USERNAME_INVALID": {"email": "new@example.org", "username": "a"},
		"USERNAME_TAKEN":   {"email": "new@example.org", "username": "ADA"},
	},
	"inviteUser": {
		"EMAIL_INVALID":    {"email": "ada", "username": "new"},
		"EMAIL_TAKEN":      {"email": "ADA@example.org", "username": "new"},
		"USERNAME_INVALID": {"email": "new@example.org", "username": "a"},
		"USERNAME_TAKEN":   {"email": "new@example.org", "username": "ADA"},
	},
	"revokeUserSession": {"NOT_FOUND": {"userId": "$ada", "sessionId": "x"}},
	"cancelAllMails":    {},
	"importUsers":       {},
	"sendTestMail":      {"MAIL_NOT_SENT": {}},
	"sendPasswordReset": {"NOT_FOUND": {"userId": "x"}, "ACCOUNT_DISABLED": {"userId": "$disabled"}},
	"retryMail":         {"NOT_FOUND": {"mailId": "x"}},
	"cancelMail":        {"NOT_FOUND": {"mailId": "x"}},
	"retryAllMails":     {},

	"requireAtNextLogin": {"NOT_FOUND": {"userId": "x"}},
	"resetUserFactors":   {"NOT_FOUND": {"userId": "x"}},
}

// Each code that the description of a mutation names can be had, and only these
// are in the table above; its way leads to a field of the input, so that forms find
// theirs. That no answer has another code is held by testenv, for every answer of
// every outside test.
func TestUserErrorCodes(t *testing.T) {
	documented := testenv.Documented()
	for mutation, want := range documented {
		got := []string{}
		for code := range codes[mutation] {
			got = append(got, code)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: its description names %v, tested are %v", mutation, want, got)
		}
	}
	f := setup(t, testenv.SQLite(t))
	w, schema := newWorld(t, f), gen.NewExecutableSchema(gen.Config{}).Schema()
	for mutation, cases := range codes {
		if _, known := documented[mutation]; !known {
			t.Errorf("%s is no mutation", mutation)
		}
		for code, input := range cases {
			f.policy(auth.SecondFactorOptional)
			access := w.access
			switch as := input["as"]; as {
			case nil:
			case "everybody":
				f.policy(auth.SecondFactorEverybody)
			default:
				access = w.made["$token of "+as.(string)]
			}
			in := w.input(input)
			delete(in, "as")
			query, variables := fmt.Sprintf(`mutation { %s { errors { code field } } }`, mutation), map[string]any(nil)
			if len(in) > 0 {
				query = fmt.Sprintf(`mutation ($i: %s!) { %s(input: $i) { errors { code field } } }`, strings.ToUpper(mutation[:1])+mutation[1:]+"Input", mutation)
				variables = map[string]any{"i": in}
			}
			f.handler = f.watched
			answer := f.post(t, query, variables, "Authorization", "Bearer "+access)
			came := request.UserError
			if slices.Contains(steps, code) && mutation != "stepUp" {
				came = request.OK
			}
			if want := fmt.Sprint(mutation, " ", came, " ", code); f.seen != want {
				t.Errorf("observed is %q, want %q", f.seen, want)
			}
			var got struct {
				Data map[string]struct {
					Errors []struct {
						Code  string
						Field []string
					}
				}
			}
			if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if errs := got.Data[mutation].Errors; len(errs) != 1 || errs[0].Code != code {
				t.Errorf("%s: %s, want %s", mutation, answer.Body, code)
			} else if !leads(schema, mutation, errs[0].Field) {
				t.Errorf("%s: the way of %s leads nowhere: %q", mutation, code, errs[0].Field)
			}
		}
	}
}

// steps are the codes by which a login asks for one more step, which is how it should be.
var steps = []string{"SECOND_FACTOR_NEEDED", "ENROLMENT_NEEDED", "NEW_PASSWORD_NEEDED"}

// leads reports whether a way goes from the arguments of a mutation to one of their fields. None
// is as good: the mistake is of no one field then.
func leads(schema *ast.Schema, mutation string, way []string) bool {
	if len(way) == 0 {
		return true
	}
	argument := schema.Mutation.Fields.ForName(mutation).Arguments.ForName(way[0])
	if argument == nil {
		return false
	}
	in := argument.Type
	for _, name := range way[1:] {
		field := schema.Types[in.Name()].Fields.ForName(name)
		if field == nil {
			return false
		}
		in = field.Type
	}
	return true
}

// world is what the table's cases are about: ada, who asks unless "as" names another and is
// the only administrator, a disabled user, two registrations of one address, and users with
// an authenticator app, with duties, and with both.
type world struct {
	access string
	made   map[string]string
}

func newWorld(t *testing.T, f *fixture) *world {
	t.Helper()
	ctx := t.Context()
	var ids []string
	for _, u := range []struct {
		name string
		role store.Role
	}{{"ada", store.RoleAdmin}, {"disabled", store.RoleUser}} {
		user, err := f.CreateUser(ctx, auth.Shell("test"), auth.CreateUserInput{Email: u.name + "@example.org", Username: u.name, Password: new(right), Role: u.role})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, user.ID)
	}
	disabled, err := f.User(ctx, ids[1])
	if err != nil {
		t.Fatal(err)
	}
	err = f.store.InTx(ctx, func(tx *store.Store) error {
		return tx.Disable(ctx, disabled, f.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bob", "eve"} {
		if _, err := f.Register(ctx, auth.Actor{}, auth.RegisterInput{Email: "bob@example.org", Username: new(name), Password: right}); err != nil {
			t.Fatal(err)
		}
	}
	l, err := f.Login(ctx, auth.Actor{}, auth.LoginInput{Login: "ada", Password: right})
	if err != nil {
		t.Fatal(err)
	}
	waiting, err := f.store.RegistrationsByEmail(ctx, "bob@example.org", "", f.Now(), 1)
	if err != nil || len(waiting) != 1 {
		t.Fatal(waiting, err)
	}
	if _, err := f.Register(ctx, auth.Actor{}, auth.RegisterInput{Email: "single@example.org", Username: new("single"), Password: right}); err != nil {
		t.Fatal(err)
	}
	single, err := f.store.RegistrationsByEmail(ctx, "single@example.org", "", f.Now(), 1)
	if err != nil || len(single) != 1 {
		t.Fatal(single, err)
	}
	w := &world{access: l.Tokens.AccessToken, made: map[string]string{"$disabled": disabled.ID, "$ada": ids[0]}}
	for name, to := range map[string]link.Target{
		"$reset":                    {Purpose: link.ResetPassword, User: l.User},
		"$one of two registrations": {Purpose: link.ConfirmRegistration, Registration: &waiting[0]},
		"$registration":             {Purpose: link.ConfirmRegistration, Registration: &single[0]},
	} {
		link, err := f.links.Make(ctx, to)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(link.URL)
		if err != nil {
			t.Fatal(err)
		}
		w.made[name] = u.Query().Get("token")
	}
	w.enrolled(t, f)
	return w
}

// enrolled makes users for what a second factor is about.
func (w *world) enrolled(t *testing.T, f *fixture) {
	t.Helper()
	ctx := t.Context()
	var enrol *auth.EnrolmentStep // of the last who has to add a factor
	for _, u := range []struct{ name, has, then string }{
		{"app", "app", ``},
		{"duty", "app", `must_enrol = TRUE`},
		{"both", "app", `must_change_password = TRUE`},
		{"nopassword", "app", `password_hash = ''`},
		{"change", "", `must_change_password = TRUE`},
		{"enrol", "", `must_enrol = TRUE`},
		{"changeandenrol", "", `must_enrol = TRUE, must_change_password = TRUE`},
		{"passkey", "", `must_enrol = TRUE, wants_second_factor = TRUE`},
	} {
		l := f.join(t, u.name+"@example.org", u.name, store.RoleUser)
		w.made["$token of "+u.name] = l.Tokens.AccessToken
		a := here
		a.Viewer = &auth.Viewer{User: l.User, Session: l.Session}
		var secret []byte
		if u.has == "app" {
			offer, err := f.StartTotp(ctx, a)
			must(t, err)
			secret, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(offer.Totp.Secret)
			must(t, err)
			code := totp.Code(secret, totp.Step(t0)-1) // the next one is for a login
			done, err := f.ConfirmTotp(ctx, a, auth.ConfirmTotpInput{Challenge: offer.Challenge, TotpCode: code})
			must(t, err)
			all, err := f.FactorsOf(ctx, []store.User{*done.User})
			must(t, err)
			w.made["$app of "+u.name] = all[done.User.ID].List[0].(*store.TOTP).ID
			w.made["$code of "+u.name] = totp.Code(secret, totp.Step(t0))
		}
		if u.then != "" {
			_, err := f.db.Exec(ctx, `UPDATE users SET `+u.then+` WHERE id = $1`, l.User.ID)
			must(t, err)
		}
		_, err := f.Login(ctx, here, auth.LoginInput{Login: u.name, Password: right})
		if step, ok := errors.AsType[*auth.StepNeeded](err); ok {
			switch s := step.Step.(type) {
			case *auth.SecondFactorStep:
				w.made["$step of "+u.name] = s.Challenge
			case *auth.EnrolmentStep:
				enrol = s
			case *auth.NewPasswordStep:
				w.made["$step of "+u.name] = s.Challenge
			}
		}
	}
	l, err := f.Login(ctx, here, auth.LoginInput{Login: "ada", Password: right})
	must(t, err)
	a := here
	a.Viewer = &auth.Viewer{User: l.User, Session: l.Session}
	offer, err := f.StartTotp(ctx, a)
	must(t, err)
	w.access, w.made["$offer"] = l.Tokens.AccessToken, offer.Challenge
	w.passkeys(t, f, l, enrol)

	code, err := f.RequestLoginCode(ctx, here, auth.RequestLoginCodeInput{Email: "app@example.org"})
	must(t, err)
	var details string
	must(t, f.db.QueryRow(ctx, `SELECT details FROM outbox WHERE kind = 'login_code'`).Scan(&details))
	var asked store.MailDetails
	must(t, json.Unmarshal([]byte(details), &asked))
	w.made["$mailed"] = code.Challenge
	w.made["$code mailed"], _ = f.links.LoginCode(asked.Nonce, "app@example.org")
}

// input is an input of the table with what was made for it.
func (w *world) input(given map[string]any) map[string]any {
	in := map[string]any{}
	for name, v := range given {
		switch one := v.(type) {
		case string:
			v = w.value(one)
		case map[string]any:
			v = w.input(one)
		}
		in[name] = v
	}
	return in
}

func (w *world) value(text string) string {
	if made, ok := w.made[text]; ok {
		return made
	}
	return text
}
