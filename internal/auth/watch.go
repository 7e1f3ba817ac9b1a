package auth

import (
	"errors"

	"latchkey/internal/password"
)

// A Watcher is told how logins and refreshes end. It must not block, and is called by many
// at once.
type Watcher interface {
	LoginEnded(way Way, how LoginEnd)
	RefreshEnded(how RefreshEnd)
}

// LoginEnd is how a login ended. One that asks for another step has not ended, nor has one
// that failed by what is no business of the person: a database that is away.
type LoginEnd string

// How a login may end.
const (
	LoginOK        LoginEnd = "ok"
	LoginRefused   LoginEnd = "refused"   // what was shown is wrong, or not any more
	LoginThrottled LoginEnd = "throttled" // too many tries
	LoginDisabled  LoginEnd = "disabled"  // of an account that is
	LoginBusy      LoginEnd = "busy"      // too many passwords wait to be hashed
)

// LoginEnds are all of them.
var LoginEnds = []LoginEnd{LoginOK, LoginRefused, LoginThrottled, LoginDisabled, LoginBusy}

// RefreshEnd is what a refresh token came to.
type RefreshEnd string

// What a refresh token may come to.
const (
	RefreshOK      RefreshEnd = "ok"
	RefreshGrace   RefreshEnd = "grace"   // it was traded a moment ago, or its answer was lost
	RefreshReuse   RefreshEnd = "reuse"   // it was traded long ago: its session is ended
	RefreshInvalid RefreshEnd = "invalid" // of no session
)

// RefreshEnds are all of them.
var RefreshEnds = []RefreshEnd{RefreshOK, RefreshGrace, RefreshReuse, RefreshInvalid}

func (s *Service) loginEnded(a Actor, how LoginEnd) {
	if s.watcher != nil {
		s.watcher.LoginEnded(a.Way, how)
	}
}

func (s *Service) refreshEnded(how RefreshEnd) {
	if s.watcher != nil {
		s.watcher.RefreshEnded(how)
	}
}

// loginFailed tells how a login ended that came to err. That it went well, admit tells.
func (s *Service) loginFailed(a Actor, err error) {
	if how := failedLogin(err); how != "" {
		s.loginEnded(a, how)
	}
}

// failedLogin returns how a login ended that came to err, or "" if it goes on, or err is no
// end of it.
func failedLogin(err error) LoginEnd {
	if _, more := errors.AsType[*StepNeeded](err); err == nil || more {
		return ""
	}
	if mistakes, ok := errors.AsType[UserErrors](err); ok {
		switch {
		case mistakes.Has(AccountDisabled):
			return LoginDisabled
		case len(mistakes) > 0 && refusing[mistakes[0].Code]:
			return LoginRefused
		}
		return "" // a new password that will not do: the login waits for another
	}
	if _, busy := errors.AsType[*password.BusyError](err); busy {
		return LoginBusy
	}
	if AsError(err).Code == RateLimited {
		return LoginThrottled
	}
	return ""
}

// refusing are the mistakes of somebody who is not let in.
var refusing = map[UserErrorCode]bool{
	InvalidCredentials: true, EmailNotConfirmed: true, ChallengeInvalid: true, CodeInvalid: true, PasskeyInvalid: true, PasskeyUnknown: true,
}
