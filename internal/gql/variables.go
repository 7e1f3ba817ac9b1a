package gql

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// variables returns the values that op's variables have when raw is sent: defaults in their places, every value of its
// type, as the GraphQL specification coerces them (section 6.1.2). What it says of a wrong one are the words of
// graphql-js, which people search for, without the value itself: that may be a password.
func (s *server) variables(op *ast.OperationDefinition, raw map[string]any) (map[string]any, *gqlerror.Error) {
	if len(op.VariableDefinitions) == 0 {
		return nil, nil
	}
	values := make(map[string]any, len(op.VariableDefinitions))
	for _, v := range op.VariableDefinitions {
		value, sent := raw[v.Variable]
		switch {
		case sent:
		case v.DefaultValue != nil:
			var err error
			if value, err = v.DefaultValue.Value(nil); err != nil {
				return nil, badVariable(v, "has an invalid default value.")
			}
		case v.Type.NonNull:
			return nil, badVariable(v, "of required type %q was not provided.", v.Type)
		default:
			continue
		}
		if value == nil && v.Type.NonNull {
			return nil, badVariable(v, "of non-null type %q must not be null.", v.Type)
		}
		coerced, m := s.coerce(v.Type, value, ast.Path{ast.PathName(v.Variable)})
		switch {
		case m == nil:
		case len(m.at) == 1:
			return nil, badVariable(v, "got invalid value; %s", m.says)
		default:
			return nil, badVariable(v, "got invalid value at %q; %s", m.at, m.says)
		}
		values[v.Variable] = coerced
	}
	return values, nil
}

// badVariable is the error about what was sent for v.
func badVariable(v *ast.VariableDefinition, format string, args ...any) *gqlerror.Error {
	err := gqlerror.ErrorPosf(v.Position, "Variable %q %s", "$"+v.Variable, fmt.Sprintf(format, args...))
	return coded(discreet(err), codeBadUserInput)
}

// A mistake is what is wrong with a part of a variable.
type mistake struct {
	at   ast.Path // from the variable's name on
	says string
}

func mistaken(at ast.Path, format string, args ...any) *mistake {
	return &mistake{slices.Clone(at), fmt.Sprintf(format, args...)}
}

// coerce makes a value of the type t of one that was sent, which is as an envelope holds it.
func (s *server) coerce(t *ast.Type, value any, at ast.Path) (any, *mistake) {
	if value == nil {
		if t.NonNull {
			return nil, mistaken(at, "Expected non-nullable type %q not to be null.", t)
		}
		return nil, nil
	}
	if t.Elem != nil {
		list, ok := value.([]any)
		if !ok { // one value stands for a list of it
			item, m := s.coerce(t.Elem, value, at)
			return []any{item}, m
		}
		coerced := make([]any, len(list))
		for i := range list {
			var m *mistake
			if coerced[i], m = s.coerce(t.Elem, list[i], append(at, ast.PathIndex(i))); m != nil {
				return nil, m
			}
		}
		return coerced, nil
	}
	def := s.schema.Types[t.NamedType]
	switch def.Kind {
	case ast.Enum:
		return s.enum(def, value, at)
	case ast.InputObject:
		return s.inputObject(def, value, at)
	}
	coerced, says := scalar(def.Name, value)
	if says != "" {
		return nil, mistaken(at, "%s", says)
	}
	return coerced, nil
}

func (s *server) enum(def *ast.Definition, value any, at ast.Path) (any, *mistake) {
	name, ok := value.(string)
	if !ok {
		return nil, mistaken(at, "Enum %q cannot represent non-string value.", def.Name)
	}
	if def.EnumValues.ForName(name) != nil {
		return name, nil
	}
	names := make([]string, len(def.EnumValues))
	for i, v := range def.EnumValues {
		names[i] = v.Name
	}
	return nil, mistaken(at, "Value does not exist in %q enum.%s", def.Name, s.nearest("the enum value ", name, names))
}

