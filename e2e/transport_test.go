package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

const (
	badInput     = "BAD_USER_INPUT"
	notValid     = "GRAPHQL_VALIDATION_FAILED"
	typenameBody = `{"query":"{ __typename }"}`
)

// loginText is a login in the text of a document, with a password.
const loginText = `mutation { login(input: {login: "ada", password: "` + typed + `"}) { errors { code } } }`

// Nothing but GET and POST is taken, and nothing that came by another method is run.
func TestMethods_I1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		const query = "/graphql?query=%7B__typename%7D"
		for _, method := range []string{"PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FROBNICATE", "post", "get"} {
			body := document(loginText)
			if method == "TRACE" {
				body = "" // a Go client sends none
			}
			p := exchange(t, method, s.URL()+query, body, "Content-Type", "application/json")
			if p.header.Get("Allow") != "GET, HEAD, POST" {
				t.Errorf("%s: got Allow %q", method, p.header.Get("Allow"))
			}
			mustRefuse(t, method, answered(p), http.StatusMethodNotAllowed, badInput)
		}
		if a := postJSON(t, s.URL(), typenameBody); a.Status != http.StatusOK || len(a.Errors) > 0 {
			t.Errorf("POST: %d %s", a.Status, a.Body)
		}
		// What the address says is nothing to a POST.
		p := exchange(t, "POST", s.URL()+query+"&variables=%7B%7D", `{}`, "Content-Type", "application/json")
		mustRefuse(t, "a query in the address", answered(p), http.StatusBadRequest, badInput)
	})
}

// A body is JSON in UTF-8, and says so: a form of another site cannot (I5).
func TestContentTypes_I1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		for _, kind := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"} {
			if p := exchange(t, "POST", s.URL()+"/graphql", typenameBody, "Content-Type", kind); p.status != http.StatusOK {
				t.Errorf("%s: got %d %s", kind, p.status, p.body)
			}
		}
		for _, header := range [][]string{
			{}, {"Content-Type", ""}, {"Content-Type", "text/plain"}, {"Content-Type", "text/plain; application/json"},
			{"Content-Type", "application/x-www-form-urlencoded"}, {"Content-Type", "multipart/form-data; boundary=x"},
			{"Content-Type", "application/graphql"}, {"Content-Type", "application/json; charset=utf-16"}, {"Content-Type", "text/json"},
			{"Content-Type", "application/json, text/plain"}, {"Content-Type", "application/json", "Content-Encoding", "gzip"},
			{"Content-Type", "text/plain", "Content-Type", "application/json"},
		} {
			p := exchange(t, "POST", s.URL()+"/graphql", document(loginText), header...)
			mustRefuse(t, strings.Join(header, " "), answered(p), http.StatusUnsupportedMediaType, badInput)
		}
		for _, accept := range []string{"text/html", "text/event-stream", "multipart/mixed"} {
			mustRefuse(t, accept, postJSON(t, s.URL(), document(loginText), "Accept", accept), http.StatusNotAcceptable, badInput)
		}
	})
}

