package gql

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
)

// maxReading is far more than any document may take to be read and refused, doubling
// fragments too, since others run beside.
const maxReading = 3 * time.Second

// FuzzDocument reads documents. One that may run is within the limits the long way, has no cycle, and asks for no
// schema where that is off; errors are few and short, each with its code, and repeat no string; all in a bounded time.
func FuzzDocument(f *testing.F) {
	for _, seed := range []string{
		"{ me { id } }", "{ ...f0 }" + chain(10, "NEXT NEXT", "a"), "{ a { ...f0 } }" + chain(7, "a { NEXT }", "b: a"),
		"mutation { ...f ... { b } } fragment f on Mutation { a __typename }", "{ __schema { a { b } } ...f } fragment f on A { ...f }",
		"query A($a: Int = 1) { a(b: [$a, {c: \"d\"}]) @e } query B { __type { a } }", "{ a(b: \"\\ud800\\u{1F600}\") }", "subscription { a }",
		`mutation { login(input: {login: "a", password: "hunter2"}) { errors { code } } }`, `{ probe(int: "hunter2") probe(role: "hunter2") }`,
		`{ node(id: ["hunter2", """hunter2"""]) { id } }`, `query($r: Role = "hunter2") { me { id @include(if: "hunter2") } }`, `{ a "hunter2" }`,
		`{ node(id: {a: "hunter2"}) { id } } "hunter2"`, `{ node(id: "hunter2`, `{ a(b: """ \""" hunter2 """) }`, `{ node(id: "\u0068unter2\q") { id } }`,
		"{ me { id @skip(if: $a) } } fragment f on User { id }", "{ __schema { types { ...f0 } } }" + strings.ReplaceAll(chain(12, "ofType { NEXT } ofType { NEXT }", "name"), "User", "__Type"),
		"{ ...f } fragment f on Query { __typename } fragment f on Query { me { id } }", "query A($a: [Int!]! = [1]) { users(first: 3) { nodes { id username } } }",
		"{ users(first: 2147483648, role: ADMIN) { edges { node { ... on User { id } } } } }", "{ me { a: id a: username } }",
	} {
		f.Add(seed)
	}
	on, off := fixedServer(f, Options{Introspection: true}, nil), fixedServer(f, Options{}, nil)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > maxBody {
			return
		}
		for _, s := range []*server{on, off} {
			read(t, s, text)
		}
		doc, errs := off.document(text)
		if len(errs) > 0 {
			return
		}
		if _, err := parser.ParseQuery(&ast.Source{Input: text}); err != nil || tokens(t, text) > maxTokens {
			t.Errorf("%d tokens, %v", tokens(t, text), err)
		}
		if refused, _ := beyond(doc, false); refused || cyclic(doc) {
			t.Errorf("beyond the limits: %t, cyclic: %t", refused, cyclic(doc))
		}
	})
}

// read reads text and looks at what it says of it, and how fast it does.
func read(t *testing.T, s *server, text string) {
	took := maxReading
	for range 3 { // other work may come in between
		began := time.Now()
		doc, err := parse(text)
		if err == nil {
			err = checkLimits(doc, s.introspection)
		}
		if err == nil && s.introspection {
			err = checkIntrospection(s.schema, doc, s.maxShown)
		}
		if err == nil {
			validate(s.schema, doc, s.rules)
		}
		if took = min(took, time.Since(began)); took < maxReading {
			break
		}
	}
	if took >= maxReading {
		t.Errorf("took %v", took)
	}
	_, errs := s.document(text)
	if len(errs) > maxErrors {
		t.Errorf("%d errors", len(errs))
	}
	for _, err := range errs {
		code, _ := err.Extensions["code"].(string)
		if !slices.Contains([]string{codeParseFailed, codeValidationFailed, codeBadUserInput}, code) || err.Message == "" || len(err.Message) > maxMessage+len("…") {
			t.Errorf("a bad error: %+v", err)
		}
		if strings.Contains(err.Message, canary) && !outsideStrings(text, canary) {
			t.Errorf("repeats a string: %s", err.Message)
		}
		if !s.introspection && strings.Contains(err.Message, "Did you mean") {
			t.Errorf("suggests without introspection: %s", err.Message)
		}
	}
}

// outsideStrings reports whether part occurs in a token of text that is no string.
func outsideStrings(text, part string) bool {
	for lex := lexer.New(&ast.Source{Input: text}); ; {
		token, err := lex.ReadToken()
		if err != nil || token.Kind == lexer.EOF {
			return false
		}
		if token.Kind != lexer.String && token.Kind != lexer.BlockString && strings.Contains(token.Value, part) {
			return true
		}
	}
}
