package gql

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
)

// sendGET asks with what follows the question mark, with headers given as name and value in turn.
func sendGET(s *server, raw string, headers ...string) *httptest.ResponseRecorder {
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/graphql", RawQuery: raw}, Header: http.Header{}, Body: http.NoBody}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// A query runs by GET as it does by POST, and nobody keeps the answer.
func TestQueryByGET_I1(t *testing.T) {
	var ran *graphql.OperationContext
	s := fixedServer(t, Options{}, func(ctx context.Context) *graphql.Response {
		ran = graphql.GetOperationContext(ctx)
		return &graphql.Response{Data: []byte(`{"ran":true}`)}
	})
	const query = `query A($int: Int) { probe(int: $int) } query B { me { id } }`
	w := sendGET(s, url.Values{
		"query": {query}, "operationName": {"A"}, "variables": {`{"int":5}`}, "extensions": {`{"persistedQuery":{"version":1}}`}, "other": {"x"},
	}.Encode(), "Accept", "application/graphql-response+json")
	if w.Code != http.StatusOK || w.Body.String() != `{"data":{"ran":true}}` || w.Header().Get("Cache-Control") != "no-store" ||
		w.Header().Get("Content-Type") != contentTypes[typeResponse][0] {
		t.Errorf("got %d %s %v", w.Code, w.Body, w.Header())
	}
	if ran == nil || ran.Operation.Name != "A" || !reflect.DeepEqual(ran.Variables, map[string]any{"int": int64(5)}) {
		t.Errorf("ran %+v", ran)
	}
	for _, raw := range []string{
		"query={__typename}", "query=%7B+__typename%20%7D", "query={__typename}&variables=&extensions=&operationName=", "query={__typename}&variables=null&extensions=null",
	} {
		if w := sendGET(s, raw); w.Code != http.StatusOK || len(codes(t, w.Body.Bytes())) != 0 {
			t.Errorf("%s: got %d %s", raw, w.Code, w.Body)
		}
	}
	r := httptest.NewRequest(http.MethodHead, "/graphql?query={__typename}", nil)
	head := httptest.NewRecorder()
	if s.ServeHTTP(head, r); head.Code != http.StatusOK {
		t.Errorf("HEAD: got %d", head.Code)
	}
}

// What changes something needs POST, whatever stands beside it and whether or not its variables fit.
func TestMutationByGET_I1(t *testing.T) {
	ran := 0
	s := fixedServer(t, Options{}, func(context.Context) *graphql.Response {
		ran++
		return &graphql.Response{Data: []byte(`{}`)}
	})
	for _, raw := range []string{
		"query=mutation{logout{errors{code}}}",
		"query=mutation{logout{errors{code}}}&variables={%22a%22:1}",
		"query=mutation($i:LoginInput!){login(input:$i){errors{code}}}",
		"query=query+A{me{id}}+mutation+B{logout{errors{code}}}&operationName=B",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			for _, accept := range []string{"application/json", "application/graphql-response+json"} {
				r := &http.Request{Method: method, URL: &url.URL{RawQuery: raw}, Header: http.Header{"Accept": {accept}}}
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				wantRefusal(t, w, http.StatusMethodNotAllowed)
				if w.Header().Get("Allow") != "POST" || w.Header().Get("Cache-Control") != "no-store" {
					t.Errorf("%s %s: %v", method, raw, w.Header())
				}
			}
		}
	}
	if ran != 0 {
		t.Errorf("%d of them ran", ran)
	}
	if w := sendGET(s, "query=query+A{me{id}}+mutation+B{logout{errors{code}}}&operationName=A"); len(codes(t, w.Body.Bytes())) != 0 || ran != 1 {
		t.Errorf("the query beside a mutation: %s", w.Body)
	}
}

// badAddresses are refused as the same in a body would be. None repeats a value.
var badAddresses = []struct {
	raw  string
	want *refusal
}{
	{"", errMissing},
	{"variables={}", errMissing},
	{"query=hunter2&query=hunter2", errAddress},
	{"query=hunter2&other=1&other=2", errAddress},
	{"query=hunter2;variables={}", errAddress},
	{"query=%", errAddress},
	{"query=%zz", errAddress},
	{"query=%ff", errAddress},
	{"query={me}&%ff=1", errAddress},
	{"query=%ed%a0%80", errAddress},
	{"Query=hunter2", errKey},
	{"query={me}&operationname=hunter2", errKey},
	{"query={me}%00", errNULInput},
	{"query={me}&operationName=%00", errNULInput},
	{`query={me}&variables={"a":"\u0000"}`, errNULInput},
	{`query={me}&variables={"a":"\ud800"}`, errVars},
	{`query={me}&variables={"a":1,"a":2}`, errVars},
	{`query={me}&variables={"a":"hunter2"`, errVars},
	{`query={me}&variables={"a":"hunter2"}}`, errVars},
	{`query={me}&variables={"a":"hunter2"}{}`, errVars},
	{`query={me}&variables=["hunter2"]`, errVars},
	{`query={me}&variables="hunter2"`, errVars},
	{`query={me}&variables=nul`, errVars},
	{`query={me}&variables=null+null`, errVars},
	{`query={me}&variables=hunter2`, errVars},
	{`query={me}&variables={"a":1e999}`, errNumber},
	{`query={me}&variables={"a":` + nested(maxNesting) + `}`, errNesting},
	{`query={me}&extensions=hunter2`, errExt},
	{`query={me}&extensions=["hunter2"]`, errExt},
	{`query={me}&extensions={"a":`, errExt},
	{`query={me}&extensions={}{}`, errExt},
}

func TestBadAddress_I1(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	for _, tt := range badAddresses {
		w := sendGET(s, tt.raw)
		if w.Body.String() != said(tt.want) || strings.Contains(w.Body.String(), canary) {
			t.Errorf("%s: got %s, want %s", tt.raw, w.Body, said(tt.want))
		}
		status := tt.want.status
		if status == 0 {
			status = http.StatusOK
		}
		wantRefusal(t, w, status)
	}
}

// A GET is held to the limits of a POST.
func TestLimitsByGET_I3(t *testing.T) {
	s := fixedServer(t, Options{}, nil)
	const typename = "query={__typename}&x="
	if w := sendGET(s, typename+strings.Repeat("x", maxBody-len(typename))); w.Code != http.StatusOK {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	wantRefusal(t, sendGET(s, typename+strings.Repeat("x", maxBody-len(typename)+1)), http.StatusRequestURITooLong)
	wantRefusal(t, sendGET(s, typename, "Accept", "text/html"), http.StatusNotAcceptable)
	for _, query := range []string{
		"{ " + strings.Repeat("__typename ", maxTokens) + "}", "{ " + strings.Repeat("a: __typename ", maxAliases+1) + "}", "{ __schema { types { name } } }",
	} {
		if w := sendGET(s, "query="+url.QueryEscape(query)); codes(t, w.Body.Bytes())[0] != codeValidationFailed {
			t.Errorf("%.40s: got %s", query, w.Body)
		}
	}
}
