package gql

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

func decodeEnvelope(body string) (env envelope, refused *refusal) {
	refused = env.decode(jsontext.NewDecoder(bytes.NewBufferString(body)))
	return env, refused
}

// said is the answer of a refusal, empty for none.
func said(r *refusal) string {
	if r == nil {
		return ""
	}
	return string(r.body)
}

func TestEnvelope_I1(t *testing.T) {
	got, refused := decodeEnvelope(` {"variables" : {"a":[1,-2,1.5,1e3,true,null,"\ud83d\ude00",{}],"b":{}}, "id":[{"query":5}],
		"operationName":"A", "qu\u0065ry":"{ me }", "extensions":{"clientLibrary":{"name":"x"}}} `)
	if refused != nil {
		t.Fatalf("refused: %s", said(refused))
	}
	want := envelope{query: "{ me }", operationName: "A", variables: map[string]any{
		"a": []any{int64(1), int64(-2), 1.5, 1000.0, true, nil, "😀", map[string]any{}}, "b": map[string]any{},
	}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(envelope{})); diff != "" {
		t.Error(diff)
	}
	got, refused = decodeEnvelope(`{"query":"","operationName":null,"variables":null,"extensions":null}`)
	if diff := cmp.Diff(envelope{}, got, cmp.AllowUnexported(envelope{})); diff != "" || refused != nil {
		t.Error(said(refused), diff)
	}
}

// nested is n lists, each but the last with the next in it.
func nested(n int) string { return strings.Repeat(`[`, n) + strings.Repeat(`]`, n) }

var badEnvelopes = []struct {
	name, body string
	want       *refusal
}{
	{"empty", ``, errBody},
	{"no JSON", `hunter2`, errBody},
	{"null", `null`, errBody},
	{"string", `"hunter2"`, errBody},
	{"batch", `[{"query":"{ me { id } }"}]`, errBatch},
	{"no end", `{"query":"hunter2"`, errBody},
	{"no value", `{"query":}`, errQuery},
	{"no comma", `{"query":"hunter2" "variables":{}}`, errBody},
	{"comma at the end", `{"query":"hunter2",}`, errBody},
	{"comment", `{"query":"hunter2"/**/}`, errBody},
	{"single quotes", `{'query':'hunter2'}`, errBody},
	{"something behind it", `{"query":"hunter2"}{}`, errBody},
	{"garbage behind it", `{"query":"hunter2"}]`, errBody},
	{"byte order mark", "\xef\xbb\xbf" + `{"query":"hunter2"}`, errBody},
	{"no query", `{"variables":{}}`, errQuery},
	{"query null", `{"query":null}`, errQuery},
	{"query number", `{"query":5}`, errQuery},
	{"query object", `{"query":{"a":"hunter2"}}`, errQuery},
	{"name number", `{"query":"{ me }","operationName":5}`, errName},
	{"variables list", `{"query":"{ me }","variables":["hunter2"]}`, errVars},
	{"variables string", `{"query":"{ me }","variables":"hunter2"}`, errVars},
	{"extensions list", `{"query":"{ me }","extensions":["hunter2"]}`, errExt},
	{"other case", `{"Query":"hunter2"}`, errKey},
	{"other case beside", `{"query":"{ me }","VARIABLES":{}}`, errKey},
	{"other case, folded", `{"query":"{ me }","variableſ":{}}`, errKey},
	{"query twice", `{"query":"{ me }","query":"hunter2"}`, errBody},
	{"query twice, escaped", `{"query":"{ me }","qu\u0065ry":"hunter2"}`, errBody},
	{"unknown twice", `{"query":"{ me }","a":1,"a":2}`, errBody},
	{"variable twice", `{"query":"{ me }","variables":{"a":1,"a":2}}`, errBody},
	{"twice further in", `{"query":"{ me }","variables":{"a":[{"b":1,"b":"hunter2"}]}}`, errBody},
	{"twice in extensions", `{"query":"{ me }","extensions":{"a":1,"a":2}}`, errBody},
	{"nested too deeply", `{"query":"{ me }","variables":{"a":` + nested(maxNesting) + `}}`, errNesting},
	{"huge number", `{"query":"{ me }","variables":{"a":1e999}}`, errNumber},
}

func TestBadEnvelope_I1(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	for _, tt := range badEnvelopes {
		t.Run(tt.name, func(t *testing.T) {
			if _, got := decodeEnvelope(tt.body); got != tt.want {
				t.Errorf("got %s, want %s", said(got), said(tt.want))
			}
			w := sendBody(s, tt.body)
			wantRefusal(t, w, http.StatusBadRequest)
			if strings.Contains(w.Body.String(), "hunter2") {
				t.Errorf("the answer repeats the body: %s", w.Body)
			}
		})
	}
}

var badStrings = []struct {
	body string
	want *refusal
}{
	{`{"query":"{ me }\u0000"}`, errNULInput},
	{`{"query":"{ me }","operationName":"\u0000"}`, errNULInput},
	{`{"query":"{ me }","variables":{"a":"x\u0000"}}`, errNULInput},
	{`{"query":"{ me }","variables":{"a":[{"b\u0000":1}]}}`, errNULInput},
	{"{\"query\":\"{ me }\",\"variables\":{\"a\":\"\x00\"}}", errBody},
	{`{"query":"{ me }","variables":{"a":"\ud800"}}`, errBody},
	{`{"query":"{ me }","variables":{"a":"\ude00\ud83d"}}`, errBody},
	{`{"query":"{ me }","variables":{"\udfff":1}}`, errBody},
	{"{\"query\":\"{ me }\",\"variables\":{\"a\":\"\xff\"}}", errBody},
	{"{\"query\":\"{ me }\",\"variables\":{\"a\":\"\xed\xa0\x80\"}}", errBody},
	{"{\"query\":\"{ me \xc0\x80 }\"}", errBody},
}

func TestStrings_B5(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	for _, tt := range badStrings {
		if _, got := decodeEnvelope(tt.body); got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.body, said(got), said(tt.want))
		}
		if got := codes(t, sendBody(s, tt.body).Body.Bytes()); len(got) != 1 || got[0] != "BAD_USER_INPUT" {
			t.Errorf("%q: got %v, want BAD_USER_INPUT", tt.body, got)
		}
	}
}
