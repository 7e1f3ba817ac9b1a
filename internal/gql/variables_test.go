package gql

import (
	"strings"
	"testing"
)

func TestVariables(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	login := `"query":"mutation($in: LoginInput!) { login(input: $in) { errors { code } } }"`
	probes := `"query":"query($in: [ProbeInput!]) { probe(in: $in) }"`
	tests := []struct{ request, says string }{
		{login, "must be defined"},
		{login + `,"variables":{"in":null}`, "cannot be null"},
		{login + `,"variables":{"in":"hunter2"}`, "must be a LoginInput"},
		{login + `,"variables":{"in":{"login":5,"password":"hunter2"}}`, "as String"},
		{login + `,"variables":{"in":{"login":1.5,"password":"hunter2"}}`, "as String"},
		{login + `,"variables":{"in":{"login":true,"password":"hunter2"}}`, "as String"},
		{login + `,"variables":{"in":{"login":["ada"],"password":"hunter2"}}`, "as String"},
		{login + `,"variables":{"in":{"login":"ada","password":"hunter2","x":1}}`, "unknown field"},
		{login + `,"variables":{"in":{"login":"ada","password":"x","transport":"hunter2"}}`, "TokenTransport"},
		{login + `,"variables":{"in":{"login":"ada"}}`, "must be defined"},
		{`"query":"query($n: Int) { probe(int: $n) }","variables":{"n":true}`, "as Int"},
		{`"query":"query($n: Int) { probe(int: $n) }","variables":{"n":1.5}`, "as Int"},
		{`"query":"query($n: Int) { probe(int: $n) }","variables":{"n":"5"}`, "32 bits"},
		{`"query":"query($n: Int) { probe(int: $n) }","variables":{"n":2147483648}`, "32 bits"},
		{`"query":"query($n: Int) { probe(int: $n) }","variables":{"n":99999999999999999999}`, "32 bits"},
		{`"query":"query($r: Role) { probe(role: $r) }","variables":{"r":"admin"}`, "not a valid Role"},
		{`"query":"query($r: Role) { probe(role: $r) }","variables":{"r":1}`, "not a valid Role"},
		{probes + `,"variables":{"in":[{"int":1},{"int":"5"}]}`, `["variable","in",1,"int"]`},
		{probes + `,"variables":{"in":[{"roles":["USER","user"]}]}`, "not a valid Role"},
		{probes + `,"variables":{"in":[null]}`, "cannot be null"},
		{probes + `,"variables":{"in":{"roles":5}}`, "not a valid Role"},
		{probes + `,"variables":{"in":{"roles":"user"}}`, "not a valid Role"},
		{probes + `,"variables":{"in":{"int":99999999999}}`, "32 bits"},
		{`"query":"query($id: ID!) { node(id: $id) { id } }","variables":{"id":1.5}`, "as ID"},
		{`"query":"query($b: Boolean = true) { me @skip(if: $b) { id } }","variables":{"b":null}`, "cannot be null"},
	}
	for _, tt := range tests {
		w := sendBody(s, `{`+tt.request+`}`)
		wantOneError(t, w, "BAD_USER_INPUT", tt.says)
		if strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("%s: the answer repeats a value: %s", tt.request, w.Body)
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
