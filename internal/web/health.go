package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// probeTime is how long a dependency may take to answer a readiness probe.
const probeTime = time.Second

// Probe asks a dependency whether it answers. It returns once ctx ends.
type Probe func(ctx context.Context) error

// Writes ends the name of a probe that tries a write.
const Writes = " writes"

// Health answers /livez and /readyz.
type Health struct {
	needed  map[string]Probe
	useful  map[string]Probe
	drained atomic.Bool
	flight  singleflight.Group
}

// NewHealth returns a Health by the names under which /readyz lists what is
// down. Without one of needed the service is not ready; without one of useful
// it is, and works in a lesser way (R2: Redis). One that is called like another
// with Writes behind it is what that cannot do, and is not listed beside it.
func NewHealth(needed, useful map[string]Probe) *Health {
	return &Health{needed: needed, useful: useful}
}

// Drain makes /readyz answer 503 from now on. Call it first at SIGTERM, so that no new
// requests are sent here while those in flight finish (R5).
func (h *Health) Drain() { h.drained.Store(true) }

// live answers 200 as long as the process answers at all. It asks for nothing else, since
// a restart of the process mends no database.
func (h *Health) live(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("ok\n"))
}

type readiness struct {
	Status string   `json:"status"` // ok, degraded, unavailable or draining; the first two with 200, the others with 503
	Down   []string `json:"down"`   // sorted
}

// ready answers whether requests should be sent here. Requests that come together share
// one round of probes, so a flood of them asks the database no more than a single one.
func (h *Health) ready(w http.ResponseWriter, r *http.Request) {
	v, _, _ := h.flight.Do("", func() (any, error) {
		return h.ask(context.WithoutCancel(r.Context())), nil
	})
	answer := v.(readiness)
	if h.drained.Load() {
		answer.Status = "draining"
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if answer.Status == "unavailable" || answer.Status == "draining" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer) // the prober may be gone
}

// ask says whether the service is ready, by the states of what it works with.
func (h *Health) ask(ctx context.Context) readiness {
	answer := readiness{Status: "ok", Down: []string{}}
	states := h.States(ctx)
	for name, up := range states {
		if up {
			continue
		}
		switch {
		case h.needed[name] != nil:
			answer.Status = "unavailable"
		case answer.Status == "ok":
			answer.Status = "degraded"
		}
		what, isWrite := strings.CutSuffix(name, Writes)
		if up, known := states[what]; !isWrite || up || !known {
			answer.Down = append(answer.Down, name)
		}
	}
	slices.Sort(answer.Down)
	return answer
}

// States runs all probes side by side, and returns by their names which of them went well.
func (h *Health) States(ctx context.Context) map[string]bool {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		states = map[string]bool{}
	)
	for _, probes := range []map[string]Probe{h.needed, h.useful} {
		for name, probe := range probes {
			wg.Go(func() {
				up := probe(ctx) == nil
				mu.Lock()
				defer mu.Unlock()
				states[name] = up
			})
		}
	}
	wg.Wait()
	return states
}
