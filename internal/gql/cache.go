package gql

import (
	"container/list"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

const (
	maxCachedDocument = 8 << 10   // bytes of text of one document
	maxCachedText     = 128 << 10 // bytes of text of all; parsed they take up to about 100 times that
)

// A documentCache keeps documents that were parsed and found valid, by their text, the least recently used leaving
// first. Keeping one is worth 20 % of a request that reads one row of a database;
// BenchmarkServeHTTP has it without a database.
//
// Clients write passwords into documents, and those must not stay in memory: one with a quotation mark anywhere, be it
// a string, a block string, a description or a comment, is not kept, neither parsed nor as a key. An operation
// with variables is the fast path.
type documentCache struct {
	mu     sync.Mutex
	recent *list.List // of *cachedDocument, the most recently used in front
	byText map[string]*list.Element
	bytes  int // of all texts
}

type cachedDocument struct {
	text string
	doc  *ast.QueryDocument // shared by requests: nobody changes it
}

func newDocumentCache() *documentCache {
	return &documentCache{recent: list.New(), byText: make(map[string]*list.Element)}
}

// document returns the document kept for text.
func (c *documentCache) document(text string) (*ast.QueryDocument, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byText[text]
	if !ok {
		return nil, false
	}
	c.recent.MoveToFront(e)
	return e.Value.(*cachedDocument).doc, true
}

// add keeps doc for text unless it must not or should not be kept. The caller does not change doc any more.
func (c *documentCache) add(text string, doc *ast.QueryDocument) {
	if len(text) > maxCachedDocument || strings.IndexByte(text, '"') >= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byText[text]; ok { // another request was as fast
		return
	}
	c.byText[text] = c.recent.PushFront(&cachedDocument{text, doc})
	for c.bytes += len(text); c.bytes > maxCachedText; {
		last := c.recent.Remove(c.recent.Back()).(*cachedDocument)
		delete(c.byText, last.text)
		c.bytes -= len(last.text)
	}
}
