package metrics

import (
	"bytes"
	"net/http"
	"net/http/pprof"
	"runtime"
	"strconv"
	"sync"

	"github.com/prometheus/common/expfmt"
)

// Handler answers /metrics, and /debug/pprof for Go's profiles. Nobody is asked who they
// are, so it belongs at an address of its own. Profiles hold no data of users; of pprof's
// pages the one with the command line is left out, which is nobody's business.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", m.serve)
	mux.HandleFunc("/debug/pprof/", bounded(pprof.Index))
	mux.HandleFunc("/debug/pprof/allocs", bounded(memory))
	mux.HandleFunc("/debug/pprof/heap", bounded(memory))
	mux.HandleFunc("/debug/pprof/cmdline", http.NotFound)
	mux.HandleFunc("/debug/pprof/profile", bounded(pprof.Profile))
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol) // which go tool pprof asks by POST
	mux.HandleFunc("/debug/pprof/trace", bounded(pprof.Trace))
	return mux
}

// longest is how long a profile may take, in seconds. A server's WriteTimeout is no bound:
// package pprof puts its deadline off.
const longest = 300

// bounded refuses a profile that would take longer.
func bounded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if seconds, err := strconv.ParseFloat(r.FormValue("seconds"), 64); err == nil && !(seconds <= longest) { // NaN is neither
			w.Header().Set(forPprof, "1")
			http.Error(w, "A profile takes 300 seconds at most.", http.StatusBadRequest)
			return
		}
		next(w, r)
	}
}

// forPprof is a header by which go tool pprof shows why it got no profile.
const forPprof = "X-Go-Pprof"

// sampleEvery is of how many bytes that are allocated one is looked at, as Go has it.
const sampleEvery = 512 << 10

// sampling is held while runtime.MemProfileRate changes.
var sampling sync.Mutex

// SampleNoMemory has no stacks taken where memory is allocated, which cost a busy server 6 % of
// its CPU, until a profile of it is asked for.
func SampleNoMemory() {
	sampling.Lock()
	defer sampling.Unlock()
	runtime.MemProfileRate = 0
}

// sampleMemory begins to sample, and reports whether nobody had before.
func sampleMemory() (begins bool) {
	sampling.Lock()
	defer sampling.Unlock()
	if begins = runtime.MemProfileRate == 0; begins {
		runtime.MemProfileRate = sampleEvery
	}
	return begins
}

// memory answers what is known of the memory since somebody asked first.
func memory(w http.ResponseWriter, r *http.Request) {
	if sampleMemory() && r.FormValue("seconds") == "" {
		w.Header().Set(forPprof, "1")
		w.Header().Set("Retry-After", "60")
		http.Error(w, "Memory is sampled from now on: ask again in a minute. With ?seconds=30 the answer is what changes meanwhile.", http.StatusServiceUnavailable)
		return
	}
	pprof.Index(w, r)
}

// serve answers with all there is, in Prometheus' text format, which every version of it
// takes. promhttp would speak others too, and add 0.4 MB to the program.
func (m *Metrics) serve(w http.ResponseWriter, _ *http.Request) {
	var text bytes.Buffer
	families, err := m.registry.Gather()
	for _, family := range families {
		if err == nil {
			_, err = expfmt.MetricFamilyToText(&text, family)
		}
	}
	if err != nil { // a mistake of ours
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", string(expfmt.NewFormat(expfmt.TypeTextPlain)))
	_, _ = w.Write(text.Bytes()) // who asked may be gone
}
