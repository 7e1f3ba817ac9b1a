package mail

import (
	"errors"
	"net/textproto"
	"strconv"
	"strings"

	"latchkey/internal/cause"
)

// connectReason returns, in a few words, why there is no session with the mail server.
// The text of the error itself may quote what the server said.
func connectReason(err error) string {
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		if answer.Code == 535 && atLogin(err) != "" {
			return "wrong user or password: answered 535 at the login"
		}
		return "answered " + strconv.Itoa(answer.Code) + atLogin(err)
	}
	switch why := cause.Of(err); {
	case why == cause.HungUp:
		return why + atLogin(err)
	case why != cause.Unknown:
		return why
	case strings.Contains(err.Error(), "STARTTLS"): // go-mail has no values for these two
		return "it offers no STARTTLS"
	case strings.Contains(err.Error(), "AUTH"):
		return "it offers no login that we know"
	}
	return cause.Unknown
}

// atLogin returns " at the login" if err happened there, else "".
func atLogin(err error) string {
	if strings.Contains(err.Error(), "SMTP AUTH") {
		return " at the login"
	}
	return ""
}
