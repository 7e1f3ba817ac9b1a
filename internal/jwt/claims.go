package jwt

import (
	"encoding/base64"
	"errors"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// OwnClient is the client_id of a token that no OAuth client was given.
const OwnClient = "latchkey"

// Claims are what an access token says. The names are those of its JSON.
type Claims struct {
	Subject       string    // sub: the user's id, a UUID
	SessionID     string    // sid, a UUID
	ClientID      string    // client_id: OwnClient or the OAuth client's
	ID            string    // jti, a UUID
	Role          string    // role
	Email         string    // email
	EmailVerified bool      // email_verified
	IssuedAt      time.Time // iat, whole seconds
	ExpiresAt     time.Time // exp, whole seconds

	// What was shown in the session (RFC 9068 section 2.2.1). Tokens of an older version
	// have none of these.
	AuthTime time.Time // auth_time, whole seconds: when it was shown last; zero if there is none
	Level    string    // acr; or ""
	Methods  string    // amr (RFC 8176), separated by spaces; or ""

	// Username is in a token only where a Template puts it, and Verify leaves it empty.
	Username string
}

// payload is the claims as a token has them. Its times are as they were written: nil is
// one that is missing, and a string is no time.
type payload struct {
	Issuer        string         `json:"iss"`
	Audience      audience       `json:"aud"`
	Subject       string         `json:"sub"`
	SessionID     string         `json:"sid"`
	ClientID      string         `json:"client_id"`
	IssuedAt      jsontext.Value `json:"iat"`
	ExpiresAt     jsontext.Value `json:"exp"`
	NotBefore     jsontext.Value `json:"nbf,omitempty"`
	ID            string         `json:"jti"`
	Role          string         `json:"role"`
	Email         string         `json:"email"`
	EmailVerified bool           `json:"email_verified"`
	AuthTime      jsontext.Value `json:"auth_time,omitempty"`
	Level         string         `json:"acr,omitempty"`
	Methods       []string       `json:"amr,omitempty"`
}

// UnmarshalJSON takes each name as it is spelled and once (RFC 7519 section 4), and
// each value of its type alone: null is of none.
func (p *payload) UnmarshalJSON(b []byte) error {
	type wire payload
	return json.Unmarshal(b, (*wire)(p), json.WithUnmarshalers(json.UnmarshalFromFunc(notNull)))
}

// notNull refuses null in the place of any value, and leaves all else to the library.
func notNull(d *jsontext.Decoder, _ any) error {
	if d.PeekKind() == 'n' {
		return ErrInvalid
	}
	return errors.ErrUnsupported
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

// longer is a payload with the claims of a Template behind it.
type longer struct {
	payload
	template *Template
	claims   *Claims
}

// MarshalJSON writes both as one object.
func (l longer) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(l.payload)
	if err != nil {
		return nil, err
	}
	return append(l.template.appendTo(text[:len(text)-1], l.claims), '}'), nil
}

// Others returns the claims of a token that are none of [Claims]: those of a [Template],
// whichever replica signed it. The token is one that Verify took.
func Others(token string) map[string]jsontext.Value {
	all := map[string]jsontext.Value{}
	if parts := strings.Split(token, "."); len(parts) == 3 {
		text, _ := base64.RawURLEncoding.DecodeString(parts[1])
		_ = json.Unmarshal(text, &all) // what cannot be read has none
	}
	maps.DeleteFunc(all, func(name string, _ jsontext.Value) bool { return written[name] })
	return all
}

// The library asks for these; Verify reads the payload itself.
func (payload) GetExpirationTime() (*jwt.NumericDate, error) { return nil, nil }
func (payload) GetIssuedAt() (*jwt.NumericDate, error)       { return nil, nil }
func (payload) GetNotBefore() (*jwt.NumericDate, error)      { return nil, nil }
func (payload) GetIssuer() (string, error)                   { return "", nil }
func (payload) GetSubject() (string, error)                  { return "", nil }
func (payload) GetAudience() (jwt.ClaimStrings, error)       { return nil, nil }

func (p *payload) claims(iat, exp, shown time.Time) Claims {
	return Claims{
		AuthTime: shown, Level: p.Level, Methods: strings.Join(p.Methods, " "),
		Subject: p.Subject, SessionID: p.SessionID, ClientID: p.ClientID, ID: p.ID,
		Role: p.Role, Email: p.Email, EmailVerified: p.EmailVerified, IssuedAt: iat, ExpiresAt: exp,
	}
}

func number(t time.Time) jsontext.Value { return strconv.AppendInt(nil, t.Unix(), 10) }

// seconds reads a NumericDate, which is a number that may have a fraction.
func seconds(v jsontext.Value) (time.Time, bool) {
	if v.Kind() != '0' {
		return time.Time{}, false
	}
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || f < 0 || f > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(f), int64((f-float64(int64(f)))*1e9)).UTC(), true
}

// isID reports whether s is an id as we write them, which a database can be asked for.
func isID(s string) bool {
	id, err := uuid.Parse(s)
	return err == nil && id.String() == s
}
