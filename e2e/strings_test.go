package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// typeRef is a type of the schema as introspection shows it.
type typeRef struct {
	Kind, Name string
	OfType     *typeRef
}

// String is the type as documents write it.
func (r *typeRef) String() string {
	switch r.Kind {
	case "NON_NULL":
		return r.OfType.String() + "!"
	case "LIST":
		return "[" + r.OfType.String() + "]"
	}
	return r.Name
}

// named is the type without lists and exclamation marks.
func (r *typeRef) named() *typeRef {
	for r.OfType != nil {
		r = r.OfType
	}
	return r
}

type argument struct {
	Name string
	Type *typeRef
}

type schemaType struct {
	Name   string
	Fields []struct {
		Name string
		Type *typeRef
		Args []argument
	}
	InputFields []argument
	EnumValues  []struct{ Name string }
}

// schema asks a server for its types, by name.
func schema(t *testing.T, base string) map[string]schemaType {
	t.Helper()
	a := postQuery(t, base, `{ __schema { types {
		name fields { name type { ...T } args { name type { ...T } } } inputFields { name type { ...T } } enumValues { name }
	} } } fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`)
	var s struct{ Types []schemaType }
	if a.Into(t, "__schema", &s); len(a.Errors) > 0 {
		t.Fatalf("introspection: %s", a.Body)
	}
	types := map[string]schemaType{}
	for _, one := range s.Types {
		types[one.Name] = one
	}
	return types
}

// hole is where a string goes in a request.
const hole = "HOLE"

// spot is one string somewhere in the arguments of a root field: the field's
// document with variables, the variables, and a document with everything in its
// text. Both have a hole for the string, within quotation marks.
type spot struct {
	name, document, variables, text string
}

// spots finds every string and id that a client can send as an argument of a
// root field.
func spots(types map[string]schemaType) (all []spot) {
	for kind, root := range map[string]string{"query": "Query", "mutation": "Mutation"} {
		for _, f := range types[root].Fields {
			selection := ""
			if len(types[f.Type.named().Name].EnumValues) == 0 && f.Type.named().Kind != "SCALAR" {
				selection = " { __typename }"
			}
			for _, at := range f.Args {
				for _, path := range paths(types, at) {
					var declared, passed, literal []string
					variables := map[string]any{}
					for _, arg := range f.Args {
						var way []string
						if arg.Name == at.Name {
							way = path
						}
						v := value(types, arg.Type, way)
						variables[arg.Name] = v
						declared = append(declared, "$"+arg.Name+": "+arg.Type.String())
						passed = append(passed, arg.Name+": $"+arg.Name)
						literal = append(literal, arg.Name+": "+inText(v))
					}
					b, err := json.Marshal(variables)
					if err != nil {
						panic(err) // of strings and maps
					}
					all = append(all, spot{
						name:      f.Name + "." + strings.Join(append([]string{at.Name}, path...), "."),
						document:  fmt.Sprintf("%s (%s) { %s(%s)%s }", kind, strings.Join(declared, ", "), f.Name, strings.Join(passed, ", "), selection),
						variables: string(b),
						text:      fmt.Sprintf("%s { %s(%s)%s }", kind, f.Name, strings.Join(literal, ", "), selection),
					})
				}
			}
		}
	}
	return all
}

// paths lists the ways from an argument to the strings and ids in it.
func paths(types map[string]schemaType, arg argument) (all [][]string) {
	n := arg.Type.named()
	if n.Name == "String" || n.Name == "ID" {
		return [][]string{{}}
	}
	for _, f := range types[n.Name].InputFields {
		for _, p := range paths(types, f) {
			all = append(all, append([]string{f.Name}, p...))
		}
	}
	return all
}

// enumValue is written without quotation marks in a document.
type enumValue string

// value is one that fits a type, with the hole at the end of the path and
// something harmless everywhere else.
func value(types map[string]schemaType, r *typeRef, path []string) any {
	switch {
	case r.Kind == "NON_NULL":
		return value(types, r.OfType, path)
	case r.Kind == "LIST":
		return []any{value(types, r.OfType, path)}
	case r.Kind == "ENUM":
		return enumValue(types[r.Name].EnumValues[0].Name)
	case r.Kind == "INPUT_OBJECT":
		object := map[string]any{}
		for _, f := range types[r.Name].InputFields {
			var way []string // nil: the hole is elsewhere
			if len(path) > 0 && path[0] == f.Name {
				way = path[1:]
			}
			object[f.Name] = value(types, f.Type, way)
		}
		return object
	case r.Name == "String" || r.Name == "ID":
		if path != nil {
			return hole
		}
		return "x"
	case r.Name == "Boolean":
		return true
	case r.Name == "Time":
		return "2026-11-24T08:15:30.120Z"
	}
	return 1
}

