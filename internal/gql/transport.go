package gql

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The types of an answer, of GraphQL over HTTP section 6.1. They differ in the status of an operation that could not
// run: 200 in typeJSON, for old clients, 400 in typeResponse.
const (
	typeJSON = iota
	typeResponse
)

// contentTypes are header values as net/http keeps them, so that setting one allocates nothing.
var contentTypes = [...][]string{
	typeJSON:     {"application/json; charset=utf-8"},
	typeResponse: {"application/graphql-response+json; charset=utf-8"},
}

var noStore = []string{"no-store"} // answers carry tokens

// A refusal is the fixed answer to a request that never became an operation. It repeats nothing of the request, whose
// body may hold a password.
type refusal struct {
	status int // 0: that of an operation that could not run
	body   []byte
	errs   gqlerror.List // what is in body
}

func refuse(status int, message string) *refusal {
	return &refusal{status, []byte(`{"errors":[{"message":` + strconv.Quote(message) +
		`,"extensions":{"code":"` + codeBadUserInput + `"}}]}`), gqlerror.List{coded(&gqlerror.Error{Message: message}, codeBadUserInput)}}
}

var (
	errMethod = refuse(http.StatusMethodNotAllowed, "GET and POST are taken here.")
	errAccept = refuse(http.StatusNotAcceptable,
		"Answers are application/json or application/graphql-response+json.")
	errType = refuse(http.StatusUnsupportedMediaType,
		"The request must be application/json in UTF-8, not compressed.")
	errSize   = refuse(http.StatusRequestEntityTooLarge, "The request is larger than 100 KiB.")
	errUnread = refuse(http.StatusBadRequest, "The request could not be read to its end.")
)

// Allow of what is refused for its method.
const (
	allowAll  = "GET, HEAD, POST"
	allowPost = "POST" // for a mutation
)

// ServeHTTP answers a GraphQL over HTTP request, always by JSON: POST with a JSON object, or a query by GET.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answerType, ok := negotiate(r.Header["Accept"])
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	default:
		w.Header().Set("Allow", allowAll)
		s.refuse(w, r, answerType, errMethod)
		return
	}
	if !ok {
		s.refuse(w, r, answerType, errAccept)
		return
	}
	b := buffersPool.Get().(*buffers)
	defer b.release()
	env := envelope{safe: r.Method != http.MethodPost}
	var refused *refusal
	if env.safe {
		refused = b.fromAddress(r.URL.RawQuery, &env)
	} else {
		refused = b.fromBody(w, r, &env)
	}
	if refused != nil {
		s.refuse(w, r, answerType, refused)
		return
	}
	resp, field, status := s.answer(r.Context(), &env)
	s.observe(r.Context(), field, resp.Errors)
	switch status {
	case statusNotRun:
		status = notRun(answerType)
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", allowPost)
	}
	encode(&b.out, resp)
	write(w, status, answerType, b.out.Bytes())
}

// encode writes resp as JSON, errors first, as the GraphQL specification advises. The data is as gqlgen made it: valid
// JSON that need not be checked again. Without any, which means that nothing ran, there is no "data".
func encode(out *bytes.Buffer, resp *graphql.Response) {
	out.WriteByte('{')
	if len(resp.Errors) > 0 {
		out.WriteString(`"errors":`)
		appendJSON(out, resp.Errors[:min(len(resp.Errors), maxErrors)])
	}
	if resp.Data != nil {
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		out.WriteString(`"data":`)
		out.Write(resp.Data)
	}
	if len(resp.Extensions) > 0 {
		out.WriteString(`,"extensions":`)
		appendJSON(out, resp.Extensions)
	}
	out.WriteByte('}')
}

// appendJSON writes v, which must be able to become JSON.
func appendJSON(out *bytes.Buffer, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	out.Write(b)
}

// notRun is the status of an operation that was read but could not run.
func notRun(answerType int) int {
	if answerType == typeResponse {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// refuse answers a request that never became an operation.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, answerType int, f *refusal) {
	s.observe(r.Context(), "", f.errs)
	status := f.status
	if status == 0 {
		status = notRun(answerType)
	}
	write(w, status, answerType, f.body)
}

func write(w http.ResponseWriter, status, answerType int, body []byte) {
	h := w.Header()
	h["Content-Type"] = contentTypes[answerType]
	h["Cache-Control"] = noStore
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone; there is nobody else to tell
}

// negotiate chooses the type of the answer by the values of Accept: the first that we can make, typeJSON if there are
// no values; false if none fits. urql also lists text/event-stream, which is passed over.
func negotiate(accept []string) (answerType int, ok bool) {
	if len(accept) == 0 {
		return typeJSON, true
	}
	for _, line := range accept {
		for part := range strings.SplitSeq(line, ",") {
			mediaType, params, _ := strings.Cut(part, ";")
			if refusedByWeight(params) {
				continue
			}
			switch strings.ToLower(strings.TrimSpace(mediaType)) {
			case "application/json", "application/*", "*/*":
				return typeJSON, true
			case "application/graphql-response+json":
				return typeResponse, true
			}
		}
	}
	return typeJSON, false
}

// refusedByWeight reports whether the parameters of a media range hold a weight of 0 (RFC 9110 section 12.4.2).
func refusedByWeight(params string) bool {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if strings.EqualFold(name, "q") {
			q, err := strconv.ParseFloat(value, 64)
			return err == nil && q == 0
		}
	}
	return false
}

// onlyErrors is the answer to an operation that could not run.
func onlyErrors(errs ...*gqlerror.Error) *graphql.Response { return &graphql.Response{Errors: errs} }
