package graph_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/link"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
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
		"TOKEN_INVALID":  {"token": "lko_x"},
		"WRONG_PASSWORD": {"token": "$one of two registrations", "password": "wrong"},
	},
	"login": {
		"INVALID_CREDENTIALS": {"login": "ada", "password": "wrong"},
		"ACCOUNT_DISABLED":    {"login": "disabled", "password": right},
		"EMAIL_NOT_CONFIRMED": {"login": "bob", "password": right},
	},
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
	"sendPasswordReset": {"NOT_FOUND": {"userId": "x"}, "ACCOUNT_DISABLED": {"userId": "$disabled"}},
	"retryMail":         {"NOT_FOUND": {"mailId": "x"}},
	"cancelMail":        {"NOT_FOUND": {"mailId": "x"}},
	"retryAllMails":     {},
}

// Each code that the description of a mutation names can be had, and only these
// are in the table above. That no answer has another is held by testenv, for
// every answer of every outside test.
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
	w := newWorld(t, f)
	for mutation, cases := range codes {
		if _, known := documented[mutation]; !known {
			t.Errorf("%s is no mutation", mutation)
		}
		for code, input := range cases {
			in := map[string]any{}
			for name, v := range input {
				if text, ok := v.(string); ok {
					v = w.value(text)
				}
				in[name] = v
			}
			query := fmt.Sprintf(`mutation ($i: %s!) { %s(input: $i) { errors { code } } }`, strings.ToUpper(mutation[:1])+mutation[1:]+"Input", mutation)
			answer := f.post(t, query, map[string]any{"i": in}, "Authorization", "Bearer "+w.access)
			var got struct {
				Data map[string]struct{ Errors []struct{ Code string } }
			}
			if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if errs := got.Data[mutation].Errors; len(errs) != 1 || errs[0].Code != code {
				t.Errorf("%s: %s, want %s", mutation, answer.Body, code)
			}
		}
	}
}

// world is what the table's cases are about: ada, who asks and is the only
// administrator, a disabled user, and two registrations of one address.
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
	w := &world{access: l.Tokens.AccessToken, made: map[string]string{"$disabled": disabled.ID, "$ada": ids[0]}}
	for name, to := range map[string]link.Target{
		"$reset":                    {Purpose: link.ResetPassword, User: l.User},
		"$one of two registrations": {Purpose: link.ConfirmRegistration, Registration: &waiting[0]},
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
	return w
}

func (w *world) value(text string) string {
	if made, ok := w.made[text]; ok {
		return made
	}
	return text
}
