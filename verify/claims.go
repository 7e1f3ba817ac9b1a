package verify

import (
	"encoding/json"
	"regexp"
	"strconv"
	"time"
)

// Claims are what an access token says.
type Claims struct {
	Subject       string // sub: the user's id
	SessionID     string // sid
	ClientID      string // client_id: "latchkey", or the OAuth client's
	ID            string // jti
	Role          string // role: "USER" or "ADMIN", when the token was made
	Email         string // email, when the token was made
	EmailVerified bool   // email_verified
	IssuedAt      time.Time
	ExpiresAt     time.Time

	AuthTime time.Time // auth_time: when the user last showed who they are; zero if it does not say
	Level    string    // acr: AAL1 or AAL2
	Methods  []string  // amr: what was shown, "pwd", "otp", "pop", …

	// Own are the claims that CLAIMS_FILE adds, by their names, as JSON.
	Own map[string]json.RawMessage
}

// idForm is how the service writes an id.
var idForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// readClaims returns what a payload says if it is an access token's, made by and for these,
// and from when on it is good. Whether it is good now is not looked at.
func readClaims(payload []byte, issuer, audience string) (*Claims, time.Time, error) {
	members, err := object(payload)
	if err != nil {
		return nil, time.Time{}, invalid("its claims are not readable")
	}
	r := &reader{members: members}
	iss, aud := r.text("iss", true), r.audience()
	c := &Claims{
		Subject: r.id("sub"), SessionID: r.id("sid"), ID: r.id("jti"), ClientID: r.text("client_id", true),
		Role: r.text("role", false), Email: r.text("email", false), EmailVerified: r.yes("email_verified"),
		IssuedAt: r.time("iat", true), ExpiresAt: r.time("exp", true),
		AuthTime: r.time("auth_time", false), Level: r.text("acr", false), Methods: r.texts("amr"),
	}
	notBefore := r.time("nbf", false)
	switch {
	case r.wrong != "":
		return nil, time.Time{}, invalid("its claim " + r.wrong + " is missing or not what it must be")
	case iss != issuer:
		return nil, time.Time{}, invalid("its iss is another")
	case aud != audience:
		return nil, time.Time{}, invalid("its aud is another")
	}
	c.Own = members // what is left of them
	return c, notBefore, nil
}

// reader takes claims out of what a token says, and remembers the first that is wrong.
type reader struct {
	members map[string]json.RawMessage
	wrong   string
}

// take takes a claim out. One that is needed and missing is wrong; null is no value of any.
func (r *reader) take(name string, needed bool) (json.RawMessage, bool) {
	value, there := r.members[name]
	delete(r.members, name)
	if !there && needed {
		r.fail(name)
	}
	return value, there
}

func (r *reader) fail(name string) {
	if r.wrong == "" {
		r.wrong = name
	}
}

// text reads a string; if it is needed it is not empty.
func (r *reader) text(name string, needed bool) string {
	value, there := r.take(name, needed)
	s, ok := str(value)
	if there && !ok || needed && s == "" {
		r.fail(name)
	}
	return s
}

func (r *reader) id(name string) string {
	s := r.text(name, true)
	if !idForm.MatchString(s) {
		r.fail(name)
	}
	return s
}

// audience reads the one audience: a string, or a list of one (RFC 7519 section 4.1.3).
func (r *reader) audience() string {
	value, _ := r.take("aud", true)
	if one, ok := str(value); ok {
		return one
	}
	list, ok := strs(value)
	if !ok || len(list) != 1 {
		r.fail("aud")
		return ""
	}
	return list[0]
}

func (r *reader) yes(name string) bool {
	value, there := r.take(name, false)
	if there && string(value) != "true" && string(value) != "false" {
		r.fail(name)
	}
	return string(value) == "true"
}

func (r *reader) texts(name string) []string {
	value, there := r.take(name, false)
	list, ok := strs(value)
	if there && !ok {
		r.fail(name)
	}
	return list
}

// strs reads a list of strings.
func strs(value json.RawMessage) ([]string, bool) {
	var raw []json.RawMessage
	if len(value) == 0 || value[0] != '[' || json.Unmarshal(value, &raw) != nil {
		return nil, false
	}
	list := make([]string, len(raw))
	for i := range raw {
		var ok bool
		if list[i], ok = str(raw[i]); !ok {
			return nil, false
		}
	}
	return list, true
}

// time reads a NumericDate, a number that may have a fraction; zero if there is none.
func (r *reader) time(name string, needed bool) time.Time {
	value, there := r.take(name, needed)
	if !there {
		return time.Time{}
	}
	f, err := strconv.ParseFloat(string(value), 64) // a JSON text that is one is a number
	if err != nil || f < 0 || f > 1<<40 {
		r.fail(name)
		return time.Time{}
	}
	return time.Unix(int64(f), int64((f-float64(int64(f)))*1e9)).UTC()
}
