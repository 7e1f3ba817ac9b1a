package oauth

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/request"
)

// The headers of a proxy's 200, which the proxy hands on to what is behind it. All of them
// are in each: so none that a client made up can stay.
const (
	userIDHeader    = "X-User-Id"
	userNameHeader  = "X-User-Name"
	userRoleHeader  = "X-User-Role"
	sessionIDHeader = "X-Session-Id"
)

// What is wrong with the bearer of a token (RFC 6750 section 3.1, RFC 9470 section 3).
const (
	invalidToken     = "invalid_token"
	tooLittleRole    = "insufficient_scope"
	tooLittleShown   = "insufficient_user_authentication"
	longestFreshness = 365 * 24 * time.Hour // of the parameter fresh
)

// verify returns the handler that tells a proxy whether a request may pass: 200 and whose
// it is, or why not. It looks at the header Authorization alone, never at a cookie, so that
// no page of another site can have a browser pass. Whatever it cannot say is no 200, and
// proxies let nothing else pass.
func (s *server) verify() http.Handler {
	get := request.Methods{"GET": func(w http.ResponseWriter, r *http.Request) {
		need, err := readNeed(r.URL.RawQuery)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		v, err := s.permitted(r, need)
		if err != nil {
			s.turnAway(w, r, need, err)
			return
		}
		h := w.Header()
		h.Set(userIDHeader, v.User.ID)
		h.Set(userNameHeader, v.User.Username)
		h.Set(userRoleHeader, string(v.User.Role))
		h.Set(sessionIDHeader, v.Session.ID)
		w.WriteHeader(http.StatusOK)
	}}.Or(wrongMethod)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		get.ServeHTTP(w, r)
	})
}

// permitted returns whose token came along, if they may pass.
func (s *server) permitted(r *http.Request, need auth.Need) (*auth.Viewer, error) {
	if len(r.Header.Values("Authorization")) > 1 { // which of them counts, what is behind the proxy may see otherwise
		return nil, auth.InvalidToken()
	}
	v, err := request.From(r.Context()).Viewer(r.Context())
	if err == nil {
		err = s.Auth.Permit(r.Context(), v, need)
	}
	return v, err
}

// readNeed reads what the proxy asks for: role, fresh in seconds, each once, and nothing
// else. A parameter that is misspelt must not ask for less.
func readNeed(query string) (need auth.Need, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return need, badRequest("The query is not well-formed.")
	}
	for name, list := range values {
		if len(list) > 1 {
			return need, badRequest("A parameter comes more than once.")
		}
		switch name {
		case "role":
			role, known := auth.ParseRole(list[0])
			if !known {
				return need, badRequest("The parameter role is no role of this service.")
			}
			need.Role = role
		case "fresh":
			seconds, err := strconv.ParseUint(list[0], 10, 32)
			if need.Lately = time.Duration(seconds) * time.Second; err != nil || need.Lately <= 0 || need.Lately > longestFreshness {
				return need, badRequest("The parameter fresh is a number of seconds, 1 to 31536000.")
			}
		default:
			return need, badRequest("There are the parameters role and fresh.")
		}
	}
	return need, nil
}

// turnAway answers a request whose bearer may not pass: 401 where a new token, or showing
// who they are, would help, and 403 where it would not. nginx hands on the challenge of a
// 401, and no more than the status of a 403.
func (s *server) turnAway(w http.ResponseWriter, r *http.Request, need auth.Need, err error) {
	e, known := errors.AsType[*auth.Error](err)
	if !known || e.Code != auth.Unauthenticated && e.Code != auth.Forbidden {
		s.fail(w, r, err)
		return
	}
	status, f, more := http.StatusUnauthorized, failure{Code: invalidToken, Description: describe(e)}, ""
	switch e.Reason {
	case auth.ReasonRole:
		status, f.Code = http.StatusForbidden, tooLittleRole
	case auth.ReasonStepUp:
		f.Code, more = tooLittleShown, fmt.Sprintf(`, acr_values="%s"`, e.Level)
		if need.Lately > 0 {
			more += fmt.Sprintf(`, max_age="%d"`, need.Lately/time.Second)
		}
	}
	challenge := `Bearer realm="latchkey"`
	if e.Reason != auth.ReasonMissing { // of which RFC 6750 section 3.1 wants no more
		challenge += fmt.Sprintf(`, error="%s", error_description="%s"`, f.Code, f.Description) + more
	}
	w.Header().Set("WWW-Authenticate", challenge)
	writeJSON(w, status, f)
}

// describe says to developers why somebody is turned away.
func describe(e *auth.Error) string {
	switch e.Reason {
	case auth.ReasonMissing:
		return "No access token came along."
	case auth.ReasonExpired:
		return "The access token has expired."
	case auth.ReasonRevoked:
		return "The session of this access token has ended."
	case auth.ReasonInvalid:
		return "This is no access token of this service."
	}
	return e.Message
}
