package gql

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// limitError is the message with which text is refused, empty if it is within the limits.
func limitError(text string, introspection bool) string {
	doc, err := parse(text)
	if err == nil {
		err = checkLimits(doc, introspection)
	}
	if err == nil {
		return ""
	}
	return err.Message
}

// chain makes n fragments: link with NEXT replaced by a spread of the next, and in the end last.
func chain(n int, link, last string) string {
	var b strings.Builder
	for i := range n - 1 {
		fmt.Fprintf(&b, " fragment f%d on User { %s }", i, strings.ReplaceAll(link, "NEXT", fmt.Sprintf("...f%d", i+1)))
	}
	fmt.Fprintf(&b, " fragment f%d on User { %s }", n-1, last)
	return b.String()
}

// deep is n levels of fields.
func deep(n int) string { return strings.Repeat("{ a ", n) + strings.Repeat("}", n) }

// aliased selects field by n aliases.
func aliased(n int, field string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "x%d: %s ", i, field)
	}
	return b.String()
}

func TestLimits_I3(t *testing.T) {
	const (
		tokens, depth, aliases = "limit of 1000 tokens", "depth limit of 8", "limit of 15 aliases"
		cost, roots            = "cost limit of 200", "one root field"
	)
	times := strings.Repeat
	tests := []struct{ name, query, want string }{
		{"1000 tokens", "{" + times("... { ", 332) + "a" + times("}", 332) + "}", ""},
		{"1001 tokens", "{" + times("... { ", 332) + "a: a" + times("}", 332) + "}", tokens},
		{"comments are tokens", "{ a } " + times("#\n", 1000), tokens},
		{"a list of tokens", "{ a(b: [" + times("1 ", 1000) + "]) }", tokens},
		{"a flood of directives", "{ a " + times("@b ", 500) + "}", tokens},

		{"depth 8", deep(8), ""},
		{"depth 9", deep(9), depth},
		{"depth 9 in a fragment", "{ a { ...f0 } }" + chain(8, "a { NEXT }", "a"), depth},
		{"depth 8 in a fragment", "{ a { ...f0 } }" + chain(7, "a { NEXT }", "a"), ""},
		{"depth 9 in inline fragments", times("{ a { ... @b ", 8) + "{ a }" + times("} }", 8), depth},
		{"depth 9 in another operation", "query A { a } query B " + deep(9), depth},
		{"depth below introspection", "{ __schema " + deep(20) + " __type " + deep(20) + "}", ""},
		{"depth beside introspection", "{ __schema { a } a " + deep(8) + "}", depth},

		{"15 aliases", "{ " + aliased(15, "a") + "}", ""},
		{"16 aliases", "{ " + aliased(16, "a") + "}", aliases},
		{"16 aliases by spreads", "{ ...f ...f } fragment f on User { " + aliased(8, "a") + "}", aliases},
		{"16 aliases of introspection", "{ " + aliased(16, "__schema { a }") + "}", aliases},
		{"16 aliases within introspection", "{ __schema { a { " + aliased(16, "a") + "} } }", aliases},

		{"200 fields", "{ " + times("a ", 200) + "}", ""},
		{"201 fields", "{ " + times("a ", 201) + "}", cost},
		{"201 times __typename", "{ " + times("__typename ", 201) + "}", cost},
		{"201 fields by spreads", "{ " + times("...f ", 3) + "} fragment f on User { " + times("a ", 67) + "}", cost},
		{"198 fields by spreads", "{ " + times("...f ", 3) + "} fragment f on User { " + times("a ", 66) + "}", ""},
		{"200 fields in each of two operations", "query A { " + times("a ", 200) + "} query B { " + times("a ", 200) + "}", ""},
		{"fields of introspection", "{ __schema { " + times("a ", 300) + "} " + times("a ", 200) + "}", ""},
		{"30 doubling fragments", "{ ...f0 }" + chain(30, "NEXT NEXT", "a"), cost},
		{"30 doubling fragments in fields", "{ ...f0 }" + chain(30, "a { NEXT } a { NEXT }", "a"), depth},
		{"30 doubling inline", "{ ...f0 }" + chain(30, "... { NEXT } ... @include(if: true) { NEXT }", "a"), cost},
		{"doubling in another operation", "query A { a } query B { ...f0 }" + chain(30, "NEXT NEXT", "a"), cost},
		{"doubling aliases", "{ ...f0 }" + chain(30, "NEXT NEXT", "__schema { b: a }"), aliases},

		{"one mutation", "mutation { a { b b } }", ""},
		{"one mutation and __typename", "mutation { __typename x: __typename ...f } fragment f on Mutation { a { b } }", ""},
		{"only __typename", "mutation { __typename }", ""},
		{"two mutations", "mutation { a b }", roots},
		{"one mutation twice", "mutation { a a }", roots},
		{"two mutations by an alias", "mutation { a x: a }", roots},
		{"two mutations by spreads", "mutation { ...f ...f } fragment f on Mutation { a }", roots},
		{"two mutations by fragments", "mutation { ... { a } ...f } fragment f on Mutation { ... { b } }", roots},
		{"two mutations with one skipped", "mutation { a @skip(if: true) b }", roots},
		{"two mutations in another operation", "query A { a b } mutation B { a b }", roots},
		{"two operations", "mutation A { a } mutation B { b }", ""},

		{"a cycle", "{ ...f } fragment f on User { a ...f ...g } fragment g on User { b { ...f } }", ""},
		{"no such fragment", "{ ...f }", ""},
		{"a fragment without use", "{ a } fragment f on User " + deep(20), "depth"},
		{"the second fragment of a name", "{ ...f } fragment f on User { a } fragment f on User " + deep(20), depth},
		{"a deep fragment of introspection", "{ __schema { types { ...f } } } fragment f on __Type " + deep(20), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := limitError(tt.query, true)
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLimitsOfRequests_I3(t *testing.T) {
	s := fixedServer(t, Options{Introspection: true}, nil)
	for _, query := range []string{
		"{ me { ...f0 } }" + chain(30, "NEXT NEXT", "id"),
		"{ me " + deep(8) + "}",
		"{ " + strings.Repeat("#\n", 1001) + "}",
		"mutation { logout { errors { code } } b: logout { errors { code } } }",
	} {
		wantOneError(t, sendQuery(s, query), "GRAPHQL_VALIDATION_FAILED", " limit of ")
	}
	// Within the limits; the rules of GraphQL refuse them, with maxErrors errors at most.
	for _, query := range []string{
		"{ ...f0 }" + chain(30, "NEXT NEXT", "__typename @include(if: true)") + "{ __typename }",
		"{ me { ...f } } fragment f on User { id ...f ...g } fragment g on User { ...f }",
		"{ __schema { types { ...f0 } } }" + strings.ReplaceAll(chain(30, "ofType { NEXT } ofType { NEXT }", "name"), "User", "__Type"),
		"{ me { id " + strings.Repeat("@b ", 490) + "} }",
		"{ me { " + strings.Repeat("x ", 190) + "} }",
		"{ node(id: 1" + strings.Repeat("0", 50_000) + ") { id } probe(int: 1" + strings.Repeat("0", 30_000) + ") }",
	} {
		w := sendQuery(s, query)
		codes(t, w.Body.Bytes())
		if w.Body.Len() > 2000 {
			t.Errorf("an answer of %d bytes", w.Body.Len())
		}
	}
}

func TestIntrospection_I4(t *testing.T) {
	on, off := fixedServer(t, Options{Introspection: true}, nil), fixedServer(t, Options{}, nil)
	for _, query := range []string{
		`{ __schema { types { name } } }`,
		`{ __type(name: "User") { name } }`,
		`{ ...f } fragment f on Query { ... { x: __schema { types { name } } } }`,
	} {
		if got := codes(t, sendQuery(on, query).Body.Bytes()); len(got) != 0 {
			t.Errorf("%s: got %v", query, got)
		}
		wantOneError(t, sendQuery(off, query), "GRAPHQL_VALIDATION_FAILED", "Introspection is off.")
	}
	unused := `{ me { id } } fragment f on Query { __schema { types { name } } }`
	wantOneError(t, sendQuery(off, unused), "GRAPHQL_VALIDATION_FAILED", "Introspection is off.")
	if got := codes(t, sendQuery(off, `{ __typename me { __typename } }`).Body.Bytes()); len(got) != 0 {
		t.Errorf("__typename: got %v", got)
	}
	for _, query := range []string{
		`{ mee { id } }`, `{ me { usrname } }`, `{ me }`, `{ node(idd: "1") { id } }`, `{ node(id: "1") { usernam } }`,
		`query($in: LoginInpu!) { me { id } }`, `{ ... on Usr { id } }`, `{ probe(role: ADMI) }`,
		`{ probe(role: "ADMI") }`, `mutation { login(input: {logi: "a", password: "b"}) { errors { code } } }`,
		`mutation { logout(inptu: {}) { errors { code } } }`, `{ me { id @skp(if: true) } }`,
	} {
		w := sendQuery(off, query)
		if got := codes(t, w.Body.Bytes()); len(got) == 0 || slices.ContainsFunc(got, func(code string) bool {
			return code != "GRAPHQL_VALIDATION_FAILED"
		}) {
			t.Errorf("%s: got %v", query, got)
		}
		if strings.Contains(w.Body.String(), "Did you mean") {
			t.Errorf("%s: got %s", query, w.Body)
		}
	}
	if w := sendQuery(on, `{ mee { id } }`); !strings.Contains(w.Body.String(), "Did you mean") {
		t.Errorf("got %s", w.Body)
	}
}
