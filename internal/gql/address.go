package gql

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

var (
	errAddress = refuse(http.StatusBadRequest,
		"The address must hold name=value pairs in UTF-8, percent-encoded, joined by &, with no name twice.")
	errMissing = refuse(http.StatusBadRequest, "The address must hold a query.")
	errLong    = refuse(http.StatusRequestURITooLong, "The address is longer than 100 KiB.")
)

// fromAddress reads the parameters of a GET, of GraphQL over HTTP section 5.3, and is as strict about them as decode is
// about a body: variables and extensions are the text of a JSON object or of null. An empty one is none: clients send
// such. raw is what follows the question mark.
func (e *envelope) fromAddress(raw string) *refusal {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return errAddress
	}
	otherCase := false
	for name, list := range values {
		if len(list) > 1 || !utf8.ValidString(name) || !utf8.ValidString(list[0]) {
			return errAddress
		}
		otherCase = otherCase || misspelled(name)
	}
	if otherCase {
		return errKey
	}
	if !values.Has("query") {
		return errMissing
	}
	e.query, e.operationName = values.Get("query"), values.Get("operationName")
	if strings.IndexByte(e.query, 0) >= 0 || strings.IndexByte(e.operationName, 0) >= 0 {
		return errNULInput
	}
	var refused *refusal
	if e.variables, refused = objectOf(values.Get("variables"), errVars); refused != nil {
		return refused
	}
	return skimObject(values.Get("extensions"))
}

// objectOf reads the JSON object that is the whole of text; nil for null and for no text at all. bad refuses what is
// neither.
func objectOf(text string, bad *refusal) (map[string]any, *refusal) {
	if text == "" {
		return nil, nil
	}
	dec := jsontext.NewDecoder(bytes.NewBufferString(text))
	var object map[string]any
	switch dec.PeekKind() {
	case '{':
		var refused *refusal
		if object, refused = readObject(dec, 1); refused == errBody {
			return nil, bad
		} else if refused != nil {
			return nil, refused
		}
	case 'n':
		if dec.SkipValue() != nil {
			return nil, bad
		}
	default:
		return nil, bad
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return nil, bad
	}
	return object, nil
}

// skimObject refuses extensions that are no JSON object; nobody asks what is in them.
func skimObject(text string) *refusal {
	if text == "" {
		return nil
	}
	dec := jsontext.NewDecoder(bytes.NewBufferString(text))
	if kind := dec.PeekKind(); kind != '{' && kind != 'n' || dec.SkipValue() != nil {
		return errExt
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return errExt
	}
	return nil
}
