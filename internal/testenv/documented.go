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
	source, err := os.ReadFile(filepath.Join(root(), "schema.graphqls"))
	if err != nil {
		panic(err) // nothing here works without the project's files
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(source)})
	if err != nil {
		panic(err)
	}
	code := regexp.MustCompile("`([A-Z_]+)`")
	all := map[string][]string{}
	for _, f := range schema.Mutation.Fields {
		codes := []string{}
		if _, list, ok := strings.Cut(f.Description, "User errors:"); ok {
			for _, m := range code.FindAllStringSubmatch(list, -1) {
				codes = append(codes, m[1])
			}
		}
		slices.Sort(codes)
		all[f.Name] = codes
	}
	return all
})

// undocumented is an error if an answer has a user error that the description
// of its mutation does not name, or is not one of tokens, a step with its one code, and
// other errors (J3). Aliases are left alone.
func undocumented(a *Answer) error {
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