// What is not exactly one JSON object with known names is refused by a fixed
// text: each of these bodies holds a password, and exchange looks for it.
func TestBodies_I1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		whole := `{"query":"mutation ($p: String!) { login(input: {login: \"ada\", password: $p}) { errors { code } } }","variables":{"p":"` + typed + `"}}`
		for name, body := range map[string]string{
			"nothing":                      ``,
			"white space":                  " \n",
			"null":                         `null`,
			"a string":                     `"` + typed + `"`,
			"a number":                     `5`,
			"a batch":                      `[` + whole + `]`,
			"a batch of two":               `[` + whole + `,` + whole + `]`,
			"an empty batch":               `[]`,
			"an empty object":              `{}`,
			"cut short":                    whole[:len(whole)-2],
			"cut in the password":          strings.Replace(whole, typed+`"}}`, typed, 1),
			"no JSON":                      `query=` + typed,
			"apostrophes":                  strings.ReplaceAll(whole, `"`, `'`),
			"a comment":                    `/* ` + typed + ` */` + whole,
			"a mark of the byte order":     "\ufeff" + whole,
			"UTF-16":                       "\xff\xfe{\x00}\x00",
			"a comma too many":             strings.Replace(whole, `"}}`, `",}}`, 1),
			"another object behind":        whole + whole,
			"text behind":                  whole + " " + typed,
			"a brace behind":               whole + "}",
			"query twice":                  `{"query":"{ __typename }",` + whole[1:],
			"variables twice":              strings.Replace(whole, `"variables"`, `"variables":{},"variables"`, 1),
			"an unknown name twice":        `{"a":1,"a":2,` + whole[1:],
			"query twice by an escape":     `{"\u0071uery":"{ __typename }",` + whole[1:],
			"a variable twice":             strings.Replace(whole, `{"p"`, `{"p":"x","p"`, 1),
			"Query":                        strings.Replace(whole, `"query"`, `"Query"`, 1),
			"QUERY beside query":           `{"QUERY":"{ __typename }",` + whole[1:],
			"Variables":                    strings.Replace(whole, `"variables"`, `"Variables"`, 1),
			"operationname":                `{"operationname":"` + typed + `",` + whole[1:],
			"EXTENSIONS":                   `{"EXTENSIONS":{},` + whole[1:],
			"query is a number":            strings.Replace(whole, `"query":"`, `"query":5,"x":"`, 1),
			"query is null":                `{"query":null,"variables":{"p":"` + typed + `"}}`,
			"query is an object":           `{"query":{"a":"` + typed + `"}}`,
			"operationName is a list":      `{"operationName":["` + typed + `"],` + whole[1:],
			"variables are a list":         `{"query":"{ __typename }","variables":["` + typed + `"]}`,
			"variables are a string":       `{"query":"{ __typename }","variables":"` + typed + `"}`,
			"extensions are a string":      `{"extensions":"` + typed + `",` + whole[1:],
			"a persisted query":            `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("0", 64) + `"}}}`,
			"bytes that are no UTF-8":      strings.Replace(whole, typed, typed+"\xff", 1),
			"half a surrogate pair":        strings.Replace(whole, typed, typed+`\ud800`, 1),
			"a name with half a pair":      `{"\ud800":"` + typed + `",` + whole[1:],
			"a line break in a string":     strings.Replace(whole, typed, typed+"\n", 1),
			"a bad escape":                 strings.Replace(whole, typed, typed+`\x00`, 1),
			"not a number":                 strings.Replace(whole, `"`+typed+`"`, `NaN`, 1),
			"a number without end":         strings.Replace(whole, `"`+typed+`"`, `1e999`, 1),
			"lists in lists":               strings.Replace(whole, `"`+typed+`"`, strings.Repeat("[", 20)+strings.Repeat("]", 20), 1),
			"lists in lists without end":   strings.Replace(whole, `"`+typed+`"`, strings.Repeat("[", 90_000), 1),
			"objects in objects":           `{"variables":` + strings.Repeat(`{"a":`, 15_000) + `1`,
			"an unknown name without end":  `{"x":` + strings.Repeat("[", 90_000),
			"a broken value of no concern": `{"x":tru,` + whole[1:],
		} {
			mustRefuse(t, name, postJSON(t, s.URL(), body, "X-Forwarded-For", testenv.ClientAddress()), http.StatusBadRequest, badInput)
		}
		for name, body := range map[string]string{
			"names that nobody knows": `{"x":[1,{"y":null}],"id":7,` + typenameBody[1:],
			"nulls":                   `{"operationName":null,"variables":null,"extensions":null,` + typenameBody[1:],
			"white space around":      " \r\n\t" + typenameBody + "\n",
		} {
			if a := postJSON(t, s.URL(), body); a.Status != http.StatusOK || len(a.Errors) > 0 {
				t.Errorf("%s: got %d %s", name, a.Status, a.Body)
			}
		}
	})
}

// A document that cannot be parsed or variables that do not fit are refused
// without repeating what was in them.
func TestNothingIsEchoed_I1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		for name, query := range map[string]string{
			"a string where none may be": `mutation { login("` + typed + `") }`,
			"an open string":             `mutation { login(input: {login: "ada", password: "` + typed + `}) { errors { code } } }`,
			"a block string":             `{ me """` + typed + `""" }`,
			"a string for an object":     `mutation { login(input: "` + typed + `") { errors { code } } }`,
			"a string for an enum":       `mutation { login(input: {login: "a", password: "b", transport: "` + typed + `"}) { errors { code } } }`,
			"a list for a string":        `mutation { login(input: {login: "a", password: ["` + typed + `"]}) { errors { code } } }`,
			"an object for a string":     `mutation { login(input: {login: "a", password: {a: "` + typed + `"}}) { errors { code } } }`,
			"a bad escape":               `mutation { login(input: {login: "a", password: "` + typed + `\q"}) { errors { code } } }`,
			"a default":                  `mutation ($p: Int = "` + typed + `") { login(input: {login: "a", password: $p}) { errors { code } } }`,
		} {
			a := postQuery(t, s.URL(), query)
			if a.Status != http.StatusOK || a.Data != nil || (a.Code() != notValid && a.Code() != "GRAPHQL_PARSE_FAILED") {
				t.Errorf("%s: got %d %s", name, a.Status, a.Body)
			}
		}
		const withInput = `mutation ($i: LoginInput!) { login(input: $i) { errors { code } } }`
		for name, value := range map[string]any{
			"none": nil, "a string": typed, "a list": []string{typed}, "no password": map[string]any{"login": typed},
			"a list as a password": map[string]any{"login": "a", "password": []string{typed}},
			"an unknown name":      map[string]any{"login": "a", "password": typed, "x": typed},
			"another transport":    map[string]any{"login": "a", "password": typed, "transport": typed},
			"a number":             map[string]any{"login": typed, "password": 5},
		} {
			a := postJSON(t, s.URL(), variablesBody(testenv.Request{Query: withInput, Variables: map[string]any{"i": value}}))
			mustRefuse(t, name, a, http.StatusOK, badInput)
		}
		mustRefuse(t, "another operation", postJSON(t, s.URL(), `{"operationName":"`+typed+`",`+typenameBody[1:]), http.StatusOK, badInput)
	})
}
