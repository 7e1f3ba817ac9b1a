package e2e_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// A token with the right signature whose claims are not what RFC 7519 says, or no text
// of ours, is nobody's, wherever it is sent: it shows nobody, ends no session, and asks
// the database nothing.
func TestStrangeClaims_B5_F2(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		header, claims := parts(t, ada.Access)
		later := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
		strange := map[string][]any{
			"exp in a string": {"exp", later}, "iat in a string": {"iat", "1764324000"}, "nbf in a string": {"nbf", "1764324000"},
			"exp null": {"exp", nil}, "nbf null": {"nbf", nil}, "nbf true": {"nbf", true}, "iat a list": {"iat", []int{1764324000}},
			"email_verified in a string": {"email_verified", "true"}, "role a number": {"role", 1},
		}
		for _, name := range []string{"sub", "sid", "jti"} {
			for _, text := range []string{"\x00", fmt.Sprint(claims[name], "\x00"), "' OR 1=1 --", strings.ToUpper(fmt.Sprint(claims[name])), fmt.Sprint(" ", claims[name])} {
				strange[fmt.Sprintf("%s %q", name, text)] = []any{name, text}
			}
		}
		for _, name := range []string{"exp", "nbf", "iat"} {
			for _, number := range []string{"1e400", "1e99", "-1", "9223372036854775808", "[]", "{}", "false"} {
				strange[name+" "+number] = []any{name, json.RawMessage(number)}
			}
		}
		for _, name := range []string{"iss", "aud", "sub", "sid", "jti", "client_id", "role", "email", "email_verified"} {
			for _, value := range []string{"null", "1764324000", "1.5", "1e400", "{}", "[]", "[null]", "[[\"USER\"]]"} {
				strange[name+" "+value] = []any{name, json.RawMessage(value)}
			}
		}
		tokens := map[string]string{}
		for name, change := range strange {
			tokens[name] = signed(header, with(claims, change...), knownSecret, sha256.New)
		}
		text, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		for name := range claims {
			value, _ := json.Marshal(claims[name]) // which was read from JSON
			for _, spelling := range []string{name, fmt.Sprintf(`\u%04x%s`, name[0], name[1:])} {
				twice := fmt.Sprintf(`%s,"%s":%s}`, text[:len(text)-1], spelling, value)
				tokens[name+" twice, as "+spelling] = signed(header, json.RawMessage(twice), knownSecret, sha256.New)
			}
		}
		mustBe(t, s.URL(), signed(header, json.RawMessage(text), knownSecret, sha256.New), ada.ID)
		for name, token := range tokens {
			mustFail(t, name, me(t, s.URL(), token), "UNAUTHENTICATED", "INVALID")
			mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input(), Bearer: token}), "logout")
			if a := speak(t, s, revokePath, formOf("token", token), ada.Client); a.status != 200 || a.body != "" {
				t.Errorf("%s: revoke: %d %s", name, a.status, a.body)
			}
			if a := speak(t, s, introspectPath, formOf(append(asBilling, "token", token)...), ada.Client); a.status != 200 || a.body != `{"active":false}` {
				t.Errorf("%s: introspect: %d %s", name, a.status, a.body)
			}
			mustBe(t, s.URL(), ada.Access, ada.ID)
		}
	})
}
