package store

import (
	"context"

	"latchkey/internal/db"
)

// The kinds of events that concern no one account: what operators do, and what the service
// does by itself. Those of mails name the account that the mail is about, if there is one.
const (
	EventUsersImported        EventKind = "USERS_IMPORTED" // Count of them
	EventUsersExported        EventKind = "USERS_EXPORTED" // the same; with the reason "factors", what opens their accounts too
	EventMailRetried          EventKind = "MAIL_RETRIED"
	EventMailCancelled        EventKind = "MAIL_CANCELLED"
	EventRegistrationDeclined EventKind = "REGISTRATION_DECLINED"
	EventKeyMade              EventKind = "SIGNING_KEY_MADE"
	EventKeyDeleted           EventKind = "SIGNING_KEY_DELETED"
	EventKeysRotated          EventKind = "SIGNING_KEYS_ROTATED"  // the next one signs sooner
	EventKeysReplaced         EventKind = "SIGNING_KEYS_REPLACED" // all of them
	EventResealed             EventKind = "SECRETS_RESEALED"      // Count of them
	EventMigrated             EventKind = "DATABASE_MIGRATED"     // in Count steps
	EventBackedUp             EventKind = "BACKUP_MADE"
	EventRestored             EventKind = "BACKUP_RESTORED"
	EventAdminLinkMade        EventKind = "ADMIN_LINK_MADE" // a link that makes the first administrator
)

// CountSecurityEvent writes e, or the count of the row of e that is there. Call it in the
// transaction of a part of what e counts.
func (s *Store) CountSecurityEvent(ctx context.Context, e *SecurityEvent) error {
	stmt := e.counted()
	_, err := s.conn.Exec(ctx, stmt.SQL, stmt.Args...)
	return err
}

// counted returns the statement of CountSecurityEvent.
func (e *SecurityEvent) counted() db.Stmt {
	return db.Stmt{
		SQL: `/* CountSecurityEvent */ INSERT INTO ` + securityEventValues + ` WHERE TRUE
			ON CONFLICT (id) DO UPDATE SET count = excluded.count`,
		Args: e.args(),
	}
}
