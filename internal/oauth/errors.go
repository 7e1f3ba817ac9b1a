package oauth

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"latchkey/internal/auth"
	"latchkey/internal/request"
)

// The error codes of RFC 6749 section 5.2, and of its section 4.1.2.1 for what
// that one has no word for.
const (
	invalidRequest         = "invalid_request"
	invalidClient          = "invalid_client"
	invalidGrant           = "invalid_grant"
	unsupportedGrantType   = "unsupported_grant_type"
	invalidScope           = "invalid_scope"
	temporarilyUnavailable = "temporarily_unavailable"
	serverError            = "server_error"
)

// failure is an answer that says what is wrong. Its texts repeat nothing that
// was sent.
type failure struct {
	Code        string `json:"error"`
	Description string `json:"error_description"` // printable ASCII without " and \
	status      int    // 0 is 400
	retryAfter  int    // seconds, or 0

	outcome request.Outcome // for whoever watches requests; "" is that of the status
}

func (f *failure) Error() string { return f.Code + ": " + f.Description }

func badRequest(description string) error {
	return &failure{Code: invalidRequest, Description: description}
}

// errClient is the one error for every reason why a client is not believed, so that
// nobody can find out ids by trying.
func errClient() error {
	return &failure{Code: invalidClient, Description: "No client has this id and secret.", status: http.StatusUnauthorized}
}

// fail answers a request that failed.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := s.failureOf(r, err)
	h := w.Header()
	switch f.status {
	case 0:
		f.status = http.StatusBadRequest
	case http.StatusUnauthorized: // RFC 9110 section 15.5.2 wants a challenge in each
		h.Set("WWW-Authenticate", `Basic realm="latchkey", charset="UTF-8"`)
	}
	request.Note(r.Context(), cmp.Or(f.outcome, request.OutcomeOf(f.status)), f.Code)
	if f.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(f.retryAfter))
	}
	writeJSON(w, f.status, f)
}

func (s *server) failureOf(r *http.Request, err error) failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return *f
	}
	if _, ok := errors.AsType[*auth.StepNeeded](err); ok {
		return failure{Code: invalidGrant, Description: "This account needs a second step, which this grant does not have.", outcome: request.UserError}
	}
	if mistakes, ok := errors.AsType[auth.UserErrors](err); ok {
		return failure{Code: invalidGrant, Description: mistakes[0].Message, outcome: request.UserError}
	}
	f := request.FaultOf(r.Context(), s.Log, r.URL.Path, err)
	switch f.Code {
	case auth.RateLimited, auth.Unavailable:
		return failure{Code: temporarilyUnavailable, Description: f.Message, status: f.Status, retryAfter: f.RetryAfter}
	case auth.Forbidden:
		return failure{Code: invalidGrant, Description: f.Message, outcome: request.Forbidden}
	case auth.Internal:
		return failure{Code: serverError, Description: strings.TrimSuffix(f.Message, ".") + ": request " + f.RequestID + ".", status: f.Status}
	}
	return failure{Code: invalidRequest, Description: f.Message, status: f.Status}
}
