package auth

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"latchkey/internal/names"
	"latchkey/internal/password"
	"latchkey/internal/store"
)

// PortableUser is a user as a line of import and export.
type PortableUser struct {
	Email        string     `json:"email"`
	Username     string     `json:"username"`
	PasswordHash string     `json:"passwordHash"`        // "": no password until a reset
	Role         store.Role `json:"role"`                // "": USER
	CreatedAt    *time.Time `json:"createdAt"`           // nil: now
	DisabledAt   *time.Time `json:"disabledAt,omitzero"` // nil: active
}

// importLine is a line of the file: a user, or what is wrong.
type importLine struct {
	number   int
	user     store.ImportedUser
	problems []string
}

// claims remembers which line claims which address and username.
type claims struct {
	seed  maphash.Seed
	lines map[uint64]int // by a hash of the claim: of ten million lines, two share one by chance once in 90,000 imports
}

// claim returns the earlier line that claims this, or 0.
func (c claims) claim(kind byte, key string, line int) int {
	h := maphash.String(c.seed, string(kind)+key)
	if earlier := c.lines[h]; earlier > 0 {
		return earlier
	}
	c.lines[h] = line
	return 0
}

// parseLine reads one line and finds what is wrong with it by itself and beside
// those before it. nil for an empty line.
func (s *Service) parseLine(number int, text []byte, tooLong bool, claims claims) *importLine {
	l := &importLine{number: number}
	if tooLong {
		l.problems = []string{fmt.Sprintf("longer than %d KiB", maxImportLine>>10)}
		return l
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	var p PortableUser
	if problem := unmarshalUser(text, &p); problem != "" {
		l.problems = []string{problem}
		return l
	}
	wrong := func(format string, args ...any) { l.problems = append(l.problems, fmt.Sprintf(format, args...)) }
	email, ok := names.ParseEmail(p.Email)
	if !ok {
		wrong("email: %s", errEmailInvalid()[0].Message)
	}
	usernameKey, ok := names.ParseUsername(p.Username)
	if !ok {
		wrong("username: %s", errUsernameInvalid(usernameKey)[0].Message)
	}
	if p.PasswordHash != "" {
		if err := password.Check(p.PasswordHash); err != nil {
			wrong("passwordHash: %s", strings.TrimPrefix(err.Error(), "password: "))
		}
	}
	if p.Role == "" {
		p.Role = store.RoleUser
	} else if p.Role != store.RoleUser && p.Role != store.RoleAdmin {
		wrong("role: %s or %s", store.RoleUser, store.RoleAdmin)
	}
	now := s.now()
	if p.CreatedAt != nil && !believable(*p.CreatedAt, now) {
		wrong("createdAt: from 1970 to now")
	}
	if p.DisabledAt != nil && !believable(*p.DisabledAt, now) {
		wrong("disabledAt: from 1970 to now")
	}
	if len(l.problems) > 0 {
		return l
	}
	if earlier := claims.claim('e', email.Key, number); earlier > 0 {
		wrong("email: line %d has the same", earlier)
	}
	if earlier := claims.claim('u', usernameKey, number); earlier > 0 {
		wrong("username: line %d has the same", earlier)
	}
	l.user = store.ImportedUser{UsernameKey: usernameKey, User: store.User{
		ID: newID(), Email: email.Address, EmailKey: email.Key, Username: p.Username, PasswordHash: p.PasswordHash, Role: p.Role,
		SecurityVersion: 1, CreatedAt: now, UpdatedAt: now, DisabledAt: kept(p.DisabledAt),
	}}
	if p.CreatedAt != nil {
		l.user.CreatedAt = *kept(p.CreatedAt)
	}
	return l
}

// aheadOfUs is how far another machine's clock may be before ours.
const aheadOfUs = 24 * time.Hour

func believable(t, now time.Time) bool {
	return t.Unix() >= 0 && t.Before(now.Add(aheadOfUs))
}

// kept is a time as the databases keep it.
func kept(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	k := t.UTC().Truncate(time.Microsecond)
	return &k
}

// unmarshalUser reads a line's object, or says what is wrong without quoting it.
func unmarshalUser(text []byte, p *PortableUser) string {
	err := json.Unmarshal(text, p, json.RejectUnknownMembers(true))
	if err == nil {
		return ""
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		field := strings.TrimPrefix(string(semantic.JSONPointer), "/")
		switch {
		case errors.Is(err, json.ErrUnknownName):
			return "a field that is none of email, username, passwordHash, role, createdAt and disabledAt"
		case field == "createdAt" || field == "disabledAt":
			return field + `: a time looks like "2024-05-17T08:30:00Z"`
		case field != "":
			return field + ": a text in quotes"
		}
	}
	return "not one JSON object"
}
