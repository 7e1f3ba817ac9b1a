package oauth

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/web"
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
	retryAfter  time.Duration
}

func (f *failure) Error() string { return f.Code + ": " + f.Description }

func badRequest(description string) error {
	return &failure{Code: invalidRequest, Description: description}
}

// errClient is every reason for which a client is not believed, so that ids
// cannot be tried out.
func errClient() error {
	return &failure{Code: invalidClient, Description: "No client has this id and secret.", status: http.StatusUnauthorized}
}

// fail answers what went wrong, and logs what is no caller's fault.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := s.failureOf(r, err)
	h := w.Header()
	switch f.status {
	case 0:
		f.status = http.StatusBadRequest
	case http.StatusUnauthorized: // RFC 9110 section 15.5.2 wants a challenge in each
		h.Set("WWW-Authenticate", `Basic realm="latchkey", charset="UTF-8"`)
	}
	if f.retryAfter > 0 {
		h.Set("Retry-After", seconds(f.retryAfter))
	}
	writeJSON(w, f.status, f)
}

func (s *server) failureOf(r *http.Request, err error) failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return *f
	}
	if mistakes, ok := errors.AsType[auth.UserErrors](err); ok {
		return failure{Code: invalidGrant, Description: mistakes[0].Message}
	}
	e := auth.AsError(err)
	id := web.RequestID(r.Context())
	later := failure{Code: temporarilyUnavailable, Description: e.Message, retryAfter: time.Duration(e.Seconds()) * time.Second}
	switch e.Code {
	case auth.RateLimited:
		later.status = http.StatusTooManyRequests
		return later
	case auth.Unavailable:
		s.Log.Warn().Err(err).Str("request_id", id).Str("path", r.URL.Path).Msg("unavailable")
		later.status = http.StatusServiceUnavailable
		return later
	}
	if r.Context().Err() == nil { // or the client went away
		s.Log.Error().Err(err).Str("request_id", id).Str("path", r.URL.Path).Msg("internal error")
	}
	return failure{
		Code: serverError, Description: strings.TrimSuffix(e.Message, ".") + ": request " + id + ".", status: http.StatusInternalServerError,
	}
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }
