package oauth

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// maxForm bounds a body, in bytes. The largest token, or a password of 128 characters,
// takes a third of it when it is percent-encoded.
const maxForm = 16 << 10

// form is the parameters of a request. One without a value counts as left out
// (RFC 6749 section 3.2).
type form map[string]string

// readForm reads a body of application/x-www-form-urlencoded. Parameters in the
// query are refused, since queries end up in logs, and so is a parameter that
// comes twice. Those that nobody knows are no mistake.
func readForm(w http.ResponseWriter, r *http.Request) (form, error) {
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		return nil, badRequest("Parameters belong into the body, not into the address.")
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" || len(r.Header.Values("Content-Type")) != 1 {
		return nil, badRequest("The body must be application/x-www-form-urlencoded.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, &failure{Code: invalidRequest, Description: "The body is too large.", status: http.StatusRequestEntityTooLarge}
	} else if err != nil {
		return nil, badRequest("The body did not arrive whole.")
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, badRequest("The body is not well-formed.")
	}
	f := form{}
	for name, list := range values {
		switch {
		case len(list) > 1:
			return nil, badRequest("A parameter comes more than once.")
		case !utf8.ValidString(name+list[0]) || strings.ContainsRune(name+list[0], 0):
			return nil, badRequest("Parameters must be UTF-8 without NUL.")
		case list[0] != "":
			f[name] = list[0]
		}
	}
	return f, nil
}

// need returns an error that names the first of these parameters that is missing.
func (f form) need(names ...string) error {
	for _, name := range names {
		if f[name] == "" {
			return badRequest("The parameter " + name + " is missing.")
		}
	}
	return nil
}
