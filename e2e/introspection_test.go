package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql/introspection"

	"latchkey/internal/testenv"
)

var introspections = map[string]string{
	"__schema":                  `{ __schema { queryType { name } } }`,
	"__type":                    `{ __type(name: "User") { name } }`,
	"__schema in a fragment":    `{ ...f } fragment f on Query { x: __schema { queryType { name } } }`,
	"__type in another":         `query A { __typename } query B { __type(name: "User") { name } }`,
	"__schema that is left out": `{ __typename __schema @skip(if: true) { queryType { name } } }`,
}

// similar are mistakes that a suggestion would answer with the right name.
var similar = []string{
	`{ mee { id } }`, `{ me { usernam } }`, `{ node(idd: 1) { id } }`, `{ ... on Usr { id } }`, `query ($i: LoginInpu!) { me { id } }`,
	`mutation { login(input: {logi: "a", password: "b"}) { errors { code } } }`, `{ me { id @skp(if: true) } }`, `{ me }`,
	`mutation { login(input: {login: "a", password: "b", transport: COOKI}) { errors { code } } }`,
}

// mustIntrospect fails the test unless introspection and suggestions are on, or
// off, at a replica.
func mustIntrospect(t *testing.T, base string, on bool) {
	t.Helper()
	for name, query := range introspections {
		a := postQuery(t, base, query)
		if name == "__type in another" && on {
			a = postJSON(t, base, `{"operationName":"B",`+document(query)[1:])
		}
		if !on {
			mustRefuse(t, name, a, http.StatusOK, notValid)
		} else if a.Status != http.StatusOK || len(a.Errors) > 0 {
			t.Errorf("%s: got %d %s", name, a.Status, a.Body)
		}
	}
	suggested := 0
	for _, query := range similar {
		a := postQuery(t, base, query)
		mustRefuse(t, query, a, http.StatusOK, notValid)
		if strings.Contains(string(a.Body), "Did you mean") {
			suggested++
		}
	}
	if on != (suggested > 0) {
		t.Errorf("%d of %d mistakes got a suggestion", suggested, len(similar))
	}
	if a := postQuery(t, base, `{ __typename me { __typename } }`); len(a.Errors) > 0 {
		t.Errorf("__typename: %s", a.Body)
	}
}

// mustExplore fails the test unless / is the explorer, or a plain page. It
// returns the paths of the explorer's own files.
func mustExplore(t *testing.T, base string, on bool) (files []string) {
	t.Helper()
	p := exchange(t, "GET", base+"/", "")
	if p.status != http.StatusOK || on != strings.Contains(p.body, "<h1>Explorer</h1>") || on != strings.Contains(p.body, "<script") ||
		on != strings.Contains(p.header.Get("Content-Security-Policy"), "script-src") || !strings.Contains(p.body, "Latchkey") {
		t.Errorf("GET /: %d with the policy %q:\n%s", p.status, p.header.Get("Content-Security-Policy"), p.body)
	}
	for _, path := range regexp.MustCompile(`"(/assets/explorer[^"]*)"`).FindAllStringSubmatch(p.body, -1) {
		files = append(files, path[1])
	}
	if len(files) > 1 { // the scripts that the first one imports
		script := files[1]
		for _, name := range regexp.MustCompile(`from "\.(/\w+\.js)"`).FindAllStringSubmatch(exchange(t, "GET", base+script, "").body, -1) {
			files = append(files, script[:strings.LastIndex(script, "/")]+name[1])
		}
	}
	return files
}

// Introspection and suggestions are on in development and off in production.
func TestIntrospection_I4(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		for _, p := range s.Replicas {
			mustIntrospect(t, p.URL, !secure(s))
		}
	})
}

// So is the explorer: in production there is none of its files either.
func TestExplorer_I4(t *testing.T) {
	t.Parallel()
	files := mustExplore(t, sharedEmbedded.use(t).URL(), true)
	if len(files) < 6 {
		t.Errorf("the explorer's own files: %q", files)
	}
	for _, p := range sharedProduction.use(t).Replicas {
		mustExplore(t, p.URL, false)
		for _, path := range files {
			if got := exchange(t, "GET", p.URL+path, ""); got.status != http.StatusNotFound {
				t.Errorf("GET %s in production: got %d, want 404", path, got.status)
			}
		}
	}
}

// Each of both can be switched.
func TestIntrospectionSwitches_I4(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		s := testenv.Embedded(t, "INTROSPECTION=off")
		mustIntrospect(t, s.URL(), false)
		mustExplore(t, s.URL(), true)
	})
	t.Run("production", func(t *testing.T) {
		t.Parallel()
		s := testenv.NewProduction(t, "INTROSPECTION=on")
		s.Add(t)
		s.AwaitReady(t)
		mustIntrospect(t, s.URL(), true)
		mustExplore(t, s.URL(), false)
	})
}

// boundless are ways to have the schema's lists within each other: each is a few
// hundred bytes, and some had an answer of a megabyte, or took a third of a second.
var boundless = func() map[string]string {
	var types strings.Builder
	for i := range 14 {
		types.WriteString("a" + strconv.Itoa(i) + ": types { ...f } ")
	}
	lists := "kind name description fields { name description args { name type { name } } } possibleTypes { name }"
	each := " fragment f on __Type { fields { type { ...g ofType { ...g ofType { ...g ofType { ...g } } } } } }"
	doubling := ""
	for i := range 12 {
		doubling += fmt.Sprintf(" fragment f%d on __Type { ...f%d ...f%d }", i, i+1, i+1)
	}
	return map[string]string{
		"fields of the types of fields": "{ __schema { " + types.String() + "} }" + each + " fragment g on __Type { " + lists + " }",
		"types of arguments":            "{ __schema { " + types.String() + "} } fragment f on __Type { fields { args { type { name ofType { inputFields { name type { ofType { name } } } } } } } }",
		"a type by a variable":          `query ($n: String = "User") { __type(name: $n) { a: fields { ...f } b: fields { ...f } c: fields { ...f } } } fragment f on __Field { type { ...g ofType { ...g } } } fragment g on __Type { ` + lists + " }",
		"doubling fragments":            "{ __schema { types { ...f0 } } }" + doubling + " fragment f12 on __Type { name }",
		"in an operation beside it":     "query A { __typename } query B { __schema { " + types.String() + "} }" + each + " fragment g on __Type { " + lists + " }",
	}
}()

// Introspection has a cost limit like all else: what tools ask is within it, lists of
// the schema within each other are not.
func TestIntrospectionCost_I3_I4(t *testing.T) {
	t.Parallel()
	s := sharedEmbedded.use(t)
	node, script := testenv.Need(t, "TEST_NODE"), filepath.Join(testenv.Need(t, "TEST_E2E"), "introspection.mjs")
	out, err := exec.CommandContext(t.Context(), node, script).Output()
	var queries []string
	if err := errors.Join(err, json.Unmarshal(out, &queries)); err != nil || len(queries) < 8 {
		t.Fatalf("%d queries, %v", len(queries), err)
	}
	for _, query := range append(queries, introspection.Query) {
		if a := postQuery(t, s.URL(), query); a.Status != http.StatusOK || len(a.Errors) > 0 || len(a.Body) < 10_000 {
			t.Errorf("got %d %s for %s", a.Status, cut(string(a.Body)), query)
		}
	}
	for name, query := range boundless {
		a := postQuery(t, s.URL(), query)
		mustRefuse(t, name, a, http.StatusOK, notValid)
		if !strings.Contains(string(a.Body), "cost limit of introspection") {
			t.Errorf("%s: got %s", name, cut(string(a.Body)))
		}
	}
}
