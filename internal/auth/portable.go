package auth

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"latchkey/internal/names"
	"latchkey/internal/password"
	"latchkey/internal/store"
)

// PortableUser is a user as a line of import and export.
type PortableUser struct {
	ID           string     `json:"id"` // a UUID; "": a new one
	Email        string     `json:"email"`
	Username     string     `json:"username"`            // "": one is made
	PasswordHash string     `json:"passwordHash"`        // "": no password until a reset
	Role         store.Role `json:"role"`                // "": USER
	CreatedAt    *time.Time `json:"createdAt"`           // nil: now
	DisabledAt   *time.Time `json:"disabledAt,omitzero"` // nil: active

	MustChangePassword bool `json:"mustChangePassword,omitzero"` // at the next login
	MustEnrol          bool `json:"mustEnrol,omitzero"`          // the same: add a second factor

	PortableFactors
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

// claim notes that a line claims a key, and returns the earlier line that did, or 0.
func (c claims) claim(kind byte, key string, line int) int {
	h := maphash.String(c.seed, string(kind)+key)
	if earlier := c.lines[h]; earlier > 0 {
		return earlier
	}
	c.lines[h] = line
	return 0
}

// username makes a username that no earlier line claims, and claims it.
func (c claims) username(line int) string {
	for {
		name := names.MakeUsername()
		if username, ok := names.ParseUsername(name); ok && c.claim('u', username.Key, line) == 0 {
			return name
		}
	}
}

// portableID is the id of a user whose line has this one; a new one for "". It is
// taken in its one spelling only, as programs compare ids as texts.
func portableID(text string) (id string, ok bool) {
	if text == "" {
		return newID(), true
	}
	parsed, err := uuid.Parse(text)
	return text, err == nil && parsed != uuid.Nil && parsed.String() == text
}

// parseLine reads one line and finds what is wrong with it: by itself, or since it
// claims what an earlier line does. It returns nil for an empty line.
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
	id, ok := portableID(p.ID)
	if !ok {
		wrong("id: a UUID in lower case looks like 0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f07")
	}
	made := names.Trim(p.Username) == ""
	if made {
		p.Username = claims.username(number)
	}
	username, ok := names.ParseKnownUsername(p.Username)
	if !ok {
		wrong("username: %s", errUsernameInvalid(username.Key)[0].Message)
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
	factors := p.PortableFactors.read(s, id, p.ID != "", now, wrong)
	if len(l.problems) > 0 {
		return l
	}
	for _, k := range factors.Passkeys {
		if earlier := claims.claim('p', string(k.Credential), number); earlier > 0 {
			wrong("passkeys: line %d has one of them", earlier)
		}
	}
	if earlier := claims.claim('e', email.Key, number); earlier > 0 {
		wrong("email: line %d has the same", earlier)
	}
	if earlier := claims.claim('u', username.Key, number); earlier > 0 && !made {
		wrong("username: line %d has the same", earlier)
	}
	if p.ID != "" {
		if earlier := claims.claim('i', p.ID, number); earlier > 0 {
			wrong("id: line %d has the same", earlier)
		}
	}
	l.user = store.ImportedUser{UsernameKey: username.Key, IDGiven: p.ID != "", PortableFactors: factors, User: store.User{
		ID: id, UsernameMade: made, Email: email.Address, EmailKey: email.Key, Username: username.Name, PasswordHash: p.PasswordHash, Role: p.Role,
		SecurityVersion: 1, CreatedAt: now, UpdatedAt: now, DisabledAt: kept(p.DisabledAt),
		MustChangePassword: p.MustChangePassword, MustEnrol: p.MustEnrol, WantsSecondFactor: p.RequireSecondFactor,
	}}
	if p.CreatedAt != nil {
		l.user.CreatedAt = *kept(p.CreatedAt)
	}
	return l
}

// aheadOfUs is how far the clock of the machine that wrote the file may be ahead of
// ours.
const aheadOfUs = 24 * time.Hour

func believable(t, now time.Time) bool {
	return t.Unix() >= 0 && t.Before(now.Add(aheadOfUs))
}

// kept returns a time as the databases keep it, or nil.
func kept(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	k := store.Moment(*t)
	return &k
}

// unmarshalUser reads the object of a line into p. It returns "", or what is wrong
// without quoting the line.
func unmarshalUser(text []byte, p *PortableUser) string {
	err := json.Unmarshal(text, p, json.RejectUnknownMembers(true))
	if err == nil {
		return ""
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		field, inside, _ := strings.Cut(strings.TrimPrefix(string(semantic.JSONPointer), "/"), "/")
		switch {
		case field == "totp":
			return "totp: an object with secret, name, createdAt and lastStep"
		case field == "passkeys":
			return "passkeys: a list of objects with credentialId, publicKey, rpId, aaguid, transports, counter, backupEligible, backedUp, name and createdAt"
		case field == "recoveryCodes":
			return "recoveryCodes: a list of texts"
		case errors.Is(err, json.ErrUnknownName):
			return "a field that is none of id, email, username, passwordHash, role, createdAt, disabledAt, mustChangePassword, mustEnrol, totp, passkeys, " +
				"recoveryCodes and requireSecondFactor"
		case field == "createdAt" || field == "disabledAt":
			return field + `: a time looks like "2024-05-17T08:30:00Z"`
		case field == "mustChangePassword" || field == "mustEnrol" || field == "requireSecondFactor":
			return field + ": true or false"
		case field != "" && inside == "":
			return field + ": a text in quotes"
		}
	}
	return "not one JSON object"
}
