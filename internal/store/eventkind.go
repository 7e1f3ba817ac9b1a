package store

// EventKind is one of the things that can happen.
type EventKind string

// The kinds of events of one account; operator.go has those of no one account, and sums.go
// those that are only counted. How people hear of each, in the log and perhaps by mail,
// stands in auth/event.go.
const (
	EventAccountCreated  EventKind = "ACCOUNT_CREATED"
	EventLogin           EventKind = "LOGIN"
	EventNewDevice       EventKind = "NEW_DEVICE" // a login with a kind of device, or from a network, that was not used before
	EventLogout          EventKind = "LOGOUT"
	EventSessionRevoked  EventKind = "SESSION_REVOKED"
	EventSessionsRevoked EventKind = "SESSIONS_REVOKED"
	//lint:ignore G101 the name of an event
	EventRefreshTokenReused    EventKind = "REFRESH_TOKEN_REUSED" // which ended its session
	EventSessionMoved          EventKind = "SESSION_MOVED"        // to another kind of device than it was opened with
	EventUsernameChanged       EventKind = "USERNAME_CHANGED"
	EventEmailChangeRequested  EventKind = "EMAIL_CHANGE_REQUESTED"
	EventEmailChangeDeclined   EventKind = "EMAIL_CHANGE_DECLINED"
	EventEmailChanged          EventKind = "EMAIL_CHANGED"
	EventPasswordChanged       EventKind = "PASSWORD_CHANGED" // by one who knew the old one
	EventPasswordResetSent     EventKind = "PASSWORD_RESET_SENT"
	EventPasswordResetLinkMade EventKind = "PASSWORD_RESET_LINK_MADE"
	EventPasswordReset         EventKind = "PASSWORD_RESET" // by a link
	EventTakenBack             EventKind = "TAKEN_BACK"     // "this was not me"
	EventRoleChanged           EventKind = "ROLE_CHANGED"
	EventAccountDisabled       EventKind = "ACCOUNT_DISABLED"
	EventAccountEnabled        EventKind = "ACCOUNT_ENABLED"
	EventAccountDeleted        EventKind = "ACCOUNT_DELETED"
	EventAccountExported       EventKind = "ACCOUNT_EXPORTED" // all that is kept of it was printed

	EventFactorAdded           EventKind = "FACTOR_ADDED" // an authenticator app
	EventFactorRemoved         EventKind = "FACTOR_REMOVED"
	EventPasskeyAdded          EventKind = "PASSKEY_ADDED"
	EventPasskeyRemoved        EventKind = "PASSKEY_REMOVED"
	EventPasskeyRenamed        EventKind = "PASSKEY_RENAMED"
	EventPasskeyBackupChanged  EventKind = "PASSKEY_BACKUP_CHANGED"  // it is kept by a provider now, or not any more
	EventPasskeyCounterRefused EventKind = "PASSKEY_COUNTER_REFUSED" // it may have been copied
	EventSecondFactorOn        EventKind = "SECOND_FACTOR_ON"        // a login by password asks for a passkey
	EventSecondFactorOff       EventKind = "SECOND_FACTOR_OFF"
	EventRecoveryCodesMade     EventKind = "RECOVERY_CODES_MADE"
	EventRecoveryCodeUsed      EventKind = "RECOVERY_CODE_USED"
	EventCodesTried            EventKind = "CODES_TRIED"   // wrong ones, by somebody who knows the password
	EventCodesLimited          EventKind = "CODES_LIMITED" // no more may be tried for now
	EventFactorsReset          EventKind = "FACTORS_RESET" // all taken off, by an administrator or the shell
	EventPasswordRemoved       EventKind = "PASSWORD_REMOVED"
	EventStepUp                EventKind = "STEP_UP" // somebody showed again who they are
	EventDeviceTrusted         EventKind = "DEVICE_TRUSTED"
	EventDeviceForgotten       EventKind = "DEVICE_FORGOTTEN"
	EventDutySet               EventKind = "DUTY_SET" // what a user has to do at the next login

	EventInvited         EventKind = "INVITED"          // to an account that an administrator made
	EventInvitationTaken EventKind = "INVITATION_TAKEN" // they set a password by its link
	EventMailTested      EventKind = "MAIL_TESTED"      // a test mail to the administrator's own address
)
