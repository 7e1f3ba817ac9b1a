package e2e_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

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
	if p.status != http.StatusOK || on != strings.Contains(p.body, "graphiql") || on != strings.Contains(p.body, "<script") ||
		on != strings.Contains(p.header.Get("Content-Security-Policy"), "script-src") || !strings.Contains(p.body, "Latchkey") {
		t.Errorf("GET /: %d with the policy %q:\n%s", p.status, p.header.Get("Content-Security-Policy"), p.body)
	}
	for _, path := range regexp.MustCompile(`"(/assets/explorer[^"]*)"`).FindAllStringSubmatch(p.body, -1) {
		files = append(files, path[1])
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
	if len(files) != 2 {
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
