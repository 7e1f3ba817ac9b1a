package oauth

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/jwt"
)

// state is the answer of RFC 7662 section 2.2. There are no scopes.
type state struct {
	Active    bool   `json:"active"`
	ClientID  string `json:"client_id,omitempty"`
	Username  string `json:"username,omitempty"`
	TokenType string `json:"token_type,omitempty"` // of an access token
	Expires   int64  `json:"exp,omitempty"`
	Issued    int64  `json:"iat,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Audience  string `json:"aud,omitempty"`
	Issuer    string `json:"iss,omitempty"`
	ID        string `json:"jti,omitempty"`
	SessionID string `json:"sid,omitempty"`
	*profile         // of an access token
}

// profile is who an access token was made for, as it says itself: the claims have the
// same names.
type profile struct {
	Role          string `json:"role"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`

	AuthTime int64    `json:"auth_time,omitempty"` // RFC 9470 section 6.2
	Level    string   `json:"acr,omitempty"`
	Methods  []string `json:"amr,omitempty"`
}

// introspect tells a client that has shown its secret what is true of a token at this
// moment: that a session ended, or a user was disabled, counts at once (E5).
func (s *server) introspect(r *http.Request, f form, c caller) (any, error) {
	if !c.authenticated {
		return nil, errClient()
	}
	if err := f.need("token"); err != nil {
		return nil, err
	}
	i, err := s.Auth.Introspect(r.Context(), f["token"])
	if err != nil {
		return nil, err
	}
	if !i.Active {
		return state{}, nil
	}
	answer := state{Active: true, ClientID: i.ClientID, Subject: i.UserID, Expires: i.ExpiresAt.Unix()}
	if a := i.Access; a != nil {
		answer.Username, answer.TokenType, answer.Issued = i.Username, "Bearer", a.IssuedAt.Unix()
		answer.Audience, answer.Issuer, answer.ID, answer.SessionID = s.Issuer.Audience(), s.Issuer.Issuer(), a.ID, a.SessionID
		answer.profile = &profile{Role: a.Role, Email: a.Email, EmailVerified: a.EmailVerified, Level: a.Level, Methods: strings.Fields(a.Methods)}
		if !a.AuthTime.IsZero() {
			answer.AuthTime = a.AuthTime.Unix()
		}
		if others := jwt.Others(f["token"]); len(others) > 0 {
			return withOthers(answer, others)
		}
	}
	return answer, nil
}

// withOthers is the answer with claims of the operator's own, which RFC 7662 allows. What
// the answer has by itself they do not change.
func withOthers(answer state, others map[string]jsontext.Value) (any, error) {
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	var own map[string]jsontext.Value
	if err := json.Unmarshal(text, &own); err != nil {
		return nil, err
	}
	maps.Copy(others, own)
	return others, nil
}
