package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
	"latchkey/internal/config"
	"latchkey/internal/password"
)

// Whoever watches costs a `me` three allocations at most. How much time it costs is only
// shown: a test may have the machine for itself or not.
func TestMetricsCostLittle(t *testing.T) {
	without, with := meHandler(t), meHandler(t, "METRICS_ADDR=127.0.0.1:9464")
	a, b := testing.AllocsPerRun(200, without), testing.AllocsPerRun(200, with)
	if t.Logf("me makes %.0f allocations, and %.0f with metrics", a, b); b > a+3 {
		t.Errorf("%.0f allocations more with metrics, want 3 at most", b-a)
	}
	var ratios []float64
	for range 9 { // in turns
		took := func(f func()) float64 {
			began := processorTime(t)
			for range 500 {
				f()
			}
			return (processorTime(t) - began).Seconds()
		}
		one := took(without)
		ratios = append(ratios, took(with)/one)
	}
	slices.Sort(ratios)
	t.Logf("it takes %.3f times the processor's time with metrics (%.3f to %.3f)", ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1])
}

// processorTime is how long processors have worked for this process.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// meHandler returns a function that asks a service of its own, which has these settings and
// a SQLite database, for `me`.
func meHandler(t *testing.T, settings ...string) func() {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg, _, err := config.Load(append(settings, "DATA_DIR="+t.TempDir(), "SECRET_KEY=Zk3vQ8w1Lr7TnXy5Bd0HsGm9JpUc2FaE"), "")
	must(err)
	a, err := build(cfg, zerolog.Nop(), time.Now, password.Here(1))
	must(err)
	t.Cleanup(a.close)
	_, err = a.prepare(t.Context())
	must(err)
	go a.hasher.Run(t.Context())
	const word = "correct horse battery"
	_, err = a.service.CreateUser(t.Context(), auth.Shell("test"), auth.CreateUserInput{Email: "ada@example.org", Username: "ada", Password: new(word), Role: "USER"})
	must(err)
	l, err := a.service.Login(t.Context(), auth.Actor{}, auth.LoginInput{Login: "ada", Password: word})
	must(err)
	body := []byte(`{"query":"{ me { id username email } }"}`)
	return func() {
		r := httptest.NewRequest(http.MethodPost, "http://localhost:8080/graphql", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+l.Tokens.AccessToken)
		w := httptest.NewRecorder()
		if a.handler.ServeHTTP(w, r); w.Code != http.StatusOK || !bytes.Contains(w.Body.Bytes(), []byte(`"ada@example.org"`)) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
}
