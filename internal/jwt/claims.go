package jwt

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// OwnClient is the client_id of a token that no OAuth client was given.
const OwnClient = "latchkey"

// Claims are what an access token says. The names are those of its JSON.
type Claims struct {
	Subject       string    // sub: the user's id
	SessionID     string    // sid
	ClientID      string    // client_id: OwnClient or the OAuth client's
	ID            string    // jti
	Role          string    // role
	Email         string    // email
	EmailVerified bool      // email_verified
	IssuedAt      time.Time // iat, whole seconds
	ExpiresAt     time.Time // exp, whole seconds
}

// payload is the claims as a token has them. Numbers are pointers, to tell one that is
// missing from 0.
type payload struct {
	Issuer        string       `json:"iss"`
	Audience      audience     `json:"aud"`
	Subject       string       `json:"sub"`
	SessionID     string       `json:"sid"`
	ClientID      string       `json:"client_id"`
	IssuedAt      *json.Number `json:"iat"`
	ExpiresAt     *json.Number `json:"exp"`
	NotBefore     *json.Number `json:"nbf,omitempty"`
	ID            string       `json:"jti"`
	Role          string       `json:"role"`
	Email         string       `json:"email"`
	EmailVerified bool         `json:"email_verified"`
}

// audience is one string when we write it; RFC 7519 section 4.1.3 allows a list.
type audience string

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if err := json.Unmarshal(b, &one); err == nil {
		*a = audience(one)
		return nil
	}
	var list []string
	if err := json.Unmarshal(b, &list); err != nil || len(list) != 1 {
		return ErrInvalid
	}
	*a = audience(list[0])
	return nil
}

// The library asks for these; Verify reads the payload itself.
func (payload) GetExpirationTime() (*jwt.NumericDate, error) { return nil, nil }
func (payload) GetIssuedAt() (*jwt.NumericDate, error)       { return nil, nil }
func (payload) GetNotBefore() (*jwt.NumericDate, error)      { return nil, nil }
func (payload) GetIssuer() (string, error)                   { return "", nil }
func (payload) GetSubject() (string, error)                  { return "", nil }
func (payload) GetAudience() (jwt.ClaimStrings, error)       { return nil, nil }

func (p *payload) claims(iat, exp time.Time) Claims {
	return Claims{
		Subject: p.Subject, SessionID: p.SessionID, ClientID: p.ClientID, ID: p.ID,
		Role: p.Role, Email: p.Email, EmailVerified: p.EmailVerified, IssuedAt: iat, ExpiresAt: exp,
	}
}

func number(t time.Time) json.Number { return json.Number(fmt.Sprint(t.Unix())) }

// seconds reads a NumericDate, which may have a fraction.
func seconds(n *json.Number) (time.Time, bool) {
	if n == nil {
		return time.Time{}, false
	}
	f, err := n.Float64()
	if err != nil || f < 0 || f > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(f), int64((f-float64(int64(f)))*1e9)).UTC(), true
}
