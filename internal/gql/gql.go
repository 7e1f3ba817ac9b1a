// Package gql answers the operations of a GraphQL schema over HTTP: one operation in a JSON object by POST, or a query in
// the address by GET; one JSON answer. It knows nothing of what the schema is about: a graphql.ExecutableSchema, such as gqlgen generates, runs what
// passed here. It takes the place of gqlgen's handler and executor, which validate before a limit can be checked,
// answer other than GraphQL over HTTP wants, and repeat a broken body in their error; it also allocates less.
//
// [New], in gql.go, makes the handler of a schema. A request then passes through these files in order, and may be
// refused in each:
//
//   - transport.go: method, headers and size of the request; in the end the answer, its status and its headers.
//   - envelope.go: the JSON object of the body, read strictly: query, operationName, variables.
//   - address.go: the same from the parameters of a GET, as strictly.
//   - operation.go: finds the operation that the envelope asks for, by the next three, and has it run.
//   - document.go: parses the text, checks its limits, then validates it; cache.go keeps what came through.
//   - limits.go: how large, deep and broad a document may be, found out before the costly rules of GraphQL look at it;
//     introspection.go: how much of the schema it may ask for.
//   - variables.go: the values of the operation's variables, each of its type.
//   - spans.go: what traces have of the operation and its fields.
//
// The errors of what is refused are made here. Each has one value of extensions.code: BAD_USER_INPUT,
// GRAPHQL_PARSE_FAILED or GRAPHQL_VALIDATION_FAILED. Errors of what runs come from [Options.Present].
//
// A string that was sent may be a password. So no error of this package repeats one, no document with one is kept, and
// the buffers of a request are wiped behind it. By GET nothing runs but queries, so that a page of another site, which
// needs no leave to have a browser send a GET, changes nothing by it; resolvers of queries must leave cookies alone.
//
// The limits are constants, each with its reason, and no settings: no way of setting a handler up makes it costly.
package gql

import (
	"context"
	"net/http"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// Values of extensions.code that this package gives; others come from Options.Present.
const (
	codeBadUserInput     = "BAD_USER_INPUT"            // the request, a string in it or a variable
	codeParseFailed      = "GRAPHQL_PARSE_FAILED"      // the document is no GraphQL
	codeValidationFailed = "GRAPHQL_VALIDATION_FAILED" // the document does not fit the schema or is beyond a limit
)

// Options are what New needs beside the schema. The functions are called by many requests at once.
type Options struct {
	// Introspection allows __schema and __type, and lets errors suggest names. Without it a document with either is
	// refused, wherever in it that stands.
	Introspection bool

	// Present turns an error that happened while an operation ran, or what Recover made of a panic, into the one shown.
	// It gives the error exactly one code, and leaves one that is complete as it is: a *gqlerror.Error that has a code
	// and wraps nothing, such as that of a scalar about its value. Required.
	Present graphql.ErrorPresenterFunc

	// Recover turns the value of a panic into an error, which Present then gets. A panic in a resolver fails its field;
	// one elsewhere fails the request with the status 500, but for http.ErrAbortHandler, which goes on to the HTTP
	// server instead. Required.
	Recover graphql.RecoverFunc

	// Observe is told what a request asked for and which errors its answer has, once that is complete and before it is
	// sent. field is the operation's field at the root, as the schema calls it, of several the first; "" if there is no
	// operation that may run. Nil: nobody is told.
	Observe func(ctx context.Context, field string, errs gqlerror.List)

	// Context makes of a request's context the one that its operation runs in, for what the resolvers of one operation
	// share. It is called once for each operation that passed every check, before it runs. Nil leaves the context as
	// it is.
	Context func(context.Context) context.Context
}

// New returns the handler that answers the operations of schema. It starts nothing, and panics without Options.Present
// or Options.Recover. It takes @defer out of schema.Schema(), so that nobody may be reading that, except other handlers
// that New made of it.
//
// An answer is application/json, or application/graphql-response+json if the request's Accept names that first. A request
// that could not be read has a status of 4xx. One that could has 200, and in the second type 400 if its operation could
// not run, as GraphQL over HTTP asks.
func New(schema graphql.ExecutableSchema, o Options) http.Handler {
	if o.Present == nil || o.Recover == nil {
		panic("gql: Options without Present or Recover")
	}
	withoutDefer(schema.Schema())
	maxShown := 0
	if o.Introspection {
		maxShown = maxIntrospection * everything(schema.Schema())
	}
	observe := o.Observe
	if observe == nil {
		observe = func(context.Context, string, gqlerror.List) {}
	}
	return &server{
		es: schema, schema: schema.Schema(), rules: validationRules(o.Introspection), documents: newDocumentCache(),
		introspection: o.Introspection, maxShown: maxShown, present: o.Present, recover: o.Recover, context: o.Context, observe: observe,
	}
}

// A server answers the operations of one schema.
type server struct {
	es            graphql.ExecutableSchema
	schema        *ast.Schema
	rules         []core.Rule
	documents     *documentCache
	introspection bool
	maxShown      int // fields of an answer to introspection
	present       graphql.ErrorPresenterFunc
	recover       graphql.RecoverFunc
	context       func(context.Context) context.Context // or nil
	observe       func(ctx context.Context, field string, errs gqlerror.List)
}

var schemaMu sync.Mutex // over the directives of a schema while servers of it are being made

// withoutDefer takes @defer out of schema, so that it is neither shown nor taken: over POST it would lose data.
func withoutDefer(schema *ast.Schema) {
	schemaMu.Lock()
	defer schemaMu.Unlock()
	//lint:ignore S1033 a second write would race with the first server, which may be running
	if _, ok := schema.Directives["defer"]; ok {
		delete(schema.Directives, "defer")
	}
}

// coded gives err its one code.
func coded(err *gqlerror.Error, code string) *gqlerror.Error {
	err.Extensions = map[string]any{"code": code}
	return err
}
