package jwt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// templateWriter writes the parts of a template for one role.
type templateWriter struct {
	role     string
	parts    []part
	problems *[]string
}

// wrong adds a problem with the value at a place, once for all roles.
func (w *templateWriter) wrong(at []string, format string, args ...any) {
	problem := fmt.Sprintf(format, args...)
	if len(at) > 0 {
		problem = "at " + strings.Join(at, " > ") + ": " + problem
	}
	if !slices.Contains(*w.problems, problem) {
		*w.problems = append(*w.problems, problem)
	}
}

// longest returns how many bytes the parts have at most in a token, where < > and & are
// written as six each.
func (w *templateWriter) longest() int {
	n := 0
	for _, p := range w.parts {
		var text bytes.Buffer
		json.HTMLEscape(&text, []byte(p.text))
		n += text.Len()
		if p.field >= 0 {
			n += len(`""`) + fields[p.field].longest
		}
	}
	return n
}

func (w *templateWriter) text(s string) {
	if n := len(w.parts); n > 0 && w.parts[n-1].field < 0 {
		w.parts[n-1].text += s
		return
	}
	w.parts = append(w.parts, part{s, -1})
}

func (w *templateWriter) quoted(s string) {
	quote, _ := jsontext.AppendQuote(nil, s) // it was read from JSON
	w.text(string(quote))
}

func (w *templateWriter) field(i int) {
	w.text("")
	w.parts[len(w.parts)-1].field = i
}

// member writes a member of the object at a place.
func (w *templateWriter) member(m member, at []string) {
	if strings.HasPrefix(m.name, "$") {
		w.wrong(at, "the name %q begins with $, which only %q may, alone in its object and not outermost", m.name, roleChoice)
	}
	w.quoted(m.name)
	w.text(":")
	w.value(m.value, append(slices.Clone(at), fmt.Sprintf("%q", m.name)))
}

// value writes the value at a place.
func (w *templateWriter) value(v jsontext.Value, at []string) {
	if len(at) > maxDepth {
		w.wrong(nil, "has values more than %d deep within each other", maxDepth)
		return
	}
	switch v.Kind() {
	case '{':
		all := members(v)
		if len(all) == 1 && all[0].name == roleChoice {
			w.choice(all[0].value, at)
			return
		}
		w.text("{")
		for i, m := range all {
			if i > 0 {
				w.text(",")
			}
			w.member(m, at)
		}
		w.text("}")
	case '[':
		w.text("[")
		for i, m := range members(v) {
			if i > 0 {
				w.text(",")
			}
			w.value(m.value, append(slices.Clone(at), fmt.Sprint(i)))
		}
		w.text("]")
	case '"':
		text, _ := jsontext.AppendUnquote(nil, v) // it is valid
		w.string(string(text), at)
	default:
		w.text(string(v))
	}
}

// string writes a text, or the field that it names.
func (w *templateWriter) string(s string, at []string) {
	rest, begins := strings.CutPrefix(s, "$")
	if !begins {
		w.quoted(s)
		return
	}
	if strings.HasPrefix(rest, "$") {
		w.quoted(rest)
		return
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		if f.name == s {
			w.field(i)
			return
		}
		names[i] = f.name
	}
	w.wrong(at, "a text that begins with $ must be one of %s; for a $ itself write $$", strings.Join(names, ", "))
}

// choice writes the value for the role, of an object that has one for each.
func (w *templateWriter) choice(v jsontext.Value, at []string) {
	found := map[string]jsontext.Value{}
	if v.Kind() == '{' {
		for _, m := range members(v) {
			found[m.name] = m.value
		}
	}
	for _, role := range Roles {
		if _, has := found[role]; !has || len(found) != len(Roles) {
			w.wrong(at, "%q must have a value for %s, and nothing else", roleChoice, strings.Join(Roles, " and for "))
			return
		}
	}
	w.value(found[w.role], append(slices.Clone(at), w.role))
}
