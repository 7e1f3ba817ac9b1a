package gql

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"
)

// FuzzLimits builds documents, mostly of fragments within fragments, and compares the walk with one that puts every
// fragment in its place as often as it is spread: both refuse the same.
func FuzzLimits(f *testing.F) {
	for _, seed := range []string{
		"", "\x00\x00\x01\x01\x04\x00", "\x00\x00\x01\x01\x00\x00", "\x00\x01\x01\x02\x03\x04\x05\x06", "\x01\x03\x02\x05\x00\x02\x05\x01\x02\x05\x02\x02\x00\x00", strings.Repeat("\x00\x05", 40),
		"\x00\x07\x02\x05\x00\x05\x00\x02\x05\x01\x05\x01\x02\x05\x02\x05\x02\x02\x05\x03\x05\x03\x02\x05\x04\x05\x04\x01\x00\x01\x00",
		strings.Repeat("\x01\x03", 30), strings.Repeat("\x07\x09\x0f", 30), "\x01\x01\x01\x08\xc8\x01\x08\x10", strings.Repeat("\x04\x02\x06", 20),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		b := builder{script: script}
		text := b.document()
		doc, gqlErr := parse(text)
		if gqlErr != nil {
			if tokens(t, text) <= maxTokens {
				t.Fatalf("%d tokens: %v in %s", tokens(t, text), gqlErr, text)
			}
			return
		}
		if n := tokens(t, text); n > maxTokens {
			t.Errorf("%d tokens were taken", n)
		}
		for _, introspection := range []bool{true, false} {
			want, known := beyond(doc, introspection)
			if got := checkLimits(doc, introspection); known && (got != nil) != want {
				t.Errorf("introspection %t: got %v, want a refusal: %t, in %s", introspection, got, want, text)
			}
		}
	})
}

// tokens counts those of a document.
func tokens(t *testing.T, text string) (n int) {
	for lex := lexer.New(&ast.Source{Input: text}); ; n++ {
		token, err := lex.ReadToken()
		if err != nil {
			t.Fatal(err)
		}
		if token.Kind == lexer.EOF {
			return n
		}
	}
}

// beyond says whether a document is beyond a limit, the long way. It is not known of documents with cycles, which the
// rules of GraphQL refuse, and of those that are too much even for that.
func beyond(doc *ast.QueryDocument, introspection bool) (refused, known bool) {
	known = true
	look := func(set ast.SelectionSet, mutation bool) {
		e := expansion{doc: doc}
		e.set(set, 1, false)
		if e.introspection && !introspection || e.depth > maxDepth || e.aliases > maxAliases || e.cost > maxCost || mutation && e.roots > 1 {
			refused = true
		}
		known = known && e.visits <= maxVisits
	}
	if cyclic(doc) {
		return false, false
	}
	for _, op := range doc.Operations {
		look(op.SelectionSet, op.Operation == ast.Mutation)
	}
	for _, f := range doc.Fragments {
		if strings.HasPrefix(f.TypeCondition, "__") {
			refused = refused || !introspection
			continue
		}
		look(f.SelectionSet, false)
	}
	return refused, known || refused
}

// cyclic reports whether a fragment spreads itself, by way of others or not.
func cyclic(doc *ast.QueryDocument) bool {
	done := map[string]bool{} // false while it is being looked into
	var set func(ast.SelectionSet) bool
	set = func(selections ast.SelectionSet) bool {
		for _, selection := range selections {
			switch s := selection.(type) {
			case *ast.Field:
				if set(s.SelectionSet) {
					return true
				}
			case *ast.InlineFragment:
				if set(s.SelectionSet) {
					return true
				}
			case *ast.FragmentSpread:
				f := doc.Fragments.ForName(s.Name)
				clear, seen := done[s.Name]
				if f == nil || clear {
					continue
				}
				if seen {
					return true
				}
				done[s.Name] = false
				if set(f.SelectionSet) {
					return true
				}
				done[s.Name] = true
			}
		}
		return false
	}
	for _, f := range doc.Fragments {
		if set(f.SelectionSet) || set(ast.SelectionSet{&ast.FragmentSpread{Name: f.Name}}) {
			return true
		}
	}
	return false
}

const maxVisits = 20_000 // of fragments without fields, there is no limit but that on tokens

// An expansion visits what a selection set without cycles selects the long way.
type expansion struct {
	doc                                 *ast.QueryDocument
	depth, aliases, cost, roots, visits int
	introspection                       bool
}

// set visits a selection set whose fields are at depth, counted from 1.
func (e *expansion) set(set ast.SelectionSet, depth int, within bool) {
	for _, selection := range set {
		if e.visits++; e.visits > maxVisits {
			return
		}
		switch s := selection.(type) {
		case *ast.Field:
			below := within || s.Name == "__schema" || s.Name == "__type"
			e.introspection = e.introspection || below
			if s.Alias != s.Name {
				e.aliases++
			}
			if depth == 1 && s.Name != "__typename" {
				e.roots++
			}
			if !below {
				e.cost++
				e.depth = max(e.depth, depth)
			}
			e.set(s.SelectionSet, depth+1, below)
		case *ast.InlineFragment:
			e.set(s.SelectionSet, depth, within)
		case *ast.FragmentSpread:
			if f := e.doc.Fragments.ForName(s.Name); f != nil {
				e.set(f.SelectionSet, depth, within)
			}
		}
	}
}

// A builder makes a document that parses as a script of bytes says; where the script ends, fields without more follow.
type builder struct {
	script []byte
	text   strings.Builder
	depth  int
}

// next is the script's next choice of n.
func (b *builder) next(n int) int {
	if len(b.script) == 0 {
		return 0
	}
	c := b.script[0]
	b.script = b.script[1:]
	return int(c) % n
}

func (b *builder) document() string {
	fragments := b.next(12)
	for i := range 1 + b.next(3) {
		fmt.Fprintf(&b.text, "%s o%d", []string{"query", "mutation", "subscription"}[b.next(3)], i)
		b.set(fragments)
	}
	for i := range fragments {
		name := i
		if b.next(16) == 15 {
			name = 0 // a name twice
		}
		fmt.Fprintf(&b.text, "fragment f%d on %s", name, []string{"User", "Query", "__Type"}[b.next(3)])
		b.set(fragments)
	}
	return b.text.String()
}

func (b *builder) set(fragments int) {
	b.text.WriteString("{")
	b.depth++
	for range 1 + b.next(4) {
		b.selection(fragments)
	}
	b.depth--
	b.text.WriteString("}")
}

func (b *builder) selection(fragments int) {
	kind := b.next(10)
	if b.depth > 60 {
		kind = 0
	}
	switch kind {
	case 0:
		b.text.WriteString("a ")
	case 1:
		b.text.WriteString("x: a ")
	case 2:
		b.text.WriteString("b")
		b.set(fragments)
	case 3:
		b.text.WriteString("... @include(if: true)")
		b.set(fragments)
	case 4:
		b.text.WriteString("__typename ")
	case 5, 6:
		fmt.Fprintf(&b.text, "...f%d ", b.next(fragments+1)) // or one that does not exist
	case 7:
		b.text.WriteString([]string{"__schema", "y: __type(name: \"A\")"}[b.next(2)])
		b.set(fragments)
	case 8:
		b.text.WriteString(strings.Repeat("a(b: 1) ", 1+b.next(210)))
	case 9:
		b.text.WriteString(strings.Repeat("x: a ", 1+b.next(20)))
	}
}
