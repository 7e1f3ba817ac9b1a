package gql

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// document parses text and finds it within the limits and valid, or says why not: at most maxErrors errors, each
// with its code.
func (s *server) document(text string) (*ast.QueryDocument, gqlerror.List) {
	if doc, ok := s.documents.document(text); ok {
		return doc, nil
	}
	doc, err := parse(text)
	if err != nil {
		return nil, gqlerror.List{err}
	}
	if err := checkLimits(doc, s.introspection); err != nil {
		return nil, gqlerror.List{err}
	}
	if s.introspection {
		if err := checkIntrospection(s.schema, doc, s.maxShown); err != nil {
			return nil, gqlerror.List{err}
		}
	}
	if errs := validate(s.schema, doc, s.rules); len(errs) > 0 {
		return nil, errs
	}
	s.documents.add(text, doc)
	return doc, nil
}

func parse(text string) (*ast.QueryDocument, *gqlerror.Error) {
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, maxTokens)
	if err != nil {
		gqlErr := gqlerror.WrapIfUnwrapped(err)
		if strings.HasPrefix(gqlErr.Message, "exceeded token limit") {
			return nil, invalid(nil, "The limit of %d tokens is exceeded.", maxTokens)
		}
		return nil, coded(discreet(gqlErr), codeParseFailed)
	}
	if len(doc.Operations) == 0 {
		return nil, coded(gqlerror.Errorf("The document holds no operation."), codeParseFailed)
	}
	if hasBadString(text) {
		return nil, coded(gqlerror.Errorf("A string must be valid Unicode without NUL."), codeBadUserInput)
	}
	return doc, nil
}

// validate applies rs to doc, which also ties its parts to those of schema.
func validate(schema *ast.Schema, doc *ast.QueryDocument, rs []core.Rule) (errs gqlerror.List) {
	var events core.Events
	for _, rule := range rs {
		rule.RuleFunc(&events, func(options ...core.ErrorOption) {
			if len(errs) == maxErrors {
				return
			}
			err := &gqlerror.Error{Rule: rule.Name}
			for _, option := range options {
				option(err)
			}
			errs = append(errs, coded(discreet(err), codeValidationFailed))
		})
	}
	core.Walk(schema, doc, &events)
	return errs
}

// validationRules returns the rules of the GraphQL specification and two of our own. With suggestions an error about an
// unknown name offers similar ones, which tells what introspection would.
func validationRules(suggestions bool) []core.Rule {
	named := []core.Rule{
		rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
		rules.KnownArgumentNamesRuleWithoutSuggestions,
		rules.KnownTypeNamesRuleWithoutSuggestions,
		rules.ScalarLeafsRuleWithoutSuggestions,
		rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
	}
	if suggestions {
		named = []core.Rule{
			rules.FieldsOnCorrectTypeRule,
			rules.KnownArgumentNamesRule,
			rules.KnownTypeNamesRule,
			rules.ScalarLeafsRule,
			rules.ValuesOfCorrectTypeRule,
		}
	}
	return append(named,
		rules.FragmentsOnCompositeTypesRule,
		rules.KnownDirectivesRule,
		rules.KnownFragmentNamesRule,
		rules.KnownRootTypeRule,
		rules.LoneAnonymousOperationRule,
		rules.MaxIntrospectionDepth,
		rules.NoFragmentCyclesRule,
		rules.NoUndefinedVariablesRule,
		rules.NoUnusedFragmentsRule,
		rules.NoUnusedVariablesRule,
		rules.OverlappingFieldsCanBeMergedRule,
		rules.PossibleFragmentSpreadsRule,
		rules.ProvidedRequiredArgumentsRule,
		rules.SingleFieldSubscriptionsRule,
		rules.UniqueArgumentNamesRule,
		rules.UniqueDirectivesPerLocationRule,
		rules.UniqueFragmentNamesRule,
		rules.UniqueInputFieldNamesRule,
		rules.UniqueOperationNamesRule,
		rules.UniqueVariableNamesRule,
		rules.VariablesAreInputTypesRule,
		rules.VariablesInAllowedPositionRule,
		intRule,
		conditionRule,
	)
}

// intRule refuses an Int beyond 32 bits, which gqlparser's rule lets pass up to 64.
var intRule = core.Rule{Name: "IntWithin32Bits", RuleFunc: func(events *core.Events, addError core.AddErrFunc) {
	events.OnValue(func(_ *core.Walker, v *ast.Value) {
		if v.Kind != ast.IntValue || v.Definition == nil || v.Definition.Name != "Int" {
			return
		}
		if _, err := strconv.ParseInt(v.Raw, 10, 64); err != nil {
			return // gqlparser's rule says so
		}
		if _, err := strconv.ParseInt(v.Raw, 10, 32); err != nil {
			addError(core.Message("Int cannot represent non 32-bit signed integer value: %s", v.Raw), core.At(v.Position))
		}
	})
}}

// conditionRule makes the type of a variable that decides a @skip or @include Boolean!, so that null, which a type with
// a default may allow, is refused with the variables: gqlgen would panic.
var conditionRule = core.Rule{Name: "Condition", RuleFunc: func(events *core.Events, _ core.AddErrFunc) {
	events.OnDirective(func(_ *core.Walker, d *ast.Directive) {
		if d.Name != "skip" && d.Name != "include" {
			return
		}
		for _, arg := range d.Arguments {
			v := arg.Value.VariableDefinition
			if arg.Value.Kind == ast.Variable && v != nil && v.Type.NamedType == "Boolean" {
				v.Type = ast.NonNullNamedType("Boolean", v.Type.Position)
			}
		}
	})
}}

var surrogateEscape = regexp.MustCompile(`\\u[dD][89a-fA-F]`)

// hasBadString reports whether a string in text, which must be a valid document, holds NUL or a lone surrogate by an
// escape (security requirement B5). Without an escape neither comes through the envelope. gqlparser makes U+FFFD of a
// lone surrogate; a string with both that character as such and a pair of escapes is taken for one, too.
func hasBadString(text string) bool {
	if !strings.Contains(text, `\u`) {
		return false
	}
	runes := []rune(text) // the lexer counts in these
	for lex := lexer.New(&ast.Source{Input: text}); ; {
		token, err := lex.ReadToken()
		if err != nil || token.Kind == lexer.EOF {
			return err != nil
		}
		if token.Kind != lexer.String {
			continue
		}
		if strings.IndexByte(token.Value, 0) >= 0 {
			return true
		}
		if strings.ContainsRune(token.Value, utf8.RuneError) &&
			surrogateEscape.MatchString(string(runes[token.Pos.Start:token.Pos.End])) {
			return true
		}
	}
}

const maxMessage = 200 // bytes of an error about a document: names and numbers in it may be long

// quoted finds where gqlparser's messages repeat a value of the document.
var quoted = regexp.MustCompile(`(?s)(?:(Unexpected (?:Block)?String |, found )["{\[]|(value: )).*`)

// discreet shortens err's message so that it repeats no string that was sent: that may be a password, and clients
// log errors.
func discreet(err *gqlerror.Error) *gqlerror.Error {
	err.Message = quoted.ReplaceAllString(err.Message, "${1}${2}…")
	if len(err.Message) > maxMessage {
		err.Message = strings.ToValidUTF8(err.Message[:maxMessage], "") + "…"
	}
	return err
}
