package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// Bodies beyond 100 KiB are 413, whether they say so or not, headers beyond 16
// KiB are 431.
func TestSizes_I3(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		const limit, most = 100 << 10, 10 << 20
		padded := func(size int) io.Reader {
			end := `","password":"` + typed + `",` + typenameBody[1:]
			const begin = `{"x":"`
			return io.MultiReader(strings.NewReader(begin), io.LimitReader(endless('x'), int64(size-len(begin)-len(end))), strings.NewReader(end))
		}
		const head = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		declared := func(size int) *testenv.Answer {
			return answered(rawExchange(t, s.URL(), io.MultiReader(strings.NewReader(fmt.Sprintf("%sContent-Length: %d\r\n\r\n", head, size)), padded(size))))
		}
		chunked := func(size int) *testenv.Answer {
			return answered(rawExchange(t, s.URL(), io.MultiReader(strings.NewReader(fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n", head, size)),
				padded(size), strings.NewReader("\r\n0\r\n\r\n"))))
		}
		for name, send := range map[string]func(int) *testenv.Answer{"declared": declared, "chunked": chunked} {
			if a := send(limit); a.Status != http.StatusOK || len(a.Errors) > 0 {
				t.Errorf("%s, 100 KiB: %d %s", name, a.Status, cut(string(a.Body)))
			}
			mustRefuse(t, name+", a byte more", send(limit+1), http.StatusRequestEntityTooLarge, badInput)
			mustRefuse(t, name+", 10 MiB", send(most), http.StatusRequestEntityTooLarge, badInput)
		}
		for size, want := range map[int]int{11 << 10: http.StatusOK, 17 << 10: http.StatusRequestHeaderFieldsTooLarge} {
			p := exchange(t, "POST", s.URL()+"/graphql", typenameBody, "Content-Type", "application/json", "X-Padding", strings.Repeat("x", size))
			if p.status != want {
				t.Errorf("%d bytes of headers: got %d, want %d", size, p.status, want)
			}
		}
		if p := exchange(t, "GET", s.URL()+"/email/confirm-email?token="+strings.Repeat("x", 17<<10), ""); p.status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("an address of 17 KiB: got %d, want 431", p.status)
		}
	})
}

// endless is one character for ever.
type endless byte

func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e)
	}
	return len(b), nil
}

func times(n int, s string) string { return strings.Repeat(s, n) }

// numbered repeats s with each %d in it as the number of the repetition.
func numbered(n int, s string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(s, "%d", fmt.Sprint(i)))
	}
	return b.String()
}

// doubling is n fragments on User, each of which spreads the next twice.
func doubling(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " fragment f%d on User { ...f%d ...f%d }", i, i+1, i+1)
	}
	fmt.Fprintf(&b, " fragment f%d on User { id }", n)
	return b.String()
}

// An excess and what its refusal says.
type excess struct{ name, says, query string }

