package gql

import (
	"strings"
	"testing"
)

func TestParseErrors(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	for _, query := range []string{
		"", " ", "{", "{ me { id }", "hunter", "{ me { id } } }", "fragment f on User { id }", "{ me(a: 'b') { id } }",
		`{ me(a: "hunter2) { id } }`, `mutation { login(input: {login: "a" "hunter2"}) { errors { code } } }`,
		`{ me "hunter2" }`, `"hunter2"`, `{ me """hunter2""" }`, `"hunter2" "x" { me { id } }`,
	} {
		w := sendQuery(s, query)
		wantOneError(t, w, "GRAPHQL_PARSE_FAILED", "")
		if strings.Contains(w.Body.String(), `\"hunter2`) {
			t.Errorf("the answer repeats a string: %s", w.Body)
		}
	}
}

func TestValidationErrors(t *testing.T) {
	s := fixedServer(t, Options{Introspection: true}, nil)
	for _, query := range []string{
		`{ nothing }`,
		`subscription { me { id } }`,
		`{ me { id ... @defer { username } } }`,
		`{ me { id @isAuthenticated } }`,
		`{ probe(int: 99999999999) }`,
		`{ probe(int: 99999999999999999999) }`,
		`{ probe(int: "5") }`,
		`{ probe(text: 5) }`,
		`{ probe(role: "hunter2") }`,
		`mutation { login(input: "hunter2") { errors { code } } }`,
		`mutation { login(input: {login: ["hunter2"], password: {a: "hunter2"}}) { errors { code } } }`,
		`mutation { login(input: [{login: "a", password: "hunter2"}]) { errors { code } } }`,
		`mutation { login(input: {login: "a", password: "hunter2", transport: "hunter2"}) { errors { code } } }`,
		`query($in: LoginInput = {login: "hunter2", password: 5}) { me { id } }`,
		`{ node(id: "hunter2") { id } node(id: "hunter3") { id } }`,
		`{ me { id @skip(if: "hunter2") } }`,
		`query($b: String = "x") { me { id @skip(if: $b) } }`,
	} {
		w := sendQuery(s, query)
		got := codes(t, w.Body.Bytes())
		if len(got) == 0 || got[0] != "GRAPHQL_VALIDATION_FAILED" {
			t.Errorf("%s: got %s", query, w.Body)
		}
		if strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("the answer repeats a value: %s", w.Body)
		}
	}
	if s.schema.Directives["defer"] != nil {
		t.Error("@defer is shown")
	}
}

func TestStringsInDocuments_B5(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	for _, bad := range []string{
		`"\u0000"`, `"a\u{0}"`, `"\ud800"`, `"\uD83D\u0041"`, `"\uDE00\uD83D"`, `"é\uDFFF"`,
	} {
		for _, query := range []string{
			`mutation { login(input: {login: LIT, password: "x"}) { errors { code } } }`,
			`query($s: String = LIT) { probe(text: $s) }`,
			`{ node(id: LIT) { id } }`,
			`LIT query { me { id } }`,
		} {
			query = strings.ReplaceAll(query, "LIT", bad)
			wantOneError(t, sendQuery(s, query), "BAD_USER_INPUT", "NUL")
		}
	}
	for _, good := range []string{
		`"\ud83d\ude00 \u{1F600} 😀"`, `"\ufffd` + "\uFFFD" + `"`, `"\\ud800"`, `"""\ud800 \u0000"""`, `"\u0041"`,
	} {
		if got := sendQuery(s, `{ node(id: `+good+`) { id } }`); len(codes(t, got.Body.Bytes())) != 0 {
			t.Errorf("%s: got %s", good, got.Body)
		}
	}
}
