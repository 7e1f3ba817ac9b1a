package e2e_test

import (
	"net/http"
	"net/url"
	"os"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"latchkey/internal/testenv"
)

// byGET asks by the address what r asks.
func byGET(t *testing.T, s *testenv.Stack, query, variables string, header ...string) *testenv.Answer {
	t.Helper()
	parameters := url.Values{"query": {query}}
	if variables != "" {
		parameters.Set("variables", variables)
	}
	return answered(exchange(t, http.MethodGet, s.URL()+"/graphql?"+parameters.Encode(), "", header...))
}

// A query by GET is answered as by POST, to whoever has the access token, and kept by
// nobody; a mutation does not run.
func TestQueryByGET_I1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		a := byGET(t, s, userOp, `{"id":"`+ada.ID+`"}`, "Authorization", "Bearer "+ada.Access)
		var got person
		if a.Into(t, "user", &got); got.ID != ada.ID || got.Email == nil || len(got.Sessions) != 1 || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("user: %s %v", a.Body, a.Header)
		}
		mustFail(t, "without a token", byGET(t, s, userOp, `{"id":"`+ada.ID+`"}`), "UNAUTHENTICATED", "MISSING")
		mustFail(t, "a bad token", byGET(t, s, testenv.MeOp, "", "Authorization", "Bearer x"), "UNAUTHENTICATED", "INVALID")
		p := exchange(t, http.MethodGet, s.URL()+"/graphql?query="+url.QueryEscape(testenv.MeOp)+"&access_token="+ada.Access, "")
		if a := answered(p); string(a.Data["me"]) != "null" {
			t.Errorf("a token in the address counts: %s", a.Body)
		}
		for name, c := range map[string]struct{ query, variables string }{
			"logout":              {`mutation { logout { errors { code } } }`, ""},
			"a login":             {testenv.LoginOp, `{"i":{"login":"` + ada.Username + `","password":"` + typed + `"}}`},
			"revokeOtherSessions": {revokeOthersOp, ""},
		} {
			a := byGET(t, s, c.query, c.variables, "Authorization", "Bearer "+ada.Access, "Origin", public(s))
			mustRefuse(t, name, a, http.StatusMethodNotAllowed, badInput)
			if a.Header.Get("Allow") != "POST" || a.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %v", name, a.Header)
			}
		}
		mustBe(t, s.URL(), ada.Access, ada.ID)
		long := exchange(t, http.MethodGet, s.URL()+"/graphql?query=%7B__typename%7D&x="+times(17<<10, "x"), "")
		if long.status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("an address of 17 KiB: %d", long.status)
		}
	})
}

// Cookies play no part in queries: whatever a browser sends along for a page of
// another site, or of an own one, a query is answered as to anybody, and sets and
// clears none.
func TestQueriesLeaveCookies_I5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		_, cookie := loginByCookie(t, s, ada)
		queries := map[string]string{
			"me": testenv.MeOp, "user": `{ user(id: "` + ada.ID + `") { email } }`, "node": `{ node(id: "` + ada.ID + `") { id } }`,
			"loginMethods": `{ loginMethods { password registration secondFactor } }`,
			"users":        `{ users { totalCount } }`, "mails": `{ mails { nodes { id } } }`,
			"securityEvents": `{ securityEvents { nodes { id } } }`, "statistics": `{ statistics { days { day } } }`, "server": `{ server { version } }`,
			"two": `{ me { email sessions { id } } user(id: "` + ada.ID + `") { email } }`, // one error: those of several come in any order
		}
		for _, field := range queryFields(t) {
			if queries[field] == "" {
				t.Errorf("%s is not tried", field)
			}
		}
		for name, query := range queries {
			bare := byGET(t, s, query, "")
			for _, origin := range []string{"", public(s), allowedOrigin, foreignOrigin, "null"} {
				header := []string{"Cookie", cookie, "Sec-Fetch-Site", "cross-site"}
				if origin != "" {
					header = append(header, "Origin", origin)
				}
				for how, a := range map[string]*testenv.Answer{"GET": byGET(t, s, query, "", header...), "POST": postQuery(t, s.URL(), query, header...)} {
					if a.Status != bare.Status || string(a.Body) != string(bare.Body) {
						t.Errorf("%s by %s from %q with the cookie: %s, without: %s", name, how, origin, a.Body, bare.Body)
					}
					mustLeaveCookie(t, name+" by "+how, a)
				}
			}
		}
	})
}

// queryFields are the names of what can be asked.
func queryFields(t *testing.T) (names []string) {
	t.Helper()
	text, err := os.ReadFile("../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := parser.ParseSchema(&ast.Source{Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range schema.Definitions.ForName("Query").Fields {
		names = append(names, f.Name)
	}
	return names
}
