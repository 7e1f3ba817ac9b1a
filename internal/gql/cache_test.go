package gql

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// security.md asks it of whatever may hold passwords: a document that holds a string leaves no trace.
func TestDocumentWithStringIsNotKept(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	for _, query := range []string{
		`mutation { login(input: {login: "ada", password: "hunter2"}) { errors { code } } }`,
		`mutation { login(input: {login: """ada""", password: """hunter2"""}) { errors { code } } }`,
		`query($s: String = "hunter2") { probe(text: $s) }`,
		`"hunter2" query { me { id } }`,
		"{ me { id } } # password: \"hunter2\"",
	} {
		if w := sendQuery(s, query); len(codes(t, w.Body.Bytes())) != 0 {
			t.Fatalf("got %s", w.Body)
		}
	}
	for text := range s.documents.byText {
		t.Errorf("kept: %s", text)
	}
	if s.documents.recent.Len() != 0 || s.documents.bytes != 0 {
		t.Errorf("%d documents, %d bytes", s.documents.recent.Len(), s.documents.bytes)
	}
}

func TestDocumentIsKept(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	const query = `mutation($in: LoginInput!) { login(input: $in) { errors { code } } }`
	body := `{"query":"` + query + `","variables":{"in":{"login":"ada","password":"hunter2"}}}`
	for range 2 {
		if w := sendBody(s, body); len(codes(t, w.Body.Bytes())) != 0 {
			t.Fatalf("got %s", w.Body)
		}
	}
	if _, ok := s.documents.document(query); !ok || s.documents.recent.Len() != 1 {
		t.Errorf("kept: %t, of %d", ok, s.documents.recent.Len())
	}
	for _, refused := range []string{`{ me { ids } }`, `{ me `, `{ __schema { types { name } } }`} {
		sendQuery(s, refused)
		if _, ok := s.documents.document(refused); ok {
			t.Errorf("kept: %s", refused)
		}
	}
}

func TestDocumentCacheIsBounded(t *testing.T) {
	c := newDocumentCache()
	c.add(strings.Repeat("a", maxCachedDocument+1), &ast.QueryDocument{})
	if c.recent.Len() != 0 {
		t.Error("a large document is kept")
	}
	name := func(i int) string { return fmt.Sprintf("%08d", i) + strings.Repeat("a", 1024-8) }
	n := maxCachedText / 1024
	for i := range n {
		c.add(name(i), &ast.QueryDocument{})
	}
	c.add(name(1), &ast.QueryDocument{}) // again: nothing
	if _, ok := c.document(name(0)); !ok || c.bytes != maxCachedText || c.recent.Len() != n {
		t.Fatalf("kept: %t, %d documents, %d bytes", ok, c.recent.Len(), c.bytes)
	}
	c.add(name(n), &ast.QueryDocument{}) // 1 leaves: 0 was asked for after it
	for i, want := range map[int]bool{0: true, 1: false, 2: true, n: true} {
		if _, ok := c.document(name(i)); ok != want {
			t.Errorf("%d kept: %t, want %t", i, ok, want)
		}
	}
	if c.bytes != maxCachedText || c.recent.Len() != n || len(c.byText) != n {
		t.Errorf("%d, %d documents, %d bytes", c.recent.Len(), len(c.byText), c.bytes)
	}
}
