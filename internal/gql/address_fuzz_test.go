package gql

import (
	"encoding/json"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzAddress compares fromAddress with the body that says the same, as FuzzEnvelope's contract reads that: both take
// the same parameters, and find the same in them. A refusal is one of the fixed ones, and no answer repeats a value.
func FuzzAddress(f *testing.F) {
	for _, tt := range badAddresses {
		f.Add(tt.raw)
	}
	for _, seed := range []string{
		"query=%7B+me%20{id}%7D&variables=%7B%22a%22%3A[1,{%22b%22:null}]%7D&operationName=A", "&&query=&=&=x", "query={me{id}}&a&b=%e2%98%83",
		"query=query($s:String){probe(text:$s)}&variables=+%7B%22s%22:%22hunter2%22}+&extensions={%22a%22:[1]}", "query=%F0%9F%98%80&vari%61bles={}",
		"query={__typename}&variables={%22a%22:%22%5Cud83d%5Cude00%22,%22b%22:-0,%22c%22:9223372036854775808}", "query=mutation{logout{errors{code}}}",
	} {
		f.Add(seed)
	}
	s := fixedServer(f, Options{Introspection: true}, nil)
	fixed := []*refusal{errAddress, errMissing, errKey, errVars, errExt, errNesting, errNumber, errNULInput}
	f.Fuzz(func(t *testing.T, raw string) {
		if len(raw) > maxBody {
			if answer := sendGET(s, raw).Body.String(); answer != said(errLong) {
				t.Errorf("%d bytes: got %s", len(raw), answer)
			}
			return
		}
		var got envelope
		refused := new(buffers).fromAddress(raw, &got)
		want, ok := addressByContract(raw)
		if (refused == nil) != ok {
			t.Fatalf("got %q, want it taken: %t", said(refused), ok)
		}
		answer := sendGET(s, raw).Body.String()
		if refused != nil {
			if !slices.Contains(fixed, refused) || answer != said(refused) {
				t.Errorf("got %s, refused with %s", answer, said(refused))
			}
			return
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("read as %#v, want %#v", got, want)
		}
		codes(t, []byte(answer))
		if strings.Contains(answer, canary) && !strings.Contains(got.query, canary) && !named(got.variables, canary) {
			t.Errorf("the answer repeats a value: %s", answer)
		}
	})
}

var percent = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// addressByContract makes the body that says what raw does, and reads it as decode promises to.
func addressByContract(raw string) (env envelope, ok bool) {
	if strings.Contains(raw, ";") || strings.Contains(percent.ReplaceAllString(raw, ""), "%") {
		return env, false
	}
	plain := func(s string) string {
		return percent.ReplaceAllStringFunc(strings.ReplaceAll(s, "+", " "), func(code string) string {
			b, _ := strconv.ParseUint(code[1:], 16, 8)
			return string([]byte{byte(b)})
		})
	}
	var members []string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = plain(name), plain(value)
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return env, false
		}
		key, _ := json.Marshal(name)
		text, _ := json.Marshal(value)
		if name == "variables" || name == "extensions" {
			if text = []byte(value); value == "" {
				text = []byte("null")
			}
			if !json.Valid(text) { // it must be one value by itself, not what makes a body of the whole
				return env, false
			}
		}
		members = append(members, string(key)+":"+string(text))
	}
	return readByContract("{" + strings.Join(members, ",") + "}")
}

// What a client writes into an address comes to what it would write into a body.
func TestAddressIsBody_I1(t *testing.T) {
	for _, variables := range []string{`{"a":[1,-2,1.5,true,null,"ä \" & = + % ; 😀",{}]}`, `{}`, `null`} {
		const query = "query A($a: Int) { probe(int: $a, text: \"& = + % ; # ä\") }\n# a comment"
		var byAddress envelope
		if refused := new(buffers).fromAddress(url.Values{"query": {query}, "operationName": {"A"}, "variables": {variables}}.Encode(), &byAddress); refused != nil {
			t.Fatal(said(refused))
		}
		body, _ := json.Marshal(map[string]any{"query": query, "operationName": "A", "variables": json.RawMessage(variables)})
		if byBody, _ := decodeEnvelope(string(body)); !reflect.DeepEqual(byAddress, byBody) {
			t.Errorf("got %#v, want %#v", byAddress, byBody)
		}
	}
}
