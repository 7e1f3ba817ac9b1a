package gql

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
)

func TestVariables(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	login := `"query":"mutation($in: LoginInput!) { login(input: $in) { errors { code } } }"`
	probes := `"query":"query($in: [ProbeInput!]) { probe(in: $in) }"`
	const intN, roleR = `"query":"query($n: Int) { probe(int: $n) }","variables":`, `"query":"query($r: Role) { probe(role: $r) }","variables":`
	tests := []struct{ request, says string }{
		{login, `Variable "$in" of required type "LoginInput!" was not provided.`},
		{login + `,"variables":{"in":null}`, `Variable "$in" of non-null type "LoginInput!" must not be null.`},
		{login + `,"variables":{"in":"hunter2"}`, `Variable "$in" got invalid value; Expected type "LoginInput" to be an object.`},
		{login + `,"variables":{"in":{"login":5,"password":"hunter2"}}`, `Variable "$in" got invalid value at "in.login"; String cannot represent a non string value.`},
		{login + `,"variables":{"in":{"login":"ada","password":12345678}}`, `Variable "$in" got invalid value at "in.password"; String cannot represent a non string value.`},
		{login + `,"variables":{"in":{"login":true,"password":"hunter2"}}`, `Variable "$in" got invalid value at "in.login"; String cannot represent a non string value.`},
		{login + `,"variables":{"in":{"login":["ada"],"password":"hunter2"}}`, `Variable "$in" got invalid value at "in.login"; String cannot represent a non string value.`},
		{login + `,"variables":{"in":{"login":"ada","pasword":"hunter2"}}`, `Variable "$in" got invalid value; Field "pasword" is not defined by type "LoginInput".`},
		{login + `,"variables":{"in":{"login":"ada","password":"x","my hunter2":1}}`, `Variable "$in" got invalid value; A field is not defined by type "LoginInput".`},
		{login + `,"variables":{"in":{"login":"ada","password":"x","` + strings.Repeat("h", 65) + `":1}}`, `Variable "$in" got invalid value; A field is not defined by type "LoginInput".`},
		{login + `,"variables":{"in":{"login":"ada","password":"x","transport":"hunter2"}}`, `Variable "$in" got invalid value at "in.transport"; Value does not exist in "TokenTransport" enum.`},
		{login + `,"variables":{"in":{"login":"ada","password":"x","transport":null}}`, `Variable "$in" got invalid value at "in.transport"; Expected non-nullable type "TokenTransport!" not to be null.`},
		{login + `,"variables":{"in":{"login":"ada"}}`, `Variable "$in" got invalid value; Field "password" of required type "String!" was not provided.`},
		{intN + `{"n":true}`, `Variable "$n" got invalid value; Int cannot represent non-integer value.`},
		{intN + `{"n":1.5}`, `Variable "$n" got invalid value; Int cannot represent non-integer value.`},
		{intN + `{"n":"5"}`, `Variable "$n" got invalid value; Int cannot represent non-integer value.`},
		{intN + `{"n":2147483648}`, `Variable "$n" got invalid value; Int cannot represent non 32-bit signed integer value.`},
		{intN + `{"n":1e10}`, `Variable "$n" got invalid value; Int cannot represent non 32-bit signed integer value.`},
		{intN + `{"n":99999999999999999999}`, `Variable "$n" got invalid value; Int cannot represent non 32-bit signed integer value.`},
		{roleR + `{"r":"admin"}`, `Variable "$r" got invalid value; Value does not exist in "Role" enum.`},
		{roleR + `{"r":1}`, `Variable "$r" got invalid value; Enum "Role" cannot represent non-string value.`},
		{probes + `,"variables":{"in":[{"int":1},{"int":"5"}]}`, `Variable "$in" got invalid value at "in[1].int"; Int cannot represent non-integer value.`},
		{probes + `,"variables":{"in":[{"roles":["USER","user"]}]}`, `Variable "$in" got invalid value at "in[0].roles[1]"; Value does not exist in "Role" enum.`},
		{probes + `,"variables":{"in":[null]}`, `Variable "$in" got invalid value at "in[0]"; Expected non-nullable type "ProbeInput!" not to be null.`},
		{probes + `,"variables":{"in":{"roles":5}}`, `Variable "$in" got invalid value at "in.roles"; Enum "Role" cannot represent non-string value.`},
		{probes + `,"variables":{"in":{"roles":"user"}}`, `Variable "$in" got invalid value at "in.roles"; Value does not exist in "Role" enum.`},
		{`"query":"query($id: ID!) { node(id: $id) { id } }","variables":{"id":1.5}`, `Variable "$id" got invalid value; ID cannot represent a non-string and non-integer value.`},
		{`"query":"query($id: ID!) { node(id: $id) { id } }","variables":{"id":1e18}`, `Variable "$id" got invalid value; ID cannot represent a non-string and non-integer value.`},
		{`"query":"query($b: Boolean = true) { me @skip(if: $b) { id } }","variables":{"b":null}`, `Variable "$b" of non-null type "Boolean!" must not be null.`},
		{`"query":"query($b: Boolean!) { me @skip(if: $b) { id } }","variables":{"b":"true"}`, `Variable "$b" got invalid value; Boolean cannot represent a non boolean value.`},
	}
	for _, tt := range tests {
		w := sendBody(s, `{`+tt.request+`}`)
		wantOneError(t, w, "BAD_USER_INPUT", strconv.Quote(tt.says))
		if strings.Contains(w.Body.String(), "hunter2") || strings.Contains(w.Body.String(), "12345678") {
			t.Errorf("%s: the answer repeats a value: %s", tt.request, w.Body)
		}
		// Where the variable is declared, which is what a client can show; a path is a field's.
		if column := strings.Index(tt.request, "$") - len(`"query":"`) + 1; !strings.Contains(w.Body.String(), fmt.Sprintf(`"locations":[{"line":1,"column":%d}]`, column)) ||
			strings.Contains(w.Body.String(), `"path"`) {
			t.Errorf("%s: the place is not %d: %s", tt.request, column, w.Body)
		}
	}
	for _, request := range []string{
		login + `,"variables":{"in":{"login":"ada","password":"hunter2"},"unused":1}`,
		`"query":"query($id: ID!) { node(id: $id) { id } }","variables":{"id":5}`,
		`"query":"query($n: Int) { probe(int: $n) }","variables":{"n":5}`,
		`"query":"query($n: Int) { probe(int: $n) }","variables":{"n":-2147483648}`,
		`"query":"query($n: Int) { probe(int: $n) }","variables":{"n":5.0}`,
		`"query":"query($n: Int) { probe(int: $n) }","variables":{"n":null}`,
		`"query":"query($n: Int = 5) { probe(int: $n) }"`,
		`"query":"query($r: Role = ADMIN) { probe(role: $r) }"`,
		probes + `,"variables":{"in":[{"int":1,"roles":["USER"]},{"int":null,"roles":null},{}]}`,
		probes + `,"variables":{"in":{"int":1,"roles":"USER"}}`,
		probes,
		`"query":"query($b: Boolean = true) { me @skip(if: $b) { id } }","variables":{"b":false}`,
		`"query":"query($b: Boolean = true) { me @skip(if: $b) { id } }"`,
	} {
		if w := sendBody(s, `{`+request+`}`); len(codes(t, w.Body.Bytes())) != 0 {
			t.Errorf("%s: got %s", request, w.Body)
		}
	}
}

