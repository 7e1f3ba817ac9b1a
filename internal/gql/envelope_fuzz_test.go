package gql

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// canary stands for a password in what is sent.
const canary = "hunter2"

// FuzzEnvelope compares decode with its contract as encoding/json reads it: both take the same bodies, and find the
// same in them. A refusal is one of the fixed ones, and no answer repeats a value.
func FuzzEnvelope(f *testing.F) {
	for _, tt := range badEnvelopes {
		f.Add(tt.body)
	}
	for _, tt := range badStrings {
		f.Add(tt.body)
	}
	for _, seed := range []string{
		typename, `{"query":"{ me { id } }","variables":{"a":[1,{"b":null}]},"operationName":null}`, `{"Query":"x"}`,
		`{"query":"mutation { login(input: {login: \"a\", password: \"\\u0000\"}) { errors { code } } }"}`,
		`{"query":"","variables":{"a":"\ud800","a":1}}x`, `{"query":"{ me { id } }","extensions":{"a":[[[]]]}} `,
		`{"query":"query($i: Int, $r: Role) { probe(int: $i, role: $r) }","variables":{"i":"hunter2","r":"hunter2"}}`,
		`{"query":"mutation($in: LoginInput!) { login(input: $in) { errors { code } } }","variables":{"in":{"login":["hunter2"],"password":"hunter2"}}}`,
		`{"query":"{ me { id } }","variables":{"a":` + nested(maxNesting-1) + `,"b":-0,"c":1E+2,"d":9223372036854775808,"e":1e-999}}`,
		`{"query":"{ me { id } }","extensions":{"a":"\u0000"},"a":1e999,"b":[{"query":"a","Query":"b"}],"c\u0000":0}`,
		`{"query":"\ud83d\ude00\\ud800\u2028","operationName":"\"\\\/\b\f\n\r\t"}`,
	} {
		f.Add(seed)
	}
	s := fixedServer(f, Options{Introspection: true}, nil)
	fixed := []*refusal{errBody, errBatch, errKey, errQuery, errName, errVars, errExt, errNesting, errNumber, errNULInput}
	f.Fuzz(func(t *testing.T, body string) {
		w := sendBody(s, body)
		answer := w.Body.String()
		if len(body) > maxBody {
			if answer != said(errSize) || w.Code != http.StatusRequestEntityTooLarge {
				t.Errorf("%d bytes: got %d %s", len(body), w.Code, answer)
			}
			return
		}
		got, refused := decodeEnvelope(body)
		want, ok := readByContract(body)
		if (refused == nil) != ok {
			t.Fatalf("got %q, want it taken: %t", said(refused), ok)
		}
		if refused != nil {
			if !slices.Contains(fixed, refused) || answer != said(refused) {
				t.Errorf("got %s, refused with %s", answer, said(refused))
			}
			return
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("read as %#v, want %#v", got, want)
		}
		codes(t, w.Body.Bytes())
		if strings.Contains(answer, canary) && !strings.Contains(got.query, canary) && !named(got.variables, canary) {
			t.Errorf("the answer repeats a value: %s", answer)
		}
	})
}

// named reports whether a name in value contains part.
func named(value any, part string) bool {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			if strings.Contains(name, part) || named(member, part) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return named(e, part) })
	}
	return false
}

var likeKnown = regexp.MustCompile(`(?i)^(query|operationName|variables|extensions)$`)

// readByContract reads a body as decode promises to, by encoding/json; false if it must be refused.
func readByContract(body string) (env envelope, ok bool) {
	if !utf8.ValidString(body) || !json.Valid([]byte(body)) || loneSurrogate(body) {
		return env, false
	}
	dec := json.NewDecoder(strings.NewReader(body))
	dec.UseNumber()
	value, ok := onceNamed(dec)
	object, isObject := value.(map[string]any)
	if !ok || !isObject {
		return env, false
	}
	for name := range object {
		if known := []string{"query", "operationName", "variables", "extensions"}; likeKnown.MatchString(name) && !slices.Contains(known, name) {
			return env, false
		}
	}
	env.query, ok = object["query"].(string)
	if !ok || strings.ContainsRune(env.query, 0) {
		return env, false
	}
	if v := object["operationName"]; v != nil {
		if env.operationName, ok = v.(string); !ok || strings.ContainsRune(env.operationName, 0) {
			return env, false
		}
	}
	if v := object["variables"]; v != nil {
		taken, within := asVariable(v, 1)
		if env.variables, ok = taken.(map[string]any); !within || !ok {
			return env, false
		}
	}
	if v := object["extensions"]; v != nil {
		if _, ok := v.(map[string]any); !ok {
			return env, false
		}
	}
	return env, true
}

// onceNamed reads a value of valid JSON; false if an object in it has a name twice.
func onceNamed(dec *json.Decoder) (any, bool) {
	token, err := dec.Token()
	if err != nil {
		return nil, false
	}
	switch token {
	case json.Delim('{'):
		object, once := map[string]any{}, true
		for dec.More() {
			name, _ := dec.Token()
			_, twice := object[name.(string)]
			value, ok := onceNamed(dec)
			object[name.(string)], once = value, once && ok && !twice
		}
		_, err = dec.Token()
		return object, once && err == nil
	case json.Delim('['):
		list, once := []any{}, true
		for dec.More() {
			value, ok := onceNamed(dec)
			list, once = append(list, value), once && ok
		}
		_, err = dec.Token()
		return list, once && err == nil
	}
	return token, true
}

// asVariable makes of a value at depth what an envelope holds for it; false beyond the bounds of variables.
func asVariable(value any, depth int) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		object := map[string]any{}
		for name, member := range v {
			taken, ok := asVariable(member, depth+1)
			if !ok || strings.ContainsRune(name, 0) {
				return nil, false
			}
			object[name] = taken
		}
		return object, depth <= maxNesting
	case []any:
		list := []any{}
		for _, element := range v {
			taken, ok := asVariable(element, depth+1)
			if !ok {
				return nil, false
			}
			list = append(list, taken)
		}
		return list, depth <= maxNesting
	case string:
		return v, !strings.ContainsRune(v, 0)
	case json.Number:
		if i, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return i, true
		}
		f, err := strconv.ParseFloat(v.String(), 64)
		return f, err == nil
	}
	return value, true
}

// loneSurrogate reports whether a string of valid JSON escapes half of a pair.
func loneSurrogate(body string) bool {
	unit := func(i int) uint64 {
		if len(body) < i+6 || body[i:i+2] != `\u` {
			return 0
		}
		n, _ := strconv.ParseUint(body[i+2:i+6], 16, 32)
		return n
	}
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		switch n := unit(i); {
		case n >= 0xdc00 && n <= 0xdfff:
			return true
		case n >= 0xd800 && n <= 0xdbff:
			if low := unit(i + 6); low < 0xdc00 || low > 0xdfff {
				return true
			}
			i += 11
		default:
			i++
		}
	}
	return false
}
