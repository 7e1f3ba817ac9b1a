package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// Two replicas behind HAProxy, as deploy/ has it, are restarted one after the other while
// devices call and refresh without a pause, and not one call fails.
func TestRollingRestart_O6(t *testing.T) {
	t.Parallel()
	s := testenv.Production(t)
	host := func(i int) string { return strings.TrimPrefix(s.Replicas[i].URL, "http://") }
	d := deployHAProxy(t, host(0), host(1))
	for i := range s.Replicas {
		d.awaitCallsAt(s, i)
	}

	var calls atomic.Int64
	var failed failures
	stop := make(chan struct{})
	var load sync.WaitGroup
	for range 3 {
		ada := s.Join(t)
		load.Go(func() { // a device that asks, by its own connections
			for !closed(stop) {
				calls.Add(1)
				a, err := d.ask(testenv.MeOp, ada.Access, nil)
				failed.unless(err == nil && a.Status == 200 && len(a.Errors) == 0 && a.Data["me"] != nil, a, err)
			}
		})
		load.Go(func() { // and one that refreshes
			for token := ada.Refresh; !closed(stop); {
				calls.Add(1)
				a, err := d.ask(testenv.RefreshOp, "", testenv.Input("refreshToken", token))
				var got testenv.Payload
				if err != nil || json.Unmarshal(a.Data["refresh"], &got) != nil || got.Tokens == nil {
					failed.unless(false, a, err)
					return
				}
				token = got.Tokens.RefreshToken
				<-time.After(5 * time.Millisecond)
			}
		})
	}
	for range testenv.Repeats(t, 1, 5) {
		for i := range s.Replicas {
			s.Replicas[i].Signal(t, syscall.SIGTERM)
			if code := s.Replicas[i].Wait(t, time.Minute); code != 0 {
				t.Errorf("it ended with %d", code)
			}
			s.Restart(t, i)
			d.awaitCallsAt(s, i)
		}
	}
	close(stop)
	load.Wait()
	for _, err := range failed.all {
		t.Error(err)
	}
	if n := calls.Load(); n < 100 {
		t.Errorf("only %d calls", n)
	} else {
		t.Logf("%d calls", n)
	}
}

// awaitCallsAt waits until the proxy has brought a call to a replica, and makes some if
// nobody else does.
func (d *deployedProxy) awaitCallsAt(s *testenv.Stack, i int) {
	d.t.Helper()
	testenv.Await(d.t, patience, fmt.Sprintf("calls at replica %d", i), func() bool {
		_, _ = d.ask(testenv.MeOp, "", nil)
		return strings.Contains(s.Replicas[i].Log(), `"route":"/graphql"`)
	})
}

func closed(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}

// failures are the first calls that failed.
type failures struct {
	mu  sync.Mutex
	all []error
}

func (f *failures) unless(ok bool, a *testenv.Answer, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !ok && len(f.all) < 10 {
		f.all = append(f.all, errors.Join(err, fmt.Errorf("%d %s", a.Status, a.Body)))
	}
}