// The nearest that exists is named where the schema may be seen, and nowhere else.
func TestNearestVariables_I4(t *testing.T) {
	seen, unseen := fixedServer(t, Options{Introspection: true}, nil), fixedServer(t, Options{}, nil)
	for _, tt := range []struct{ request, says string }{
		{`"query":"query($r: Role) { probe(role: $r) }","variables":{"r":"admin"}`, ` Did you mean the enum value "ADMIN"?`},
		{`"query":"query($r: [ProbeInput!]) { probe(in: $r) }","variables":{"r":{"role":["USER"]}}`, ` Did you mean "roles"?`},
		{`"query":"mutation($r: LoginInput!) { login(input: $r) { errors { code } } }","variables":{"r":{"login":"a","pasword":"hunter2"}}`, ` Did you mean "password"?`},
	} {
		wantOneError(t, sendBody(seen, `{`+tt.request+`}`), "BAD_USER_INPUT", strings.ReplaceAll(tt.says, `"`, `\"`))
		if w := sendBody(unseen, `{`+tt.request+`}`); strings.Contains(w.Body.String(), "mean") {
			t.Errorf("without introspection: %s", w.Body)
		}
	}
	for _, far := range []string{`"hunter2"`, `"` + strings.Repeat("ADMIN", 20) + `"`, `"ADMIN "`} {
		w := sendBody(seen, `{"query":"query($r: Role) { probe(role: $r) }","variables":{"r":`+far+`}}`)
		if strings.Contains(w.Body.String(), "mean") {
			t.Errorf("%s: got %s", far, w.Body)
		}
	}
}

// What the resolvers get is of the types that were declared.
func TestVariableValues(t *testing.T) {
	var ran map[string]any
	s := fixedServer(t, Options{}, func(ctx context.Context) *graphql.Response {
		ran = graphql.GetOperationContext(ctx).Variables
		return &graphql.Response{Data: []byte(`{}`)}
	})
	body := `{"query":"query($a: Int, $b: [ProbeInput!], $c: Role = ADMIN, $d: ID!, $e: ID!, $f: Int, $g: Int) {` +
		` probe(int: $a, in: $b, role: $c) node(id: $d) { id } n: node(id: $e) { id } p: probe(int: $f) q: probe(int: $g) }",` +
		`"variables":{"a":5.0,"b":{"int":1e3,"roles":"USER","__typename":"x"},"d":7,"e":7.0,"f":null,"unused":1}}`
	if w := sendBody(s, body); len(codes(t, w.Body.Bytes())) != 0 {
		t.Fatal(w.Body)
	}
	want := map[string]any{
		"a": int64(5), "b": []any{map[string]any{"int": int64(1000), "roles": []any{"USER"}}}, "c": "ADMIN", "d": int64(7), "e": int64(7), "f": nil,
	}
	if !reflect.DeepEqual(ran, want) {
		t.Errorf("got %#v, want %#v", ran, want)
	}
}
