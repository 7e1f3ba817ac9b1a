package jwt_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/jwt"
)

// template reads one, and fails the test if it is none.
func template(t *testing.T, text string) *jwt.Template {
	t.Helper()
	read, problems := jwt.ParseTemplate([]byte(text))
	if len(problems) > 0 {
		t.Fatalf("%s: %q", text, problems)
	}
	return read
}

// saying returns what a token says beside our own claims, as it is written.
func saying(t *testing.T, i *jwt.Issuer, c jwt.Claims) string {
	t.Helper()
	token, err := i.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := i.Verify(token, t0); err != nil || got.Subject != c.Subject || got.Username != "" {
		t.Errorf("the token comes back as %+v, %v", got, err)
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil || !json.Valid(text) {
		t.Fatalf("%v in %s", err, text)
	}
	_, behind, _ := strings.Cut(string(text), `"amr":["mfa","otp","pwd"]`)
	return behind
}

// What the operator wrote stands behind our own claims: fixed, of the user, or by role.
func TestTemplate_F6(t *testing.T) {
	for _, c := range []struct{ template, user, admin string }{
		{`{"x": "y"}`, `,"x":"y"}`, `,"x":"y"}`},
		{`{"b": true, "a": null, "n": 1.50, "l": [], "o": {}}`, `,"b":true,"a":null,"n":1.50,"l":[],"o":{}}`, `,"b":true,"a":null,"n":1.50,"l":[],"o":{}}`},
		{`{"i": "$id", "u": "$username", "e": "$email", "r": "$role", "s": "$session", "a": "$acr"}`,
			`,"i":"` + u1 + `","u":"ada","e":"ada@example.org","r":"USER","s":"` + s1 + `","a":"aal2"}`,
			`,"i":"` + u1 + `","u":"ada","e":"ada@example.org","r":"ADMIN","s":"` + s1 + `","a":"aal2"}`},
		{`{"x": "$$id", "y": "a $id", "z": "$$$id", "w": "$$"}`, `,"x":"$id","y":"a $id","z":"$$id","w":"$"}`, `,"x":"$id","y":"a $id","z":"$$id","w":"$"}`},
		{`{"x": {"$role": {"USER": "web_user", "ADMIN": ["a", "$id", {"y": "$role"}]}}}`, `,"x":"web_user"}`, `,"x":["a","` + u1 + `",{"y":"ADMIN"}]}`},
		{`{"x": {"$role": {"ADMIN": {"$role": {"USER": 1, "ADMIN": 2}}, "USER": 3}}}`, `,"x":3}`, `,"x":2}`},
		{`{"quote\"": "\u00e9\n\"\\"}`, `,"quote\"":"é\n\"\\"}`, `,"quote\"":"é\n\"\\"}`},
	} {
		i := issuer(t, secret)
		i.UseTemplate(template(t, c.template))
		ada := claims()
		ada.Username = "ada"
		if got := saying(t, i, ada); got != c.user {
			t.Errorf("%s: a user's token has\n%s, want\n%s", c.template, got, c.user)
		}
		ada.Role = "ADMIN"
		if got := saying(t, i, ada); got != c.admin {
			t.Errorf("%s: an administrator's token has\n%s, want\n%s", c.template, got, c.admin)
		}
	}
	if got := template(t, `{"b": 1, "a": 2}`).Names(); !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("the names are %q", got)
	}
}

// What is not right by the letter is refused, all of it at once, and no value is repeated.
func TestTemplateRefuses_F6(t *testing.T) {
	for text, says := range map[string][]string{
		``:                              {"holds no JSON: look at line 1"},
		`[]`:                            {"with one claim or more"},
		`"hunter2"`:                     {"with one claim or more"},
		`{}`:                            {"with one claim or more"},
		"{\n\"a\": hunter2}":            {"holds no JSON: look at line 2"},
		`{"a": 1} {"b": 2}`:             {"nothing behind it"},
		`{"a": 1, "a": 2}`:              {`the name "a" twice`},
		`{"a": {"b": 1, "\u0062": 2}}`:  {`the name "b" twice`},
		"{\"a\": \"\xff\"}":             {"holds no JSON"},
		`{"a": "\ud800"}`:               {"holds no JSON"},
		`{"a": "$hunter2"}`:             {`at "a": a text that begins with $ must be one of $id, $username, $email, $role, $session, $acr; for a $ itself write $$`},
		`{"a": "$"}`:                    {"begins with $"},
		`{"a": "$id "}`:                 {"begins with $"},
		`{"a": ["x", {"b": "$ID"}]}`:    {`at "a" > 1 > "b"`},
		`{"$id": 1}`:                    {`the name "$id"`},
		`{"$role": {"USER": 1}}`:        {`the name "$role"`},
		`{"a": {"$role": 1, "b": 2}}`:   {`the name "$role"`},
		`{"a": {"$role": "hunter2"}}`:   {`at "a": "$role" must have a value for USER and for ADMIN, and nothing else`},
		`{"a": {"$role": {"USER": 1}}}`: {"a value for USER and for ADMIN"},
		`{"a": {"$role": {"USER": 1, "ADMIN": 2, "ROOT": 3}}}`:        {"and nothing else"},
		`{"a": {"$role": {"USER": "$hunter2", "ADMIN": "$hunter2"}}}`: {`at "a" > USER: `, `at "a" > ADMIN: `},
		`{"a": [[[[[[[[1]]]]]]]]}`:                                    {"more than 8 deep"},
		`{"a": "` + strings.Repeat("x", jwt.MaxTemplate) + `"}`:       {"more than 1024 bytes"},
		`{"a": ["$email", "$email", "$email", "$email"]}`:             {"of role USER", "of role ADMIN"},
		`{"sub": "hunter2", "role": {"$x": 1}, "c": "$x"}`:            {`must not set "sub"`, `must not set "role"`, `the name "$x"`, `at "c"`},
	} {
		read, problems := jwt.ParseTemplate([]byte(text))
		if read != nil || len(problems) != len(says) {
			t.Errorf("%s: %q", text, problems)
			continue
		}
		for i, says := range says {
			if !strings.Contains(problems[i], says) || strings.Contains(problems[i], "hunter2") {
				t.Errorf("%s: %q does not say %q", text, problems[i], says)
			}
		}
	}
	// Neither a registered name nor one that a token has anyway, however it is written.
	for _, name := range []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "client_id", "role", "email", "email_verified", "auth_time", "acr", "amr"} {
		for _, spelling := range []string{name, fmt.Sprintf(`\u%04x%s`, name[0], name[1:])} {
			if read, problems := jwt.ParseTemplate([]byte(`{"` + spelling + `": "x"}`)); read != nil || len(problems) != 1 {
				t.Errorf("%s: %q", spelling, problems)
			}
		}
	}
	template(t, `{"Role": "$role", "EXP": 1, "x": {"exp": 1}}`) // names of their own
}

