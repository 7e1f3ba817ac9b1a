package graph_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/99designs/gqlgen/graphql/introspection"

	"latchkey/internal/testenv"
)

// What explorers and generators of code ask, the query of graphql-js, is within
// the limits, and shows nothing of @defer, which is not taken.
func TestIntrospectionQuery_I3_I4(t *testing.T) {
	w := setup(t, testenv.SQLite(t)).post(t, introspection.Query, nil)
	var answer struct {
		Data struct {
			Schema struct {
				Types, Directives []struct{ Name string }
			} `json:"__schema"`
		}
		Errors []any
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || len(answer.Errors) > 0 {
		t.Fatalf("%v: %s", err, w.Body)
	}
	has := func(list []struct{ Name string }, name string) bool {
		return slices.ContainsFunc(list, func(e struct{ Name string }) bool { return e.Name == name })
	}
	schema := answer.Data.Schema
	if !has(schema.Types, "User") || !has(schema.Directives, "isAuthenticated") || has(schema.Directives, "defer") {
		t.Errorf("got %s", w.Body)
	}
}
