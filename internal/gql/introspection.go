package gql

import (
	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// maxIntrospection bounds what introspection may come to, as a multiple of introspection.Query, which asks for all that
// there is in one go. Explorers and generators of code ask for that or for less; twice leaves room for their own ways of
// asking. Nested lists of a schema within each other come to a hundred times as much.
const maxIntrospection = 2

// A census counts the fields with which introspection would answer. That a schema does not change makes it exact: its
// lists are as long as they are. It counts no further than it has to.
type census struct {
	schema    *ast.Schema
	fragments map[string]*ast.FragmentDefinition
	left      int // how many more fields there may be
}

func newCensus(schema *ast.Schema, doc *ast.QueryDocument, most int) *census {
	c := &census{schema, make(map[string]*ast.FragmentDefinition, len(doc.Fragments)), most}
	for _, f := range doc.Fragments {
		if c.fragments[f.Name] == nil { // the rules refuse another of the name
			c.fragments[f.Name] = f
		}
	}
	return c
}

// everything is how many fields the answer to introspection.Query has.
func everything(schema *ast.Schema) int {
	const enough = 1 << 30
	doc, err := parser.ParseQuery(&ast.Source{Input: introspection.Query})
	if err != nil {
		panic(err) // the query is one of the program's own
	}
	c := newCensus(schema, doc, enough)
	c.document(doc)
	return enough - c.left
}

// checkIntrospection refuses a document whose introspection comes to more than most fields. All that is in the document
// counts, each selection of the schema once: those of fragments stand at the root alone, where equal ones are merged.
func checkIntrospection(schema *ast.Schema, doc *ast.QueryDocument, most int) *gqlerror.Error {
	c := newCensus(schema, doc, most)
	if c.document(doc); c.left < 0 {
		return invalid(nil, "The cost limit of introspection, %d fields, is exceeded.", most)
	}
	return nil
}

func (c *census) document(doc *ast.QueryDocument) {
	for _, op := range doc.Operations {
		c.find(op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		c.find(f.SelectionSet)
	}
}

// find counts what each selection of the schema within set comes to.
func (c *census) find(set ast.SelectionSet) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.InlineFragment:
			c.find(s.SelectionSet)
		case *ast.Field:
			switch s.Name {
			case "__schema":
				c.count(s.SelectionSet, c.schema)
			case "__type":
				c.named(s)
			default:
				c.find(s.SelectionSet)
			}
		}
	}
}

// named counts a field __type. Where a variable says which, each of them might be it.
func (c *census) named(f *ast.Field) {
	for _, arg := range f.Arguments {
		if arg.Name != "name" {
			continue
		}
		if arg.Value.Kind == ast.Variable {
			for _, def := range c.schema.Types {
				c.count(f.SelectionSet, def)
			}
			return
		}
		if def := c.schema.Types[arg.Value.Raw]; def != nil {
			c.count(f.SelectionSet, def)
		}
	}
}

// count counts the fields of set for a part of the schema: a *ast.Schema, *ast.Definition, *ast.Type that wraps another,
// *ast.FieldDefinition, *ast.ArgumentDefinition, *ast.EnumValueDefinition or *ast.DirectiveDefinition. Spreads count as
// fields, so that it ends in a document of cycles too.
func (c *census) count(set ast.SelectionSet, of any) {
	for _, selection := range set {
		if c.left--; c.left < 0 {
			return
		}
		switch s := selection.(type) {
		case *ast.InlineFragment:
			c.count(s.SelectionSet, of)
		case *ast.FragmentSpread:
			if f := c.fragments[s.Name]; f != nil {
				c.count(f.SelectionSet, of)
			}
		case *ast.Field:
			if len(s.SelectionSet) == 0 {
				continue
			}
			for _, part := range c.parts(of, s.Name) {
				c.left -= weight(part)
				c.count(s.SelectionSet, part)
			}
		}
	}
}

// weight is what a part costs whether or not something of it is asked for: gqlgen makes a field with its arguments.
func weight(part any) int {
	if f, ok := part.(*ast.FieldDefinition); ok {
		return 1 + len(f.Arguments)
	}
	return 1
}

// parts are what the field called name of an introspected part leads to.
func (c *census) parts(of any, name string) (all []any) {
	add := func(def *ast.Definition) {
		if def != nil {
			all = append(all, def)
		}
	}
	switch of := of.(type) {
	case *ast.Schema:
		switch name {
		case "types":
			for _, def := range of.Types {
				add(def)
			}
		case "queryType":
			add(of.Query)
		case "mutationType":
			add(of.Mutation)
		case "subscriptionType":
			add(of.Subscription)
		case "directives":
			for _, d := range of.Directives {
				all = append(all, d)
			}
		}
	case *ast.Definition:
		return c.partsOfType(of, name)
	case *ast.Type:
		if name == "ofType" && of.NonNull {
			all = append(all, c.typ(&ast.Type{NamedType: of.NamedType, Elem: of.Elem}))
		} else if name == "ofType" {
			all = append(all, c.typ(of.Elem))
		}
	case *ast.FieldDefinition:
		switch name {
		case "type":
			all = append(all, c.typ(of.Type))
		case "args":
			all = arguments(of.Arguments)
		}
	case *ast.ArgumentDefinition:
		if name == "type" {
			all = append(all, c.typ(of.Type))
		}
	case *ast.DirectiveDefinition:
		if name == "args" {
			all = arguments(of.Arguments)
		}
	}
	return all
}

func (c *census) partsOfType(of *ast.Definition, name string) (all []any) {
	switch name {
	case "fields", "inputFields":
		if (of.Kind == ast.InputObject) != (name == "inputFields") {
			return nil
		}
		for _, f := range of.Fields {
			all = append(all, f)
		}
	case "interfaces":
		for _, other := range of.Interfaces {
			if def := c.schema.Types[other]; def != nil {
				all = append(all, def)
			}
		}
	case "possibleTypes":
		for _, def := range c.schema.PossibleTypes[of.Name] {
			all = append(all, def)
		}
	case "enumValues":
		for _, value := range of.EnumValues {
			all = append(all, value)
		}
	}
	return all
}

// typ is the part that t stands for: a type of the schema, or t itself where it wraps another.
func (c *census) typ(t *ast.Type) any {
	if t.NonNull || t.Elem != nil {
		return t
	}
	return c.schema.Types[t.NamedType]
}

func arguments(list ast.ArgumentDefinitionList) (all []any) {
	for _, a := range list {
		all = append(all, a)
	}
	return all
}
