package cli

import (
	"fmt"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// description is a user as --json prints them, with the names of the schema.
type description struct {
	ID           string     `json:"id"`
	Username     string     `json:"username"`
	Email        string     `json:"email"`
	PendingEmail *string    `json:"pendingEmail"`
	Role         store.Role `json:"role"`
	CreatedAt    string     `json:"createdAt"`
	UpdatedAt    string     `json:"updatedAt"`
	LastLoginAt  *string    `json:"lastLoginAt"`
	DisabledAt   *string    `json:"disabledAt"`
	InvitedUntil *string    `json:"invitedUntil"`

	MustChangePassword bool `json:"mustChangePassword"`
	MustEnrol          bool `json:"mustEnrol"`
}

func describe(u *store.User, now time.Time) description {
	d := description{
		ID: u.ID, Username: u.Username, Email: u.Email, Role: u.Role, CreatedAt: stamp(u.CreatedAt), UpdatedAt: stamp(u.UpdatedAt),
		LastLoginAt: stampOrNil(u.LastLoginAt), DisabledAt: stampOrNil(u.DisabledAt), InvitedUntil: stampOrNil(u.InvitedUntil),
		MustChangePassword: u.MustChangePassword, MustEnrol: u.MustEnrol,
	}
	if pending, _ := u.Pending(now); pending != "" {
		d.PendingEmail = &pending
	}
	return d
}

// device is a session as --json prints it.
type device struct {
	ID         string  `json:"id"`
	DeviceName string  `json:"deviceName"`
	UserAgent  *string `json:"userAgent"`
	IPAddress  *string `json:"ipAddress"`
	CreatedAt  string  `json:"createdAt"`
	LastUsedAt string  `json:"lastUsedAt"`
	ExpiresAt  string  `json:"expiresAt"`
}

func devices(sessions []store.Session) []device {
	list := make([]device, len(sessions))
	for i := range sessions {
		s := &sessions[i]
		list[i] = device{s.ID, s.DeviceName, s.UserAgent, s.IPAddress, stamp(s.CreatedAt), stamp(s.LastUsedAt), stamp(s.ExpiresAt)}
	}
	return list
}

// credentials is what opens an account, as --json prints it. No secret is in it.
type credentials struct {
	HasPassword          bool           `json:"hasPassword"`
	SecondFactorRequired bool           `json:"secondFactorRequired"`
	Factors              []factor       `json:"factors"`
	RecoveryCodes        *recoveryCodes `json:"recoveryCodes"`
}

type factor struct {
	ID         string  `json:"id"`
	Kind       string  `json:"kind"` // of the schema's ProofKind
	Name       string  `json:"name"`
	CreatedAt  string  `json:"createdAt"`
	LastUsedAt *string `json:"lastUsedAt"`
}

type recoveryCodes struct {
	Left      int    `json:"left"`
	CreatedAt string `json:"createdAt"`
}

func describeFactors(u *store.User, f auth.AccountFactors) credentials {
	c := credentials{HasPassword: u.PasswordHash != "", SecondFactorRequired: f.Required, Factors: []factor{}}
	for _, one := range f.List {
		switch one := one.(type) {
		case *store.TOTP:
			c.Factors = append(c.Factors, factor{one.ID, string(auth.ProofTOTP), one.Name, stamp(one.CreatedAt), stampOrNil(one.LastUsedAt)})
		case *store.Passkey:
			c.Factors = append(c.Factors, factor{one.ID, string(auth.ProofPasskey), one.Name, stamp(one.CreatedAt), stampOrNil(one.LastUsedAt)})
		}
	}
	if f.RecoveryCodes != nil {
		c.RecoveryCodes = &recoveryCodes{f.RecoveryCodes.Left, stamp(f.RecoveryCodes.CreatedAt)}
	}
	return c
}

func (c credentials) codesLeft() string {
	if c.RecoveryCodes == nil {
		return "-"
	}
	return fmt.Sprintf("%d left", c.RecoveryCodes.Left)
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// stamp returns a time as the API writes it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

func stampOrNil(t *time.Time) *string {
	if t == nil {
		return nil
	}
	text := stamp(*t)
	return &text
}

func orDash(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return stamp(*t)
}
