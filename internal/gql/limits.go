package gql

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The limits on a document (security requirement I3). Those on what it selects hold for each of its operations, also
// for those not asked for, with every fragment in its place as often as it is spread.
const (
	maxTokens  = 1000 // comments are tokens too; the introspection query of graphql-js has 184
	maxDepth   = 8    // levels of fields, introspection excepted (introspection.go); a list by edges within another has 7
	maxAliases = 15   // each runs its field again, also within introspection
	maxCost    = 200  // fields, one each, introspection excepted; lists do not multiply, pages are bounded elsewhere
	maxErrors  = 5    // in an answer: a document of mistakes makes no large one
)

// checkLimits refuses a document that is beyond a limit, and introspection if that is off. It runs before the
// rules of GraphQL, some of which take quadratic time, and visits each selection once.
func checkLimits(doc *ast.QueryDocument, introspection bool) *gqlerror.Error {
	w := walker{fragments: doc.Fragments, seen: make(map[string]measure, len(doc.Fragments))}
	for _, op := range doc.Operations {
		m := w.set(op.SelectionSet)
		if m.introspection && !introspection {
			return invalid(op.Position, "Introspection is off.")
		}
		if err := m.check(op.Position); err != nil {
			return err
		}
		if op.Operation == ast.Mutation && m.roots > 1 {
			return invalid(op.Position, "The limit of one root field in a mutation is exceeded.")
		}
	}
	for _, f := range doc.Fragments { // the rules look at those that nobody spreads, and at the second of a name, too
		m := w.definition(f)
		within := strings.HasPrefix(f.TypeCondition, "__")
		if (within || m.introspection) && !introspection {
			return invalid(f.Position, "Introspection is off.")
		}
		if within {
			continue
		}
		if err := m.check(f.Position); err != nil {
			return err
		}
	}
	return nil
}

func (m measure) check(at *ast.Position) *gqlerror.Error {
	switch {
	case m.depth > maxDepth:
		return invalid(at, "The depth limit of %d levels of fields is exceeded.", maxDepth)
	case m.aliases > maxAliases:
		return invalid(at, "The limit of %d aliases is exceeded.", maxAliases)
	case m.cost > maxCost:
		return invalid(at, "The cost limit of %d fields is exceeded.", maxCost)
	}
	return nil
}

// A measure is what a selection set comes to with its fragments in their places.
type measure struct {
	depth, aliases, cost int
	roots                int // fields of the set itself, __typename excepted
	introspection        bool
}

// saturated is beyond every limit: sums stop there, since fragments that spread fragments double them without end.
const saturated = 1 << 20

func (m measure) plus(n measure) measure {
	return measure{
		depth:         max(m.depth, n.depth),
		aliases:       min(m.aliases+n.aliases, saturated),
		cost:          min(m.cost+n.cost, saturated),
		roots:         min(m.roots+n.roots, saturated),
		introspection: m.introspection || n.introspection,
	}
}

// A walker measures selection sets, and each fragment once. What a fragment comes to does not depend on where it is
// spread, since introspection, which is measured differently, starts at a field.
type walker struct {
	fragments ast.FragmentDefinitionList
	seen      map[string]measure // by fragment name
}

func (w *walker) set(set ast.SelectionSet) (sum measure) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			sum = sum.plus(w.field(s))
		case *ast.InlineFragment:
			sum = sum.plus(w.set(s.SelectionSet))
		case *ast.FragmentSpread:
			sum = sum.plus(w.fragment(s.Name))
		}
	}
	return sum
}

func (w *walker) field(f *ast.Field) measure {
	m := w.set(f.SelectionSet)
	if f.Name == "__schema" || f.Name == "__type" {
		m = measure{aliases: m.aliases, introspection: true}
	} else {
		m.depth = min(m.depth+1, saturated)
		m.cost = min(m.cost+1, saturated)
	}
	if f.Alias != f.Name {
		m.aliases = min(m.aliases+1, saturated)
	}
	m.roots = 1
	if f.Name == "__typename" {
		m.roots = 0
	}
	return m
}

// fragment measures the fragment called name. One that spreads itself counts as nothing there, and so does one that
// does not exist: the rules of GraphQL refuse both.
func (w *walker) fragment(name string) measure {
	m, ok := w.seen[name]
	if ok {
		return m
	}
	w.seen[name] = measure{}
	if f := w.fragments.ForName(name); f != nil {
		m = w.set(f.SelectionSet)
	}
	w.seen[name] = m
	return m
}

// definition measures f, which is not what its name means where an earlier fragment has it.
func (w *walker) definition(f *ast.FragmentDefinition) measure {
	if w.fragments.ForName(f.Name) == f {
		return w.fragment(f.Name)
	}
	return w.set(f.SelectionSet)
}

// invalid is the error for a document that may not run.
func invalid(at *ast.Position, format string, args ...any) *gqlerror.Error {
	err := &gqlerror.Error{Message: fmt.Sprintf(format, args...)}
	if at != nil {
		err.Locations = []gqlerror.Location{{Line: at.Line, Column: at.Column}}
	}
	return coded(err, codeValidationFailed)
}
