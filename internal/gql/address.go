package gql

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

var (
	errAddress = refuse(http.StatusBadRequest,
		"The address must hold name=value pairs in UTF-8, percent-encoded, joined by &, with no name twice.")
	errMissing = refuse(http.StatusBadRequest, "The address must hold a query.")
	errLong    = refuse(http.StatusRequestURITooLong, "The address is longer than 100 KiB.")
)

// fromAddress takes into env the parameters of a GET, of GraphQL over HTTP section 5.3, and is as strict about them as
// decode is about a body: variables and extensions are the text of a JSON object or of null. An empty one is none:
// clients send such. raw is what follows the question mark.
func (b *buffers) fromAddress(raw string, env *envelope) *refusal {
	if len(raw) > maxBody {
		return errLong
	}
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
	env.query, env.operationName = values.Get("query"), values.Get("operationName")
	if strings.IndexByte(env.query, 0) >= 0 || strings.IndexByte(env.operationName, 0) >= 0 {
		return errNULInput
	}
	b.in.WriteString(values.Get("variables"))
	if refused := b.parameter(env, "variables", errVars); refused != nil {
		return refused
	}
	b.in.WriteString(values.Get("extensions"))
	return b.parameter(env, "extensions", errExt)
}

// parameter takes into env what b.in holds, and wipes it: the value of the member name, one object, null, or no text at
// all. bad refuses what is no JSON.
func (b *buffers) parameter(env *envelope, name string, bad *refusal) *refusal {
	if b.in.Len() == 0 {
		return nil
	}
	text := b.in.Bytes()
	b.decoder.Reset(&b.in)
	refused := env.member(&b.decoder, name)
	if _, err := b.decoder.ReadToken(); refused == errBody || refused == nil && err != io.EOF {
		refused = bad
	}
	b.in = *bytes.NewBuffer(text) // the decoder may have consumed it, and wipe wants all of it
	wipe(&b.in)
	return refused
}
