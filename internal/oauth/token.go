package oauth

import (
	"net/http"

	"latchkey/internal/auth"
)

// The grants there are.
const (
	passwordGrant = "password"
	refreshGrant  = "refresh_token"
)

// grant is the answer of RFC 6749 section 5.1.
type grant struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token"`

	DeviceToken *string `json:"device_token,omitempty"` // of ours: what LoginPayload.deviceToken is
}

// token trades a password or a refresh token for new tokens.
func (s *server) token(r *http.Request, f form, c caller) (any, error) {
	if err := f.need("grant_type"); err != nil {
		return nil, err
	}
	var trade func(*http.Request, form, caller) (*auth.Login, error)
	switch kind := f["grant_type"]; {
	case kind == passwordGrant && s.PasswordGrant:
		trade = s.byPassword
	case kind == refreshGrant:
		trade = s.byRefreshToken
	default:
		return nil, &failure{Code: unsupportedGrantType, Description: "This server does not have that grant_type."}
	}
	if f["scope"] != "" {
		return nil, &failure{Code: invalidScope, Description: "This server has no scopes: leave the parameter out."}
	}
	l, err := trade(r, f, c)
	if err != nil {
		return nil, err
	}
	t := l.Tokens
	return grant{AccessToken: t.AccessToken, TokenType: "Bearer", ExpiresIn: t.AccessTokenExpiresIn, RefreshToken: *t.RefreshToken, DeviceToken: l.DeviceToken}, nil
}

func (s *server) byPassword(r *http.Request, f form, c caller) (*auth.Login, error) {
	if err := f.need("username", "password"); err != nil {
		return nil, err
	}
	in := auth.LoginInput{Login: f["username"], Password: f["password"], Transport: auth.TransportBody}
	if token, ok := f["device_token"]; ok {
		in.DeviceToken = &token
	}
	return s.Auth.Login(r.Context(), c.actor(r), in)
}

func (s *server) byRefreshToken(r *http.Request, f form, c caller) (*auth.Login, error) {
	if err := f.need("refresh_token"); err != nil {
		return nil, err
	}
	return s.Auth.Refresh(r.Context(), c.actor(r), f["refresh_token"])
}

// revoke ends the session of a token (RFC 7009). A token that is unknown is as
// good as revoked; token_type_hint is a hint that is not needed.
func (s *server) revoke(r *http.Request, f form, c caller) (any, error) {
	if err := f.need("token"); err != nil {
		return nil, err
	}
	return nil, s.Auth.Revoke(r.Context(), c.actor(r), f["token"])
}
