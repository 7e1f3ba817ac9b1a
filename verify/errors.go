package verify

import (
	"errors"
	"fmt"
	"time"
)

// What can be wrong with a request. Errors say more than these, for a log, and hold nothing
// of the token: ask by errors.Is.
var (
	ErrNoToken = errors.New("verify: no access token came along")
	ErrInvalid = errors.New("verify: not an access token of the service")
	ErrExpired = errors.New("verify: the access token has expired")

	// ErrUnavailable says that the keys are not known: the service was not reached yet, or
	// not for longer than Config.StaleFor. It is no fault of the token's, and passes.
	ErrUnavailable = errors.New("verify: the keys of the service cannot be had")

	// ErrRole says that a token is good, and of somebody who has not the role that is needed.
	ErrRole = errors.New("verify: another role is needed")
)

// StepUpError says that a token is good, and that its owner has to show again who they are:
// the frontend calls stepUp and comes back with a new token (RFC 9470).
type StepUpError struct {
	MaxAge time.Duration // how long ago the last proof may be; 0 for however long
	Level  string        // the acr that is needed, or ""
}

func (e *StepUpError) Error() string { return "verify: a fresh proof of who this is is needed" }

func invalid(why string) error { return fmt.Errorf("%w: %s", ErrInvalid, why) }

// Need is what is asked of the owner of a token.
type Need struct {
	Role   string        // that they had this one when the token was made; "" for whichever
	MaxAge time.Duration // that they showed within it who they are; 0 for whenever
	Level  string        // that they showed what this acr says, AAL2; "" for whatever
}

// Check returns nil if a token is enough for what is needed; else ErrRole, or a *StepUpError.
func (v *Verifier) Check(c *Claims, n Need) error {
	if n.Role != "" && c.Role != n.Role {
		return ErrRole
	}
	shown := n.MaxAge == 0 || !c.AuthTime.IsZero() && v.cfg.Clock().Sub(c.AuthTime) <= n.MaxAge
	if !shown || !enough(c.Level, n.Level) {
		return &StepUpError{n.MaxAge, n.Level}
	}
	return nil
}

// enough reports whether a level is as high as the one that is asked for.
func enough(have, need string) bool {
	return need == "" || have == need || need == AAL1 && have == AAL2
}
