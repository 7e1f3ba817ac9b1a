package gql

import (
	"context"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"latchkey/internal/trace"
)

// statusNotRun stands for the status of an operation that could not run, which depends on the answer's type.
const statusNotRun = 0

// answer runs what env asks for. field is what Options.Observe has. The status is 200, statusNotRun, 405 for what changes
// something and came by a method that must not, or 500 after a panic outside of a resolver.
func (s *server) answer(ctx context.Context, env *envelope) (resp *graphql.Response, field string, status int) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			resp, status = onlyErrors(s.present(ctx, s.recover(ctx, p))), http.StatusInternalServerError
		}
	}()
	doc, op, errs := s.operation(env)
	if errs != nil {
		return onlyErrors(errs...), "", statusNotRun
	}
	field = firstField(op.SelectionSet)
	if env.safe && op.Operation != ast.Query {
		err := gqlerror.Errorf("By GET only a query is taken; send this by POST.")
		return onlyErrors(coded(err, codeBadUserInput)), field, http.StatusMethodNotAllowed
	}
	variables, err := s.variables(op, env.variables)
	if err != nil {
		return onlyErrors(err), field, statusNotRun
	}
	ctx, span := trace.Start(ctx, trace.Internal, "operation")
	span.Name(string(op.Operation), field)
	defer span.End()
	if s.context != nil {
		ctx = s.context(ctx)
	}
	ctx = graphql.WithOperationContext(ctx, &graphql.OperationContext{
		OperationName:          env.operationName,
		Doc:                    doc,
		Operation:              op,
		Variables:              variables,
		DisableIntrospection:   !s.introspection,
		RecoverFunc:            s.recover,
		ResolverMiddleware:     resolver(span),
		RootResolverMiddleware: func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) },
	})
	ctx = graphql.WithResponseContext(ctx, s.present, s.recover)
	resp = s.es.Exec(ctx)(ctx)
	resp.Errors = append(resp.Errors, graphql.GetErrors(ctx)...)
	return resp, field, http.StatusOK
}

// firstField returns the name of the first field that the operation of a valid document selects, but __typename only if
// there is no other. Each name is one of the schema.
func firstField(set ast.SelectionSet) (name string) {
	for _, selection := range set {
		found := ""
		switch s := selection.(type) {
		case *ast.Field:
			found = s.Name
		case *ast.InlineFragment:
			found = firstField(s.SelectionSet)
		case *ast.FragmentSpread:
			found = firstField(s.Definition.SelectionSet)
		}
		if name = found; name != "__typename" {
			return name
		}
	}
	return name
}

// operation finds the operation that env asks for in its document.
func (s *server) operation(env *envelope) (*ast.QueryDocument, *ast.OperationDefinition, gqlerror.List) {
	doc, errs := s.document(env.query)
	if errs != nil {
		return nil, nil, errs
	}
	op := doc.Operations.ForName(env.operationName)
	if op == nil {
		err := gqlerror.Errorf("operationName must name an operation of the document.")
		return nil, nil, gqlerror.List{coded(err, codeBadUserInput)}
	}
	return doc, op, nil
}
