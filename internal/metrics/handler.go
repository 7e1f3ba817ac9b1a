package metrics

import (
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Handler answers /metrics, and /debug/pprof for Go's profiles. Nobody is asked who they
// are, so it belongs at an address of its own. Profiles hold no data of users; of pprof's
// pages the one with the command line is left out, which is nobody's business.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, DisableCompression: true}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", http.NotFound)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol) // which go tool pprof asks by POST
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
