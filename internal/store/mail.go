package store

import (
	"encoding/json"
	"strings"
	"time"

	"latchkey/internal/db"
)

// MailKind says what a mail is about or, before it is sent, what the worker has to find
// out.
type MailKind string

// The kinds of mail. None is sent as MailResendConfirmation: once it is admitted, it is
// sent as a MailConfirmRegistration with all that is open, or not at all.
const (
	MailConfirmRegistration MailKind = "confirm_registration" // of RegistrationID
	MailResendConfirmation  MailKind = "resend_confirmation"  // of all that RecipientKey has open
	MailAlreadyRegistered   MailKind = "already_registered"   // to the user with RecipientKey
	MailConfirmNewEmail     MailKind = "confirm_new_email"    // for the user UserID; without one, for all for whom RecipientKey waits
	MailPasswordReset       MailKind = "password_reset"       // for the user UserID; without one, for the user with RecipientKey
	MailLoginCode           MailKind = "login_code"           // for the user with RecipientKey
	MailInvited             MailKind = "invited"              // for the user UserID, who sets the first password
	MailTest                MailKind = "test"                 // to an administrator who asked for it; it never waits

	// Notices, which go to Details.To and say what is in Details. If Details has an
	// Event, they carry a link that takes it back.
	MailEmailChangeRequested MailKind = "email_change_requested"
	MailEmailChanged         MailKind = "email_changed"
	MailPasswordChanged      MailKind = "password_changed"
	MailUsernameChanged      MailKind = "username_changed"
	MailNewDevice            MailKind = "new_device"
	MailSessionMoved         MailKind = "session_moved"
	MailRoleChanged          MailKind = "role_changed"
	MailFactorAdded          MailKind = "factor_added" // an authenticator app: Factor is its name
	MailFactorRemoved        MailKind = "factor_removed"
	MailPasskeyAdded         MailKind = "passkey_added"
	MailPasskeyRemoved       MailKind = "passkey_removed"
	MailPasskeyRefused       MailKind = "passkey_refused"  // it may have been copied
	MailSecondFactorOn       MailKind = "second_factor_on" // a login by password asks for a passkey
	MailSecondFactorOff      MailKind = "second_factor_off"
	MailRecoveryCodesMade    MailKind = "recovery_codes_made"
	MailRecoveryCodeUsed     MailKind = "recovery_code_used" // Left are left
	MailCodesTried           MailKind = "codes_tried"        // by somebody who knows the password
	MailFactorsReset         MailKind = "factors_reset"      // by an administrator or the shell
	MailPasswordRemoved      MailKind = "password_removed"
	MailEmailRemoved         MailKind = "email_removed" // to the address that "this was not me" took off the account
	MailAccountDeleted       MailKind = "account_deleted"
	MailAccountDisabled      MailKind = "account_disabled"

	// A notice to an administrator, of what happened to another's account.
	MailAdministratorsChanged MailKind = "administrators_changed"
)

// asked has the kinds of mails that somebody asks for, who may have no account; the others
// are notices.
const asked = `('confirm_registration', 'resend_confirmation', 'already_registered', 'confirm_new_email', 'password_reset', 'login_code', 'invited')`

// Mail is a row of the outbox: a mail that waits to be sent. It is written in the
// transaction that causes it, with an ID, a Kind and a CreatedAt at least.
type Mail struct {
	ID             string
	Kind           MailKind
	Dedupe         string // of rows with the same one, only one waits at a time; "" is not compared
	RecipientKey   string // the key of the address that it is about
	Client         string // the key of the client that caused it
	Line           string // whom that client shares a line with: they take turns, and are counted together; "" if that binds nobody
	RegistrationID string // or ""
	UserID         string // or ""
	Details        MailDetails
	Admitted       bool   // it was counted and may go, or need not be counted, as notices
	Attempts       int    // tries that failed although the server was there
	LastError      string // of the last try, without addresses; "" while a worker has it
	CreatedAt      time.Time
	DueAt          time.Time  // zero when it is written: at once
	FailedAt       *time.Time // when it was given up; nil while it waits
}

