package request

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"latchkey/internal/auth"
	"latchkey/internal/password"
	"latchkey/internal/store"
)

// Each error is one Fault, which shows nothing of its cause, and one line in the
// log or none.
func TestFaults_I6_I7(t *testing.T) {
	ctx := context.WithValue(t.Context(), observedKey{}, &Observed{RequestID: "ID"})
	gone, leave := context.WithCancel(ctx)
	leave()
	const internal = "Something went wrong on our side."
	away := fmt.Errorf("login: %w", store.ErrUnavailable)
	for _, tt := range []struct {
		name string
		ctx  context.Context
		err  error
		want Fault
		log  string
	}{
		{"no token", ctx, auth.MissingToken(), Fault{auth.Unauthenticated, "MISSING", "A valid access token is needed.", http.StatusUnauthorized, 0, "ID", ""}, ""},
		{"forbidden", ctx, fmt.Errorf("x: %w", &auth.Error{Code: auth.Forbidden, Reason: "ROLE", Message: "No."}),
			Fault{auth.Forbidden, "ROLE", "No.", http.StatusForbidden, 0, "ID", ""}, ""},
		{"bad input", ctx, &auth.Error{Code: auth.BadUserInput, Message: "No."}, Fault{auth.BadUserInput, "", "No.", http.StatusBadRequest, 0, "ID", ""}, ""},
		{"limited", ctx, &auth.Error{Code: auth.RateLimited, Message: "Wait.", RetryAfter: 29100 * time.Millisecond},
			Fault{auth.RateLimited, "", "Wait.", http.StatusTooManyRequests, 30, "ID", ""}, ""},
		{"busy", ctx, &password.BusyError{RetryAfter: time.Second}, Fault{auth.Unavailable, "", "The service is busy. Try again soon.", http.StatusServiceUnavailable, 1, "ID", ""},
			`{"level":"warn","error":"password: too many hashes wait, try again in 1s","request_id":"ID","where":"/here","message":"unavailable"}` + "\n"},
		{"away", ctx, away, Fault{auth.Unavailable, "", "The service is not available. Try again soon.", http.StatusServiceUnavailable, 2, "ID", ""},
			`{"level":"warn","error":"login: database unavailable","request_id":"ID","where":"/here","message":"unavailable"}` + "\n"},
		{"ours", ctx, errors.New("column \"x\""), Fault{auth.Internal, "", internal, http.StatusInternalServerError, 0, "ID", ""},
			`{"level":"error","error":"column \"x\"","request_id":"ID","where":"/here","message":"internal error"}` + "\n"},
		{"the caller left", gone, gone.Err(), Fault{auth.Internal, "", internal, http.StatusInternalServerError, 0, "ID", ""}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			got := FaultOf(tt.ctx, zerolog.New(&log), "/here", tt.err)
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Error(diff)
			}
			if log.String() != tt.log {
				t.Errorf("logged %s want   %s", &log, tt.log)
			}
		})
	}
}
