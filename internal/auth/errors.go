package auth

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/internal/password"
	"latchkey/internal/store"
)

// UserErrorCode names a mistake that a person can put right.
type UserErrorCode string

// The codes of the schema's UserErrorCode.
const (
	//lint:ignore G101 the name of a mistake
	InvalidCredentials UserErrorCode = "INVALID_CREDENTIALS"
	WrongPassword      UserErrorCode = "WRONG_PASSWORD"
	EmailInvalid       UserErrorCode = "EMAIL_INVALID"
	UsernameInvalid    UserErrorCode = "USERNAME_INVALID"
	UsernameTaken      UserErrorCode = "USERNAME_TAKEN"
	PasswordTooShort   UserErrorCode = "PASSWORD_TOO_SHORT"
	PasswordTooLong    UserErrorCode = "PASSWORD_TOO_LONG"
	PasswordInvalid    UserErrorCode = "PASSWORD_INVALID"
	PasswordTooCommon  UserErrorCode = "PASSWORD_TOO_COMMON"
	PasswordBreached   UserErrorCode = "PASSWORD_BREACHED"
	TokenInvalid       UserErrorCode = "TOKEN_INVALID"
	NotFound           UserErrorCode = "NOT_FOUND"
	AccountDisabled    UserErrorCode = "ACCOUNT_DISABLED"
	LastAdmin          UserErrorCode = "LAST_ADMIN"
	EmailTaken         UserErrorCode = "EMAIL_TAKEN"
	EmailNotConfirmed  UserErrorCode = "EMAIL_NOT_CONFIRMED"
	SecondFactorNeeded UserErrorCode = "SECOND_FACTOR_NEEDED"
	EnrolmentNeeded    UserErrorCode = "ENROLMENT_NEEDED"
	NewPasswordNeeded  UserErrorCode = "NEW_PASSWORD_NEEDED"
	ChallengeInvalid   UserErrorCode = "CHALLENGE_INVALID"
	CodeInvalid        UserErrorCode = "CODE_INVALID"
	PasskeyInvalid     UserErrorCode = "PASSKEY_INVALID"
	PasskeyUnknown     UserErrorCode = "PASSKEY_UNKNOWN"
	PasskeyTaken       UserErrorCode = "PASSKEY_TAKEN"
	FactorMissing      UserErrorCode = "FACTOR_MISSING"
	LastFactor         UserErrorCode = "LAST_FACTOR"
	LastWayIn          UserErrorCode = "LAST_WAY_IN"
	TooMany            UserErrorCode = "TOO_MANY"
	MailNotSent        UserErrorCode = "MAIL_NOT_SENT"
)

// UserError is a mistake that a person can put right.
type UserError struct {
	Code    UserErrorCode
	Message string   // for people
	Field   []string // the path from the arguments to what is wrong, ["input", "email"]; or nil
	Limit   *int     // the bound that was passed, for codes that have one
}

// UserErrors are all the mistakes of one call.
type UserErrors []UserError

func (e UserErrors) Error() string {
	codes := make([]string, len(e))
	for i := range e {
		codes[i] = string(e[i].Code)
	}
	return strings.Join(codes, ", ")
}

// Has reports whether one of the mistakes has a code.
func (e UserErrors) Has(code UserErrorCode) bool {
	for i := range e {
		if e[i].Code == code {
			return true
		}
	}
	return false
}

// userError returns one mistake in input.<field>, or in no particular field if that
// is "".
func userError(code UserErrorCode, field, message string) UserErrors {
	e := UserError{Code: code, Message: message}
	if field != "" {
		e.Field = []string{"input", field}
	}
	return UserErrors{e}
}

func errCredentials() error {
	return userError(InvalidCredentials, "", "No account has this login and password.")
}

func errToken() error {
	return userError(TokenInvalid, "token", "This link was used already, or it is too old. Ask for a new one.")
}

func errWrongPassword(field string) error {
	return userError(WrongPassword, field, "This is not your password.")
}

func errLastAdmin(field string) error {
	return userError(LastAdmin, field, "This is the last administrator. Make another one first.")
}

// Code says why a request fails. In GraphQL it is extensions.code.
type Code string

