package store

import (
	"encoding/json"
	"strings"
	"time"

	"latchkey/internal/db"
)

// MailKind says what a mail is about, or what is to be found out before it is.
type MailKind string

// The kinds of rows. ResendConfirmation never leaves as such: when it is
// admitted it becomes a ConfirmRegistration with all that is open, or nothing.
const (
	MailConfirmRegistration MailKind = "confirm_registration" // of RegistrationID
	MailResendConfirmation  MailKind = "resend_confirmation"  // of all that RecipientKey has open
	MailAlreadyRegistered   MailKind = "already_registered"   // to the user with RecipientKey
	MailConfirmNewEmail     MailKind = "confirm_new_email"    // of UserID, or of all who wait for RecipientKey
	MailPasswordReset       MailKind = "password_reset"       // of UserID, or of whose address RecipientKey is

	// Notices, to Details.To with all of Details. Those of an event carry a link
	// that takes it back.
	MailEmailChangeRequested MailKind = "email_change_requested"
	MailEmailChanged         MailKind = "email_changed"
	MailPasswordChanged      MailKind = "password_changed"
	MailUsernameChanged      MailKind = "username_changed"
	MailNewDevice            MailKind = "new_device"
	MailAccountDeleted       MailKind = "account_deleted"
	MailAccountDisabled      MailKind = "account_disabled"
)

// Mail is a job of the outbox. It is written in the transaction that causes
// it, with an ID, a Kind and a CreatedAt at least.
type Mail struct {
	ID             string
	Kind           MailKind
	Dedupe         string // while a row with the same one waits, this is not written; "" is never the same
	RecipientKey   string // the key of the address that it is about
	Client         string // the key of the client that caused it
	RegistrationID string // or ""
	UserID         string // or ""
	Details        MailDetails
	Admitted       bool   // it was counted and may go; notices are written so
	Attempts       int    // tries that failed after the server had greeted
	LastError      string // of the last try, without addresses; "" while a worker has it
	CreatedAt      time.Time
	DueAt          time.Time  // zero when it is written: at once
	FailedAt       *time.Time // when it was given up; nil while it waits
}

// MailDetails is what a notice says of its event, as it was then.
type MailDetails struct {
	To       string    `json:"to,omitempty"`       // the account's address
	Username string    `json:"username,omitempty"` // before
	New      string    `json:"new,omitempty"`      // what the username or the address became, or is to become
	Event    string    `json:"event,omitempty"`    // the event's id, of those that can be taken back
	Device   string    `json:"device,omitempty"`   // for people: "Firefox on Linux"
	Address  string    `json:"address,omitempty"`  // the client's IP address
	At       time.Time `json:"at,omitzero"`
	Kept     time.Time `json:"kept,omitzero"` // of a deletion: until when nobody gets the address that the mail goes to
}

// ResendDedupe is the Dedupe of what client may ask for again and again: one
// row waits for each kind, recipient and client.
func ResendDedupe(kind MailKind, recipientKey, client string) string {
	return string(kind) + "|" + recipientKey + "|" + client
}

const heldSuffix = "|held"

// HeldDedupe is the Dedupe of the one row that waits for the next slot of a
// recipient who got as many mails of a kind as may be.
func HeldDedupe(kind MailKind, recipientKey string) string {
	return string(kind) + "|" + recipientKey + heldSuffix
}

// Held says whether m is such a row.
func (m *Mail) Held() bool { return strings.HasSuffix(m.Dedupe, heldSuffix) }

const mailColumns = `id, kind, COALESCE(dedupe, ''), recipient_key, client, COALESCE(registration_id, ''),
	COALESCE(user_id, ''), details, admitted, attempts, last_error, created_at, due_at, failed_at`

func scanMail(row db.Row) (*Mail, error) {
	var m Mail
	var details string
	err := row.Scan(&m.ID, &m.Kind, &m.Dedupe, &m.RecipientKey, &m.Client, &m.RegistrationID,
		&m.UserID, &details, &m.Admitted, &m.Attempts, &m.LastError, &m.CreatedAt, &m.DueAt, &m.FailedAt)
	if err != nil {
		return nil, err
	}
	m.CreatedAt, m.DueAt, m.FailedAt = m.CreatedAt.UTC(), m.DueAt.UTC(), utc(m.FailedAt)
	return &m, json.Unmarshal([]byte(details), &m.Details)
}

// insert is the statement that writes m, for a batch. Where a row with the same
// Dedupe waits already it writes that, so that both take as long (C3), and makes
// it as new as m: what happened before m was asked for does not stand against it.
func (m *Mail) insert() db.Stmt {
	due := m.DueAt
	if due.IsZero() {
		due = m.CreatedAt
	}
	details, _ := json.Marshal(m.Details) // strings and a time of this age cannot fail
	return db.Stmt{
		SQL: `/* EnqueueMail */
			INSERT INTO outbox (id, kind, dedupe, recipient_key, client, registration_id, user_id, details,
				admitted, attempts, last_error, created_at, due_at)
			VALUES ($1, $2, NULLIF($3, ''), $4, $5, NULLIF($6, ''), NULLIF($7, ''), $8, $9, 0, '', $10, $11)
			ON CONFLICT (dedupe) DO UPDATE SET client = excluded.client, created_at = excluded.created_at`,
		Args: []any{m.ID, m.Kind, m.Dedupe, m.RecipientKey, m.Client, m.RegistrationID, m.UserID, string(details),
			m.Admitted, m.CreatedAt, due},
	}
}
