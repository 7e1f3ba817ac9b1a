package db

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A call ends at the earliest of its own time, its caller's deadline and the end
// of its transaction, and not because its caller went away.
func TestBounded_R1(t *testing.T) {
	for _, tt := range []struct {
		name             string
		deadline, end    time.Duration // from now on; 0 is none
		want             time.Duration
		callerGoesBefore bool
	}{
		{name: "nobody sets an end", want: callTimeout},
		{name: "the caller's is earlier", deadline: time.Second, want: time.Second},
		{name: "the caller's is later", deadline: time.Minute, want: callTimeout},
		{name: "the transaction's is earlier", end: time.Second, deadline: 2 * time.Second, want: time.Second},
		{name: "the caller's before the transaction's", end: 2 * time.Second, deadline: time.Second, want: time.Second},
		{name: "the caller goes away", want: callTimeout, callerGoesBefore: true},
		{name: "a caller with a deadline goes away", deadline: time.Second, want: time.Second, callerGoesBefore: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				caller, leave := context.WithCancel(t.Context())
				defer leave()
				if tt.deadline > 0 {
					var cancel context.CancelFunc
					caller, cancel = context.WithTimeout(caller, tt.deadline)
					defer cancel()
				}
				var end time.Time
				if tt.end > 0 {
					end = began.Add(tt.end)
				}
				call, cancel := bounded(caller, end)
				defer cancel()
				if tt.callerGoesBefore {
					leave()
				}
				<-call.Done()
				if got := time.Since(began); got != tt.want {
					t.Errorf("ended after %v, want %v", got, tt.want)
				}
			})
		})
	}
}
