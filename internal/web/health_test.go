package web

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func up(context.Context) error   { return nil }
func down(context.Context) error { return errors.New("dial tcp 10.0.0.5:5432: refused") }
func hangs(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func readyz(h *Health) (int, string) {
	w := httptest.NewRecorder()
	h.ready(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestReady_R1(t *testing.T) {
	type probes = map[string]Probe
	for _, tt := range []struct {
		name           string
		needed, useful probes
		status         int
		body           string
	}{
		{"all up", probes{"postgresql": up}, probes{"redis": up}, 200, `{"status":"ok","down":[]}`},
		{"database down", probes{"postgresql": down}, probes{"redis": up}, 503, `{"status":"unavailable","down":["postgresql"]}`},
		{"redis down", probes{"postgresql": up}, probes{"redis": down}, 200, `{"status":"degraded","down":["redis"]}`},
		{"no writes", probes{"postgresql": up}, probes{"postgresql writes": down, "redis": up, "redis writes": down}, 200, `{"status":"degraded","down":["postgresql writes","redis writes"]}`},
		{"no writes since all is down", probes{"postgresql": down}, probes{"postgresql writes": down, "redis": down, "redis writes": down}, 503, `{"status":"unavailable","down":["postgresql","redis"]}`},
		{"both down", probes{"postgresql": down}, probes{"redis": down}, 503, `{"status":"unavailable","down":["postgresql","redis"]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if status, body := readyz(NewHealth(tt.needed, tt.useful)); status != tt.status || body != tt.body {
				t.Errorf("got %d %s, want %d %s", status, body, tt.status, tt.body)
			}
		})
	}
}

// States are of all that is asked, also where /readyz names one thing of two.
func TestStates(t *testing.T) {
	h := NewHealth(map[string]Probe{"postgresql": down}, map[string]Probe{"postgresql writes": down, "redis": up})
	if got, want := h.States(t.Context()), map[string]bool{"postgresql": false, "postgresql writes": false, "redis": true}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestReadyWaitsASecond_R1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		status, body := readyz(NewHealth(map[string]Probe{"postgresql": hangs}, map[string]Probe{"redis": hangs}))
		if want := `{"status":"unavailable","down":["postgresql","redis"]}`; status != 503 || body != want {
			t.Errorf("got %d %s, want 503 %s", status, body, want)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %v, want 1s for both together", took)
		}
	})
}

func TestReadyFloodAsksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, release := 0, make(chan struct{})
		h := NewHealth(map[string]Probe{"postgresql": func(context.Context) error {
			asked++
			<-release
			return nil
		}}, nil)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { readyz(h) })
		}
		synctest.Wait()
		close(release)
		wg.Wait()
		if asked != 1 {
			t.Errorf("50 probes at once asked the database %d times", asked)
		}
	})
}

func TestDrain_R5(t *testing.T) {
	h := NewHealth(map[string]Probe{"sqlite": up}, nil)
	h.Drain()
	if status, body := readyz(h); status != 503 || body != `{"status":"draining","down":[]}` {
		t.Errorf("got %d %s", status, body)
	}
	s := newService(t, func(c *Config) { c.Health = h })
	wants(t, s.get("/livez"), http.StatusOK, "ok")
}

func TestLiveWhileAllIsDown_R1(t *testing.T) {
	s := newService(t, func(c *Config) { c.Health = NewHealth(map[string]Probe{"sqlite": down}, nil) })
	wants(t, s.get("/livez"), http.StatusOK, "ok")
	w := s.get("/readyz")
	wants(t, w, http.StatusServiceUnavailable, `"down":["sqlite"]`)
	if strings.Contains(w.Body.String(), "10.0.0.5") {
		t.Error("readiness tells a driver's text")
	}
}
