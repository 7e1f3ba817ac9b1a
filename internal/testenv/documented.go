package testenv

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// Documented returns the codes that the description of each mutation names as
// its user errors, sorted.
var Documented = sync.OnceValue(func() map[string][]string {
	all := map[string][]string{}
	for _, f := range schema().Mutation.Fields {
		_, list, _ := strings.Cut(f.Description, "User errors:")
		codes := named(list)
		slices.Sort(codes)
		all[f.Name] = codes
	}
	return all
})

// failures returns the codes that the description of UserError names for failed requests,
// each with its reasons.
var failures = sync.OnceValue(func() map[string][]string {
	all := map[string][]string{}
	for line := range strings.Lines(schema().Types["UserError"].Description) {
		if names := named(line); strings.HasPrefix(line, "- ") && len(names) > 0 {
			all[names[0]] = names[1:]
		}
	}
	return all
})

var schema = sync.OnceValue(func() *ast.Schema {
	source, err := os.ReadFile(filepath.Join(root(), "schema.graphqls"))
	if err != nil {
		panic(err) // nothing here works without the project's files
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(source)})
	if err != nil {
		panic(err)
	}
	return schema
})

// named returns the codes that a description names, in order.
func named(description string) []string {
	codes := []string{}
	for _, m := range regexp.MustCompile("`([A-Z_]+)`").FindAllStringSubmatch(description, -1) {
		codes = append(codes, m[1])
	}
	return codes
}

// undocumented is an error if an answer fails with a code or a reason that the description
// of UserError does not name, has a user error that the description of its mutation does
// not name, or is not one of tokens, a step with its one code, and other errors (J3).
// Aliases are left alone.
func undocumented(a *Answer) error {
	for _, e := range a.Errors {
		reasons, known := failures()[e.Extensions.Code]
		if reason := e.Extensions.Reason; !known || reason != "" && !slices.Contains(reasons, reason) {
			return fmt.Errorf("the request fails with %s %s, which the schema does not name", e.Extensions.Code, reason)
		}
	}
	for field, data := range a.Data {
		codes, known := Documented()[field]
		var payload struct {
			Tokens, Step json.RawMessage
			Errors       []struct{ Code string }
		}
		if !known || json.Unmarshal(data, &payload) != nil {
			continue
		}
		is := func(part json.RawMessage) bool { return part != nil && string(part) != "null" }
		needed := len(payload.Errors) == 1 && strings.HasSuffix(payload.Errors[0].Code, "_NEEDED")
		switch {
		case is(payload.Tokens) && (is(payload.Step) || len(payload.Errors) > 0),
			is(payload.Step) && !needed,
			payload.Step != nil && !is(payload.Step) && needed:
			return fmt.Errorf("%s answers more than one of tokens, a step and errors: %s", field, data)
		}
		for _, e := range payload.Errors {
			if e.Code != "" && !slices.Contains(codes, e.Code) {
				return fmt.Errorf("%s answers %s, which its description does not name", field, e.Code)
			}
		}
	}
	return nil
}
