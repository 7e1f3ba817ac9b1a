package jwt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of a Template: MaxTemplate is how many bytes its text has at most, and its claims
// in a token, whoever's; maxDepth how many objects and lists stand within each other.
const (
	MaxTemplate = 1024
	maxDepth    = 8
)

// Roles are those that a Template has values for.
var Roles = []string{"USER", "ADMIN"}

// roleChoice is the name of an object's one member that makes it the value for a role.
const roleChoice = "$role"

// fields are what a Template can say of a user and of their session: what stands for each,
// how many bytes it has at most, and where it is in Claims.
var fields = []struct {
	name    string
	longest int
	of      func(*Claims) string
}{
	{"$id", 36, func(c *Claims) string { return c.Subject }},
	{"$username", 32, func(c *Claims) string { return c.Username }},
	{"$email", 254, func(c *Claims) string { return c.Email }},
	{"$role", 5, func(c *Claims) string { return c.Role }},
	{"$session", 36, func(c *Claims) string { return c.SessionID }},
	{"$acr", 4, func(c *Claims) string { return c.Level }},
}

// Template is what an operator has each access token say besides our own claims: fixed
// names, each with a value that is fixed, that is a field, or that hangs on the role.
//
// Its text is a JSON object. A string that begins with $ is one of fields, or with $$ the
// rest of it behind the first. An object {"$role": {"USER": …, "ADMIN": …}} is the value
// for the user's role.
type Template struct {
	names  []string          // of the claims
	byRole map[string][]part // what stands behind the last of our own claims
}

// A part is text that is the same in each token, with a field behind it, or none.
type part struct {
	text  string
	field int // in fields; -1 is none
}

// Names returns the names of the claims, in their order.
func (t *Template) Names() []string { return t.names }

// appendTo writes the claims for c as members of an object that has some: each begins with
// a comma.
func (t *Template) appendTo(object []byte, c *Claims) []byte {
	for _, p := range t.byRole[c.Role] {
		object = append(object, p.text...)
		if p.field >= 0 {
			object, _ = jsontext.AppendQuote(object, fields[p.field].of(c)) // bad UTF-8 is replaced
		}
	}
	return object
}

// written are the names of our own claims, with those of RFC 7519 section 4.1.
var written = func() map[string]bool {
	names := map[string]bool{}
	for field := range reflect.TypeFor[payload]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names[name] = true
	}
	return names
}()

// ParseTemplate reads a Template. If it cannot, it returns all that is wrong with the text
// in phrases without a subject, which quote names and no values.
func ParseTemplate(text []byte) (*Template, []string) {
	if len(text) > MaxTemplate {
		return nil, []string{fmt.Sprintf("holds more than %d bytes", MaxTemplate)}
	}
	object, problem := oneObject(text)
	if problem != "" {
		return nil, []string{problem}
	}
	t := &Template{byRole: map[string][]part{}}
	var problems []string
	for _, m := range members(object) {
		t.names = append(t.names, m.name)
		if written[m.name] {
			problems = append(problems, fmt.Sprintf("must not set %q, which Latchkey itself does", m.name))
		}
	}
	for _, role := range Roles {
		w := templateWriter{role: role, problems: &problems}
		for _, m := range members(object) {
			w.text(",")
			w.member(m, nil)
		}
		t.byRole[role] = w.parts
		if n := w.longest(); n > MaxTemplate {
			w.wrong(nil, "comes to %d bytes in a token of role %s with the longest address and username, and may come to %d", n, role, MaxTemplate)
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return t, nil
}

// oneObject returns the JSON object with one member or more that a text is, or a problem.
func oneObject(text []byte) (object jsontext.Value, problem string) {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	object, err := d.ReadValue()
	object = object.Clone()
	if err == nil {
		if _, more := d.ReadToken(); !errors.Is(more, io.EOF) {
			return nil, "must hold one JSON object and nothing behind it"
		}
	}
	switch wrong, ok := errors.AsType[*jsontext.SyntacticError](err); {
	case ok && errors.Is(err, jsontext.ErrDuplicateName):
		return nil, fmt.Sprintf("has the name %q twice in one object", wrong.JSONPointer.LastToken())
	case err != nil:
		line := 1
		if ok {
			line += bytes.Count(text[:min(int(wrong.ByteOffset), len(text))], []byte("\n"))
		}
		return nil, fmt.Sprintf("holds no JSON: look at line %d", line)
	case object.Kind() != '{' || len(members(object)) == 0:
		return nil, "must hold a JSON object, with one claim or more"
	}
	return object, ""
}

// A member is a name and its value in an object; or a value of a list, without a name.
type member struct {
	name  string
	value jsontext.Value
}

// members returns those of an object or a list that is valid.
func members(of jsontext.Value) []member {
	var all []member
	d := jsontext.NewDecoder(bytes.NewReader(of))
	_, _ = d.ReadToken() // the bracket
	for d.PeekKind() != '}' && d.PeekKind() != ']' {
		var m member
		if of.Kind() == '{' {
			name, _ := d.ReadToken()
			m.name = name.String()
		}
		value, _ := d.ReadValue()
		m.value = value.Clone()
		all = append(all, m)
	}
	return all
}
