package gql

import (
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxNesting bounds how deep the lists and objects of variables nest; the inputs of a schema seldom nest more than two.
const maxNesting = 16

// An envelope is what a request asks for: the JSON object of a POST, or the parameters of a GET. Numbers are int64 where they are whole and fit, else float64: gqlparser
// takes json.Number, a string to Go, for a String.
type envelope struct {
	query         string
	operationName string
	variables     map[string]any
	safe          bool // it came by a method that changes nothing (RFC 9110 section 9.2.1): queries alone may run
}

var (
	errBody = refuse(http.StatusBadRequest,
		"The body must be one JSON object in UTF-8, with no name twice and nothing behind it.")
	errBatch    = refuse(http.StatusBadRequest, "The body must be one JSON object: operations are not taken in lists.")
	errKey      = refuse(http.StatusBadRequest, "The names query, operationName, variables and extensions are spelled so.")
	errQuery    = refuse(http.StatusBadRequest, "query must be a string.")
	errName     = refuse(http.StatusBadRequest, "operationName must be a string or null.")
	errVars     = refuse(http.StatusBadRequest, "variables must be an object or null.")
	errExt      = refuse(http.StatusBadRequest, "extensions must be an object or null.")
	errNesting  = refuse(http.StatusBadRequest, "variables are nested too deeply.")
	errNumber   = refuse(http.StatusBadRequest, "variables hold a number that is too large.")
	errNULInput = refuse(0, "A string must not contain NUL.")
)

// decode reads the one object that dec holds, and refuses what is not exactly that: names twice anywhere, invalid
// UTF-8 and lone surrogates (dec sees to these three), another value behind it, a known name in other case, NUL in a
// string (security requirements I1, B5). Names that GraphQL over HTTP does not know are passed over: clients send some.
func (e *envelope) decode(dec *jsontext.Decoder) *refusal {
	switch dec.PeekKind() {
	case '{':
	case '[':
		return errBatch
	default:
		return errBody
	}
	_, _ = dec.ReadToken()
	hasQuery := false
	for dec.PeekKind() != '}' {
		name, err := readName(dec)
		if err != nil {
			return errBody
		}
		if refused := e.member(dec, name); refused != nil {
			return refused
		}
		hasQuery = hasQuery || name == "query"
	}
	if _, err := dec.ReadToken(); err != nil {
		return errBody
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return errBody
	}
	if !hasQuery {
		return errQuery
	}
	return nil
}

// member reads the value that belongs to name.
func (e *envelope) member(dec *jsontext.Decoder, name string) (refused *refusal) {
	kind := dec.PeekKind()
	switch name {
	case "query":
		if kind != '"' {
			return errQuery
		}
		e.query, refused = readString(dec)
		return refused
	case "operationName":
		switch kind {
		case '"':
			e.operationName, refused = readString(dec)
			return refused
		case 'n':
		default:
			return errName
		}
	case "variables":
		switch kind {
		case '{':
			e.variables, refused = readObject(dec, 1)
			return refused
		case 'n':
		default:
			return errVars
		}
	case "extensions":
		if kind != '{' && kind != 'n' {
			return errExt
		}
	default:
		if misspelled(name) {
			return errKey
		}
	}
	if dec.SkipValue() != nil {
		return errBody
	}
	return nil
}

// misspelled reports whether name is one of those that are known, in other case.
func misspelled(name string) bool {
	for _, known := range []string{"query", "operationName", "variables", "extensions"} {
		if name != known && strings.EqualFold(name, known) {
			return true
		}
	}
	return false
}

// readName reads a member's name; the usual ones allocate nothing.
func readName(dec *jsontext.Decoder) (string, error) {
	raw, err := dec.ReadValue()
	if err != nil {
		return "", err
	}
	switch string(raw) {
	case `"query"`:
		return "query", nil
	case `"operationName"`:
		return "operationName", nil
	case `"variables"`:
		return "variables", nil
	case `"extensions"`:
		return "extensions", nil
	}
	name, err := jsontext.AppendUnquote(nil, raw)
	return string(name), err
}

func readString(dec *jsontext.Decoder) (string, *refusal) {
	token, err := dec.ReadToken()
	if err != nil {
		return "", errBody
	}
	s := token.String()
	if strings.IndexByte(s, 0) >= 0 {
		return "", errNULInput
	}
	return s, nil
}

func readObject(dec *jsontext.Decoder, depth int) (map[string]any, *refusal) {
	if depth > maxNesting {
		return nil, errNesting
	}
	_, _ = dec.ReadToken()
	object := make(map[string]any)
	for dec.PeekKind() != '}' {
		name, refused := readString(dec)
		if refused != nil {
			return nil, refused
		}
		if object[name], refused = readValue(dec, depth); refused != nil {
			return nil, refused
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, errBody
	}
	return object, nil
}

func readList(dec *jsontext.Decoder, depth int) ([]any, *refusal) {
	if depth > maxNesting {
		return nil, errNesting
	}
	_, _ = dec.ReadToken()
	list := []any{}
	for dec.PeekKind() != ']' {
		value, refused := readValue(dec, depth)
		if refused != nil {
			return nil, refused
		}
		list = append(list, value)
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, errBody
	}
	return list, nil
}

// readValue reads any value inside depth lists and objects.
func readValue(dec *jsontext.Decoder, depth int) (any, *refusal) {
	switch dec.PeekKind() {
	case '{':
		return refusable(readObject(dec, depth+1))
	case '[':
		return refusable(readList(dec, depth+1))
	case '"':
		return refusable(readString(dec))
	}
	token, err := dec.ReadToken()
	if err != nil {
		return nil, errBody
	}
	switch token.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return token.Bool(), nil
	}
	if i, err := token.Int(); err == nil {
		return i, nil
	}
	f, err := token.Float()
	if err != nil {
		return nil, errNumber
	}
	return f, nil
}

// refusable makes an any of a value, and none of one that was refused.
func refusable[T any](value T, refused *refusal) (any, *refusal) {
	if refused != nil {
		return nil, refused
	}
	return value, nil
}