// MailDetails is what a notice says of its event, as things were then.
type MailDetails struct {
	To       string `json:"to,omitempty"`       // the account's address
	Username string `json:"username,omitempty"` // before
	New      string `json:"new,omitempty"`      // what the username or the address became, or is to become
	Event    string `json:"event,omitempty"`    // the id of what takes the event back, or ""
	Device   string `json:"device,omitempty"`   // for people: "Firefox on Linux"
	Address  string `json:"address,omitempty"`  // the client's IP address
	Role     Role   `json:"role,omitempty"`     // the role that the account has now
	By       string `json:"by,omitempty"`       // for administrators: the username of the one who did it; "" if it was the shell
	Shell    bool   `json:"shell,omitempty"`    // it was done from the shell
	Session  string `json:"session,omitempty"`  // for a session that moved: the name of its device
	Factor   string `json:"factor,omitempty"`   // the name of a factor
	Left     int    `json:"left,omitempty"`     // of recovery codes: how many are left
	// Of a login: what of it was new.
	NewDevice  bool      `json:"newDevice,omitempty"`
	NewNetwork bool      `json:"newNetwork,omitempty"`
	At         time.Time `json:"at,omitzero"`
	Nonce      []byte    `json:"nonce,omitempty"` // of a login code: that of its ticket, which is no secret
	Kept       time.Time `json:"kept,omitzero"`   // for a deletion: until when nobody gets the address that the mail goes to
}

// ResendDedupe returns the Dedupe of a mail that a client may ask for again and again.
// Of each kind, recipient and client, one row waits at a time.
func ResendDedupe(kind MailKind, recipientKey, client string) string {
	return string(kind) + "|" + recipientKey + "|" + client
}

const heldSuffix = "|held"

// HeldDedupe returns the Dedupe of the held row of a recipient: of those who got as
// many mails of a kind as may be, one row waits until the next may go.
func HeldDedupe(kind MailKind, recipientKey string) string {
	return string(kind) + "|" + recipientKey + heldSuffix
}

// Held reports whether m is a held row: see [HeldDedupe].
func (m *Mail) Held() bool { return strings.HasSuffix(m.Dedupe, heldSuffix) }

const mailColumns = `id, kind, COALESCE(dedupe, ''), recipient_key, client, COALESCE(line, ''), COALESCE(registration_id, ''),
	COALESCE(user_id, ''), details, admitted, attempts, last_error, created_at, due_at, failed_at`

func scanMail(row db.Row) (*Mail, error) {
	var m Mail
	var details string
	err := row.Scan(&m.ID, &m.Kind, &m.Dedupe, &m.RecipientKey, &m.Client, &m.Line, &m.RegistrationID,
		&m.UserID, &details, &m.Admitted, &m.Attempts, &m.LastError, &m.CreatedAt, &m.DueAt, &m.FailedAt)
	if err != nil {
		return nil, err
	}
	m.CreatedAt, m.DueAt, m.FailedAt = m.CreatedAt.UTC(), m.DueAt.UTC(), utc(m.FailedAt)
	return &m, json.Unmarshal([]byte(details), &m.Details)
}

// A mail's place in the outbox is 0 if nobody waits before it: notices, and what is asked
// for by a client that is familiar to its recipient. Any other's is the time at which it
// is written, and one turn later for each mail that its line has waiting: so who causes
// many delays their own. It is given in microseconds since 1970.
const (
	turn     = 10 * time.Second
	maxTurns = 1000 // beyond these nobody counts
)

// insert returns the statement that writes m. Where a row with the same Dedupe waits, the
// statement writes that instead. So both cases take as long (C3: nobody can tell by the
// time what waits for an address), and the waiting row becomes as new as m, so that it is
// not dropped for something that happened before m was asked for, and says what m says.
func (m *Mail) insert() db.Stmt {
	due := m.DueAt
	if due.IsZero() {
		due = m.CreatedAt
	}
	details, _ := json.Marshal(m.Details) // strings and a time of this age cannot fail
	return db.Stmt{
		SQL: `/* EnqueueMail */
			INSERT INTO outbox (id, kind, dedupe, recipient_key, client, registration_id, user_id, details,
				admitted, attempts, last_error, created_at, due_at, line, place)
			VALUES ($1, $2, NULLIF($3, ''), $4, $5, NULLIF($6, ''), NULLIF($7, ''), $8, $9, 0, '', $10, $11, NULLIF($12, ''), CASE
				WHEN $9 OR EXISTS (SELECT 1 FROM users u JOIN familiar f ON f.user_id = u.id
					WHERE u.email_key = $4 AND f.kind = 'client' AND f.value = $5 AND f.last_seen_at > $13) THEN 0
				ELSE $14 + $15 * (SELECT count(*) FROM (
					SELECT 1 FROM outbox WHERE line = NULLIF($12, '') AND failed_at IS NULL LIMIT $16) others) END)
			ON CONFLICT (dedupe) DO UPDATE SET client = excluded.client, line = excluded.line, details = excluded.details, created_at = excluded.created_at`,
		Args: []any{m.ID, m.Kind, m.Dedupe, m.RecipientKey, m.Client, m.RegistrationID, m.UserID, string(details),
			m.Admitted, m.CreatedAt, due, m.Line, m.CreatedAt.Add(-clientFamiliar), m.CreatedAt.UnixMicro(), turn.Microseconds(), maxTurns},
	}
}