func (s *server) inputObject(def *ast.Definition, value any, at ast.Path) (any, *mistake) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, mistaken(at, "Expected type %q to be an object.", def.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if def.Fields.ForName(name) == nil && name != "__typename" { // clients send back what they got
			return nil, s.unknownField(def, name, at)
		}
	}
	if def.Directives.ForName("oneOf") != nil {
		if m := oneOf(def, object, at); m != nil {
			return nil, m
		}
	}
	coerced := make(map[string]any, len(object))
	for _, field := range def.Fields {
		value, sent := object[field.Name]
		if !sent {
			if field.Type.NonNull && field.DefaultValue == nil {
				return nil, mistaken(at, "Field %q of required type %q was not provided.", field.Name, field.Type)
			}
			continue // whoever reads the object knows the default
		}
		var m *mistake
		if coerced[field.Name], m = s.coerce(field.Type, value, append(at, ast.PathName(field.Name))); m != nil {
			return nil, m
		}
	}
	return coerced, nil
}

// oneOf says what is wrong with an object that has to have one field, which is not null (the specification's section
// 3.10.1).
func oneOf(def *ast.Definition, object map[string]any, at ast.Path) *mistake {
	n, null := 0, false
	for name, value := range object {
		if name != "__typename" {
			n, null = n+1, null || value == nil
		}
	}
	switch {
	case n != 1:
		return mistaken(at, "Exactly one key must be specified for OneOf type %q.", def.Name)
	case null:
		return mistaken(at, "The value of a OneOf type %q must not be null.", def.Name)
	}
	return nil
}

// graphqlName is a name of the GraphQL specification, section 2.1.9, of a length that somebody may have meant.
var graphqlName = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]{0,63}$`)

// unknownField repeats only what is a name: another may be anything.
func (s *server) unknownField(def *ast.Definition, name string, at ast.Path) *mistake {
	if !graphqlName.MatchString(name) {
		return mistaken(at, "A field is not defined by type %q.", def.Name)
	}
	names := make([]string, len(def.Fields))
	for i, field := range def.Fields {
		names[i] = field.Name
	}
	return mistaken(at, "Field %q is not defined by type %q.%s", name, def.Name, s.nearest("", name, names))
}

// nearest asks whether one of names was meant that is much like what was typed: only where the schema may be seen.
func (s *server) nearest(kind, typed string, names []string) string {
	if !s.introspection || !graphqlName.MatchString(typed) {
		return ""
	}
	near := core.SuggestionList(typed, names)
	if len(near) == 0 {
		return ""
	}
	return " Did you mean " + kind + core.QuotedOrList(near...) + "?"
}

// scalar makes a value of the scalar that is called name, or says why not. Those of a schema's own read their values
// themselves.
func scalar(name string, value any) (coerced any, says string) {
	switch name {
	case "Int":
		return whole32(value)
	case "Float":
		switch value.(type) {
		case int64, float64:
			return value, ""
		}
		return nil, "Float cannot represent non numeric value."
	case "String":
		if _, ok := value.(string); !ok {
			return nil, "String cannot represent a non string value."
		}
	case "Boolean":
		if _, ok := value.(bool); !ok {
			return nil, "Boolean cannot represent a non boolean value."
		}
	case "ID":
		switch v := value.(type) {
		case string, int64:
			return v, ""
		case float64:
			if v == math.Trunc(v) && math.Abs(v) < 1<<53 { // beyond it others round to the same
				return int64(v), ""
			}
		}
		return nil, "ID cannot represent a non-string and non-integer value."
	}
	return value, ""
}

func whole32(value any) (coerced any, says string) {
	const beyond = "Int cannot represent non 32-bit signed integer value."
	switch v := value.(type) {
	case int64:
		if v < math.MinInt32 || v > math.MaxInt32 {
			return nil, beyond
		}
		return v, ""
	case float64:
		if v == math.Trunc(v) && (v < math.MinInt32 || v > math.MaxInt32) {
			return nil, beyond
		}
		if v == math.Trunc(v) {
			return int64(v), ""
		}
	}
	return nil, "Int cannot represent non-integer value."
}
