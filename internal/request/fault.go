package request

import (
	"context"
	"net/http"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
)

// Fault is how an error fails a request. Nothing in it shows what is inside, and
// its texts repeat nothing that was sent (I6).
type Fault struct {
	Code       auth.Code
	Reason     string // more about the code, or ""
	Message    string // English, for developers
	Status     int    // the HTTP status, for protocols that say it so
	RetryAfter int    // seconds, of RateLimited and Unavailable; else 0
	RequestID  string // which leads an operator to the line in the log
	Level      string // of Forbidden with the reason STEP_UP: the acr that is asked for; or ""
}

// FaultOf says how err fails the request that ctx belongs to, and is the one
// place that logs it: what is unavailable as a warning, what is our mistake as an
// error unless the caller has left, and nothing else, which is the caller's. where
// tells the operator what failed: a path in the API's answer, or a page's address
// without its query, which may hold a token (I7).
//
// auth.UserErrors are no fault of a request: each room takes them out before.
func FaultOf(ctx context.Context, log zerolog.Logger, where string, err error) *Fault {
	e := auth.AsError(err)
	f := &Fault{Code: e.Code, Reason: e.Reason, Level: e.Level, Message: e.Message, Status: status(e.Code), RequestID: RequestID(ctx)}
	tell := func(line *zerolog.Event, message string) {
		line.Err(err).Str("request_id", f.RequestID)
		if o := Observing(ctx); o != nil && o.TraceID != "" {
			line.Str("trace_id", o.TraceID)
		}
		line.Str("where", where).Msg(message)
	}
	switch e.Code {
	case auth.RateLimited:
		f.RetryAfter = e.Seconds()
	case auth.Unavailable:
		f.RetryAfter = e.Seconds()
		tell(log.Warn(), "unavailable")
	case auth.Internal:
		if ctx.Err() == nil {
			tell(log.Error(), "internal error")
		}
	}
	return f
}

func status(code auth.Code) int {
	switch code {
	case auth.BadUserInput:
		return http.StatusBadRequest
	case auth.Unauthenticated:
		return http.StatusUnauthorized
	case auth.Forbidden:
		return http.StatusForbidden
	case auth.RateLimited:
		return http.StatusTooManyRequests
	case auth.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