// inText writes a value as documents do.
func inText(v any) string {
	switch v := v.(type) {
	case string:
		return `"` + v + `"`
	case []any:
		return "[" + inText(v[0]) + "]"
	case map[string]any:
		var fields []string
		for name, field := range v {
			fields = append(fields, name+": "+inText(field))
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// NUL, half a surrogate pair and bytes that are no UTF-8 are the caller's
// mistake, in every string that a client can send: the schema says which there
// are, so that a new one is not forgotten. Nothing repeats the string.
func TestBadStrings_B5(t *testing.T) {
	t.Parallel()
	all := spots(schema(t, sharedEmbedded.use(t).URL()))
	for _, name := range []string{"register.input.password", "login.input.deviceName", "logout.input.refreshToken", "user.id", "revokeSession.input.sessionId"} {
		if !slices.ContainsFunc(all, func(s spot) bool { return s.name == name }) {
			t.Errorf("%s was not found among %d strings", name, len(all))
		}
	}
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		client := []string{"Authorization", "Bearer " + ada.Access, "X-Forwarded-For", ada.Client}
		for _, at := range all {
			for name, bad := range map[string]string{
				"NUL": `\u0000`, "half a pair": `\ud800`, "the other half": `\udfff`, "a pair turned round": `\udc00\ud800`,
				"a byte of no UTF-8": "\xff", "NUL in two bytes": "\xc0\x80", "half a pair in UTF-8": "\xed\xa0\x80", "a NUL byte": "\x00",
			} {
				filled := strings.ReplaceAll(at.variables, hole, typed+bad)
				mustBeBadInput(t, at.name+", "+name, postJSON(t, s.URL(), `{"query":`+quote(at.document)+`,"variables":`+filled+`}`, client...))

				// In the text of the document; then the escape is the document's own.
				text := strings.ReplaceAll(quote(at.text), hole, typed+bad)
				mustBeBadInput(t, at.name+" in the text, "+name, postJSON(t, s.URL(), `{"query":`+text+`}`, client...))
				if strings.HasPrefix(bad, `\u`) {
					text = strings.ReplaceAll(at.text, hole, typed+bad)
					mustBeBadInput(t, at.name+" by the document's escape, "+name, postQuery(t, s.URL(), text, client...))
				}
			}
		}
		for name, body := range map[string]string{
			"the operation's name": `{"operationName":"a\u0000",` + typenameBody[1:],
			"a variable's name":    `{"variables":{"a\u0000":1},` + typenameBody[1:],
			"the document":         `{"query":"{ __typename } # \u0000"}`,
		} {
			mustBeBadInput(t, name, postJSON(t, s.URL(), body, client...))
		}
		mustBe(t, s.URL(), ada.Access, ada.ID)
	})
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // of a string
	}
	return string(b)
}

// mustBeBadInput fails the test unless the request was refused as BAD_USER_INPUT,
// as a body that cannot be read or as an operation that cannot run.
func mustBeBadInput(t *testing.T, what string, a *testenv.Answer) {
	t.Helper()
	status := http.StatusOK
	if a.Status == http.StatusBadRequest {
		status = http.StatusBadRequest
	}
	mustRefuse(t, what, a, status, badInput)
}

// The pages and the header take such strings as well: a dead link, a form that
// cannot be read, a device without a name, nobody's token.
func TestBadStringsElsewhere_B5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		bad := []string{"a\x00", "\x00", "\xff", "\xed\xa0\x80", "lko_" + strings.Repeat("\xff", 43), "lko_" + strings.Repeat("\x00", 43)}
		for _, b := range bad {
			for _, field := range []string{"token", "email", "password"} {
				form := url.Values{"token": {"lko_x"}, "email": {"ada@example.org"}, "password": {typed}, "do": {"confirm"}}
				form.Set(field, b)
				if field != "password" {
					if p := exchange(t, "GET", s.URL()+"/email/confirm-email?"+form.Encode(), ""); p.status != http.StatusGone {
						t.Errorf("a link with %q as the %s: got %d, want 410", b, field, p.status)
					}
				}
				for _, button := range []string{"confirm", "decline", "resend", "a\x00"} {
					form.Set("do", button)
					p := exchange(t, "POST", s.URL()+"/email/confirm-email", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "X-Forwarded-For", ada.Client)
					if p.status != http.StatusBadRequest {
						t.Errorf("%q with %q as the %s: got %d, want 400", button, b, field, p.status)
					}
				}
			}
		}
		// Header fields cannot hold NUL; other bytes they can.
		for _, b := range []string{"\xff", "Firefox/\xed\xa0\x80 (X11; Linux)", "\u202e\u0085", strings.Repeat("\xf0", 2000)} {
			a := postJSON(t, s.URL(), variablesBody(loginRequest(ada.Username, ada.Password, "")), "User-Agent", b, "X-Forwarded-For", ada.Client)
			if got := a.Payload(t, "login"); got.Tokens == nil {
				t.Errorf("a login with the user agent %q: %d %s", b, a.Status, a.Body)
			}
			mustFail(t, "a token of other bytes", postQuery(t, s.URL(), testenv.MeOp, "Authorization", "Bearer "+b), "UNAUTHENTICATED", "INVALID")
			a = postQuery(t, s.URL(), testenv.MeOp, "X-Forwarded-For", b, "Cookie", "latchkey="+b+"; __Host-latchkey="+b, "Origin", b)
			if a.Status != http.StatusOK || len(a.Errors) > 0 {
				t.Errorf("other header fields with %q: %d %s", b, a.Status, a.Body)
			}
		}
		for _, target := range []string{
			"/%00", "/email/confirm-email?token=%", "/email/confirm-email?%zz=1;x", "/dev/mail.json?to=%00", "/dev/mail/%ff", "/graphql?x=%00",
		} {
			if p := exchange(t, "GET", s.URL()+target, ""); p.status >= http.StatusInternalServerError {
				t.Errorf("GET %s: %d", target, p.status)
			}
		}
	})
}