// The longest token by the largest key is one that Verify looks at: that of RSA 8192 has as
// much more as its signature is longer.
func TestLongestToken_F6(t *testing.T) {
	site := "." + strings.Repeat("s", 63) + ".example.org"
	i, err := jwt.New("https://auth"+site, "https://api"+site, [][]byte{secret}, keys()[jwt.RS256])
	if err != nil {
		t.Fatal(err)
	}
	const emails, names = 3 * 256, `,"a":[,,],"b":""`
	i.UseTemplate(template(t, `{"a": ["$email", "$email", "$email"], "b": "`+strings.Repeat("x", jwt.MaxTemplate-emails-len(names))+`"}`))
	c := claims()
	c.Email, c.ClientID, c.Role, c.Methods = strings.Repeat("e", 254), strings.Repeat("c", 64), "ADMIN", "email mfa otp pop pwd user"
	token, err := i.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodedLen
	if n := len(token) - b64(3072/8) + b64(8192/8); n > 4096 {
		t.Errorf("a token may have %d bytes", n)
	}
	far, err := jwt.New("https://"+strings.Repeat("a", 4096), "x", [][]byte{secret})
	if err != nil {
		t.Fatal(err)
	}
	if token, err := far.Sign(claims()); err == nil {
		t.Errorf("a token of %d bytes was signed, which none would take", len(token))
	}
}

// What a token writes longer than the file does counts as it is written there: what passes
// at the start never makes a token too long.
func TestEscapedInTokens_F6(t *testing.T) {
	for _, letter := range []string{"<", ">", "&", "\u2028", "\u2029"} {
		text := func(n int) string { return `{"a": "` + strings.Repeat(letter, n) + `"}` }
		const most = (jwt.MaxTemplate - len(`,"a":""`)) / len(`\u0000`)
		i := issuer(t, secret)
		i.UseTemplate(template(t, text(most)))
		if token, err := i.Sign(claims()); err != nil || len(token) > 2048 {
			t.Errorf("%q: a token has %d bytes, %v", letter, len(token), err)
		}
		if read, problems := jwt.ParseTemplate([]byte(text(most + 1))); read != nil || len(problems) == 0 || !strings.Contains(problems[0], "comes to") {
			t.Errorf("%q: %q", letter, problems)
		}
	}
}

// Tokens of before, and of a replica with another template, are as good as any; and what
// they say can be read.
func TestOtherTemplates_F6(t *testing.T) {
	plain, one, two := issuer(t, secret), issuer(t, secret), issuer(t, secret)
	one.UseTemplate(template(t, `{"x": 1, "who": "$username"}`))
	two.UseTemplate(template(t, `{"y": {"role": "$role"}}`))
	c := claims()
	c.Username = "ada"
	for _, signs := range []struct {
		by   *jwt.Issuer
		says string
	}{{plain, `{}`}, {one, `{"who":"ada","x":1}`}, {two, `{"y":{"role":"USER"}}`}} {
		token, err := signs.by.Sign(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, verifies := range []*jwt.Issuer{plain, one, two} {
			if got, err := verifies.Verify(token, t0); err != nil || got != claims() {
				t.Errorf("got %+v, %v", got, err)
			}
		}
		if others, err := json.Marshal(jwt.Others(token)); err != nil || string(others) != signs.says {
			t.Errorf("others: %s, %v; want %s", others, err, signs.says)
		}
	}
	for _, strange := range []string{"", "a.b", "a.!.c", "a.e30.c", "a.W10.c"} {
		if others := jwt.Others(strange); len(others) > 0 {
			t.Errorf("%q says %v", strange, others)
		}
	}
}
