package cli

import (
	"time"

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
}

func describe(u *store.User, now time.Time) description {
	d := description{
		ID: u.ID, Username: u.Username, Email: u.Email, Role: u.Role, CreatedAt: stamp(u.CreatedAt), UpdatedAt: stamp(u.UpdatedAt),
		LastLoginAt: stampOrNil(u.LastLoginAt), DisabledAt: stampOrNil(u.DisabledAt),
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
