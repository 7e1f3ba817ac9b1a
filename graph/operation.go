package graph

import (
	"context"
	"net/http"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// Values of extensions.code that belong to this package; others come from auth's errors.
const (
	codeBadUserInput     = "BAD_USER_INPUT"
	codeParseFailed      = "GRAPHQL_PARSE_FAILED"
	codeValidationFailed = "GRAPHQL_VALIDATION_FAILED"
)

// statusNotRun stands for the status of an operation that could not run, which depends on the answer's type.
const statusNotRun = 0

// serverOptions are what newServer needs beside the schema.
type serverOptions struct {
	// Introspection allows __schema and __type, and lets errors suggest names.
	Introspection bool
	// Present turns an error of a resolver or of running an argument into the one shown, with exactly one code. One
	// that is a *gqlerror.Error with a code already is complete.
	Present graphql.ErrorPresenterFunc
	// Recover turns a panic into an error, which Present then gets.
	Recover graphql.RecoverFunc
}

// A server answers the operations of one schema over HTTP. It takes the place of gqlgen's handler and executor, which
// validate before a limit can be checked, answer other than GraphQL over HTTP wants, and repeat a broken body in their
// error; it also allocates less.
type server struct {
	es            graphql.ExecutableSchema
	schema        *ast.Schema
	rules         []core.Rule
	documents     *documentCache
	introspection bool
	present       graphql.ErrorPresenterFunc
	recover       graphql.RecoverFunc
}

func newServer(es graphql.ExecutableSchema, o serverOptions) *server {
	withoutDefer(es.Schema())
	return &server{
		es: es, schema: es.Schema(), rules: validationRules(o.Introspection), documents: newDocumentCache(),
		introspection: o.Introspection, present: o.Present, recover: o.Recover,
	}
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

// answer runs what env asks for. The status is 200, statusNotRun, or 500 after a panic outside of a resolver.
func (s *server) answer(ctx context.Context, env *envelope) (resp *graphql.Response, status int) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			resp, status = onlyErrors(s.present(ctx, s.recover(ctx, p))), http.StatusInternalServerError
		}
	}()
	op, errs := s.operation(env)
	if errs != nil {
		return onlyErrors(errs...), statusNotRun
	}
	ctx = graphql.WithOperationContext(withPages(ctx), op)
	ctx = graphql.WithResponseContext(ctx, s.present, s.recover)
	resp = s.es.Exec(ctx)(ctx)
	resp.Errors = append(resp.Errors, graphql.GetErrors(ctx)...)
	return resp, http.StatusOK
}

// operation finds the operation that env asks for in its document, and its variables.
func (s *server) operation(env *envelope) (*graphql.OperationContext, gqlerror.List) {
	doc, errs := s.document(env.query)
	if errs != nil {
		return nil, errs
	}
	op := doc.Operations.ForName(env.operationName)
	if op == nil {
		err := gqlerror.Errorf("operationName must name an operation of the document.")
		return nil, gqlerror.List{coded(err, codeBadUserInput)}
	}
	variables, err := s.variables(op, env.variables)
	if err != nil {
		return nil, gqlerror.List{err}
	}
	return &graphql.OperationContext{
		OperationName:          env.operationName,
		Doc:                    doc,
		Operation:              op,
		Variables:              variables,
		DisableIntrospection:   !s.introspection,
		RecoverFunc:            s.recover,
		ResolverMiddleware:     func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) },
		RootResolverMiddleware: func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) },
	}, nil
}

// coded gives err its one code.
func coded(err *gqlerror.Error, code string) *gqlerror.Error {
	err.Extensions = map[string]any{"code": code}
	return err
}
