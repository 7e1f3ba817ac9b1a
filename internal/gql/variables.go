package gql

import (
	"math"
	"reflect"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
)

// variables returns the values that op's variables have when raw is sent: defaults in their places, every value of its
// type.
func (s *server) variables(op *ast.OperationDefinition, raw map[string]any) (map[string]any, *gqlerror.Error) {
	if len(op.VariableDefinitions) == 0 {
		return nil, nil
	}
	values, err := validator.VariableValues(s.schema, op, raw)
	if err != nil {
		return nil, coded(discreet(gqlerror.WrapIfUnwrapped(err)), codeBadUserInput)
	}
	for _, v := range op.VariableDefinitions {
		path := ast.Path{ast.PathName("variable"), ast.PathName(v.Variable)}
		if err := s.strict(v.Type, values[v.Variable], path); err != nil {
			return nil, coded(err, codeBadUserInput)
		}
	}
	return values, nil
}

// strict refuses what gqlparser lets pass: an enum value in other case, a string for an Int, an Int beyond 32 bits.
// Everything else about value is as t says already.
func (s *server) strict(t *ast.Type, value any, path ast.Path) *gqlerror.Error {
	if value == nil {
		return nil
	}
	if t.Elem != nil {
		list := reflect.ValueOf(value) // []any, or of one value's type where that stood for a list of it
		for i := range list.Len() {
			if err := s.strict(t.Elem, list.Index(i).Interface(), append(path, ast.PathIndex(i))); err != nil {
				return err
			}
		}
		return nil
	}
	switch def := s.schema.Types[t.NamedType]; {
	case def.Kind == ast.Enum:
		if name, ok := value.(string); !ok || def.EnumValues.ForName(name) == nil {
			return gqlerror.ErrorPathf(path, "not a valid %s", def.Name)
		}
	case def.Kind == ast.InputObject:
		object, _ := value.(map[string]any)
		for _, field := range def.Fields {
			if err := s.strict(field.Type, object[field.Name], append(path, ast.PathName(field.Name))); err != nil {
				return err
			}
		}
	case def.Name == "Int":
		if i, ok := value.(int64); ok && i >= math.MinInt32 && i <= math.MaxInt32 {
			return nil
		}
		if f, ok := value.(float64); ok && f >= math.MinInt32 && f <= math.MaxInt32 {
			return nil
		}
		return gqlerror.ErrorPathf(path, "not a whole number within 32 bits")
	}
	return nil
}