// The codes that this package gives.
const (
	Unauthenticated Code = "UNAUTHENTICATED"
	Forbidden       Code = "FORBIDDEN"
	RateLimited     Code = "RATE_LIMITED"
	BadUserInput    Code = "BAD_USER_INPUT"
	Unavailable     Code = "UNAVAILABLE"
	Internal        Code = "INTERNAL"
	// Absent says that there is no such thing, or none that the actor may know of.
	// The API answers null then, so clients never see this code.
	Absent Code = "ABSENT"
)

// Error is why a request fails. Its texts name no account and hold no secret.
type Error struct {
	Code       Code
	Reason     string        // more about the code, or ""
	Level      string        // of Forbidden with ReasonStepUp: the acr that is asked for
	Message    string        // English, for developers
	RetryAfter time.Duration // of RateLimited and Unavailable
	cause      error         // of Unavailable and Internal, for the log
}

func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %v", e.Code, e.cause)
	}
	return strings.TrimSpace(string(e.Code) + " " + e.Reason)
}

func (e *Error) Unwrap() error { return e.cause }

// Seconds returns RetryAfter in whole seconds, rounded up, and 1 at least.
func (e *Error) Seconds() int {
	return max(1, int((e.RetryAfter+time.Second-1)/time.Second))
}

// The reasons of an Unauthenticated error.
const (
	ReasonMissing = "MISSING" // no access token came along
	ReasonExpired = "EXPIRED"
	ReasonInvalid = "INVALID"
	ReasonRevoked = "REVOKED" // its session has ended, for whatever reason
)

// ReasonStepUp is the reason of Forbidden where a fresh proof is asked for.
const ReasonStepUp = "STEP_UP"

// ReasonRole is the reason of Forbidden for whoever has not the role that is asked for.
const ReasonRole = "ROLE"

// ReasonPasskeysOff is the reason of Forbidden where there are no passkeys.
const ReasonPasskeysOff = "PASSKEYS_OFF"

// ReasonOtherClient is the reason of Forbidden where a token was given to another
// OAuth client.
const ReasonOtherClient = "OTHER_CLIENT"

func errAbsent() *Error { return &Error{Code: Absent, Message: "There is no such thing."} }

// IsAbsent reports whether err says that what was asked for is not there.
func IsAbsent(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == Absent
}

func errUnauthenticated(reason string) *Error {
	return &Error{Code: Unauthenticated, Reason: reason, Message: "A valid access token is needed."}
}

func errRateLimited(wait time.Duration) *Error {
	return &Error{Code: RateLimited, Message: "Too many tries. Try again in " + InWords(wait) + ".", RetryAfter: wait}
}

// InWords says how long d is, rounded up: "40 seconds", "3 minutes".
func InWords(d time.Duration) string {
	up := func(unit time.Duration, word string) string {
		n := int((d + unit - 1) / unit)
		if n <= 1 {
			return "one " + word
		}
		return fmt.Sprintf("%d %ss", n, word)
	}
	switch {
	case d <= 90*time.Second:
		return up(time.Second, "second")
	case d <= 90*time.Minute:
		return up(time.Minute, "minute")
	}
	return up(time.Hour, "hour")
}

// unavailableRetry is how long a client should wait while a dependency is down. It is
// short, since each request tries a new connection.
const unavailableRetry = 2 * time.Second

// AsError returns the [*Error] by which err fails a request: an *Error as it is, a
// dependency that is down or busy as Unavailable, everything else as Internal.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if busy, ok := errors.AsType[*password.BusyError](err); ok {
		return &Error{Code: Unavailable, Message: "The service is busy. Try again soon.", RetryAfter: busy.RetryAfter, cause: err}
	}
	if errors.Is(err, store.ErrUnavailable) {
		return &Error{Code: Unavailable, Message: "The service is not available. Try again soon.", RetryAfter: unavailableRetry, cause: err}
	}
	return &Error{Code: Internal, Message: "Something went wrong on our side.", cause: err}
}

// ErrOrigin refuses the cookie to a page of another origin than may use it: it could log a
// visitor into an account of its own.
func ErrOrigin() error {
	return &Error{Code: Forbidden, Reason: "ORIGIN", Message: "The cookie needs an Origin that is the service's own or named in CORS_ORIGINS."}
}