var excesses = []excess{
	{"1,001 tokens", "tokens", "{ " + times(998, "__typename ") + "me { id } }"},
	{"directives", "tokens", "{ __typename " + times(600, "@skip(if: false) ") + "}"},
	{"directives within the tokens", "", "{ __typename " + times(190, "@include(if: true) ") + "}"},
	{"unknown directives", "", "{ __typename " + times(400, "@x ") + "}"},
	{"comments", "tokens", times(1001, "#\n") + "{ __typename }"},
	{"operations", "tokens", numbered(300, "query q%d { __typename } ")},
	{"values", "tokens", "{ node(id: [" + times(1000, "1 ") + "]) { id } }"},
	{"depth 9", "depth", "{ me { " + times(7, "sessions { ") + "id" + times(7, " }") + " } }"},
	{"depth 9 by fragments", "depth", "{ me { " + times(7, "... { sessions { ") + "id" + times(7, " } }") + " } }"},
	{"16 aliases", "aliases", "{ " + numbered(16, "a%d: __typename ") + "}"},
	{"16 logins", "aliases", "mutation { " + numbered(16, `a%d: login(input: {login: "ada", password: "`+typed+`"}) { errors { code } } `) + "}"},
	{"201 fields", "cost", "{ me { " + times(200, "id ") + "} }"},
	{"201 fields by fragments", "cost", "{ me { " + times(4, "...f ") + "} } fragment f on User { " + times(50, "id ") + "}"},
	{"30 doubling fragments", "cost", "{ me { ...f0 } }" + doubling(30)},
	{"30 doubling fragments, unused", "", "{ __typename }" + doubling(30)},
	{"a cycle of fragments", "", "{ me { ...f } } fragment f on User { id ...f }"},
	{"a long cycle", "", "{ me { ...f0 } } fragment f0 on User { ...f1 } fragment f1 on User { id ...f0 }"},
	{"two root fields", "one root field", "mutation { a: logout { errors { code } } b: logout { errors { code } } }"},
	{"one root field twice", "one root field", "mutation { logout { errors { code } } logout { errors { code } } }"},
	{"two root fields by a fragment", "one root field", "mutation { logout { errors { code } } ...f } fragment f on Mutation { revokeOtherSessions { count } }"},
	{"two root fields, one left out", "one root field", "mutation { logout @skip(if: true) { errors { code } } revokeOtherSessions { count } }"},
	{"two root fields in another operation", "one root field",
		"mutation A { logout { errors { code } } } mutation B { logout { errors { code } } revokeOtherSessions { count } }"},
	{"@defer", "defer", "{ me { ... @defer { id } } }"},
	{"@defer of a fragment", "defer", "{ me { ...f @defer(label: \"x\") } } fragment f on User { id }"},
	{"@stream", "stream", "{ me { sessions @stream { id } } }"},
	{"a subscription", "", "subscription { me { id } }"},
	{"50 unknown fields", "", "{ " + numbered(50, "x%d ") + "}"},
	{"50 unknown arguments", "", "{ me(" + numbered(50, "x%d: 1 ") + ") { id } }"},
	{"a name of 50,000 letters", "", "{ " + times(50_000, "x") + " }"},
	{"fields that cannot be merged", "", "{ me { x: id x: username } }"},
	{"a variable that nobody declared", "", "{ user(id: $id) { id } }"},
}

// Every flood is refused as invalid before anything runs, with five errors at
// most.
func TestFloods_I3(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		for _, f := range excesses {
			a := postQuery(t, s.URL(), f.query, "Authorization", "Bearer "+ada.Access)
			mustRefuse(t, f.name, a, http.StatusOK, notValid)
			if len(a.Body) > 2500 || len(a.Errors) > 0 && !strings.Contains(a.Errors[0].Message, f.says) {
				t.Errorf("%s: got %s (%d bytes), want %q", f.name, cut(string(a.Body)), len(a.Body), f.says)
			}
			a = postQuery(t, s.URL(), f.query, "Accept", "application/graphql-response+json")
			mustRefuse(t, f.name+" as graphql-response+json", a, http.StatusBadRequest, notValid)
		}
		mustBe(t, s.URL(), ada.Access, ada.ID) // none of the logouts was run

		a := postQuery(t, s.URL(), "{ "+numbered(15, "a%d: user(id: 1) { id } ")+"}")
		if a.Status != http.StatusOK || len(a.Errors) != 5 || a.Code() != "UNAUTHENTICATED" {
			t.Errorf("15 errors of fields: got %d with %d errors, want 5: %s", a.Status, len(a.Errors), cut(string(a.Body)))
		}
		for name, query := range map[string]string{
			"fragments are no depth":          "{ " + times(9, "... { ") + "me { sessions { id } }" + times(9, " }") + " }",
			"15 aliases":                      "{ " + numbered(15, "a%d: __typename ") + "}",
			"one root field and a __typename": "mutation { __typename logout { errors { code } } }",
			"200 fields":                      "{ me { " + times(199, "id ") + "} }",
		} {
			if a := postQuery(t, s.URL(), query); a.Status != http.StatusOK || len(a.Errors) > 0 {
				t.Errorf("%s: got %d %s", name, a.Status, cut(string(a.Body)))
			}
		}
	})
}

// 30 fragments that double are 2^30 fields, which nobody counts one by one: the
// answer is there at once, in one of many tries on a busy machine.
func TestDoublingIsQuick_I3(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		const tries = 40
		best := time.Hour
		for range tries {
			began := time.Now()
			mustRefuse(t, "30 doubling fragments", postQuery(t, s.URL(), "{ me { ...f0 } }"+doubling(30)), http.StatusOK, notValid)
			if best = min(best, time.Since(began)); best <= time.Second {
				return
			}
		}
		t.Errorf("the quickest of %d answers took %v, want a second at most", tries, best)
	})
}
