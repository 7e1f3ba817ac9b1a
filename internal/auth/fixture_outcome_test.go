package auth_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/auth"
)

// parallel calls f n times at once and returns how the calls ended.
func parallel(n int, f func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var calls sync.WaitGroup
	for i := range n {
		calls.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	calls.Wait()
	return errs
}

// patient calls f again while it ends for want of time: many writers at once
// may have to wait longer for SQLite on a busy machine than a call may take.
func patient(f func() error) error {
	end := time.Now().Add(time.Minute)
	err := f()
	for err != nil && auth.AsError(err).Code == auth.Unavailable && time.Now().Before(end) {
		err = f()
	}
	return err
}

// outcome is how a call ended: "ok", the codes of the mistakes in it, or the
// code and reason with which the request failed.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	if mistakes, ok := errors.AsType[auth.UserErrors](err); ok {
		return mistakes.Error()
	}
	return auth.AsError(err).Error()
}

// expect compares an outcome.
func expect(t testing.TB, what string, err error, want string) {
	t.Helper()
	if got := outcome(err); got != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

// expectAll compares how many calls ended how: "1 ok" and all others otherwise.
func expectAll(t testing.TB, what string, errs []error, ok int, otherwise string) {
	t.Helper()
	counts := map[string]int{}
	for _, err := range errs {
		counts[outcome(err)]++
	}
	if counts["ok"] != ok || counts[otherwise] != len(errs)-ok {
		t.Errorf("%s: %v, want %d ok and %d %s", what, counts, ok, len(errs)-ok, otherwise)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bits is how many random bits a token of base64url carries behind its prefix.
func bits(token, prefix string) int { return len(strings.TrimPrefix(token, prefix)) * 6 }
