// Package metrics counts for Prometheus what happens in the process, and answers who asks
// for it. It alone knows client_golang. The other rooms know nothing of it: they tell a
// function what happened, or can be asked how they stand.
//
// metrics.go has what is counted as it happens, sources.go what is asked for when somebody
// looks, handler.go who may look at what. Every label is of a few words of ours: none holds
// what a client sent, and all series of a process are 2,500 at most.
package metrics

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"latchkey/internal/auth"
	"latchkey/internal/outbox"
	"latchkey/internal/request"
)

// Metrics counts. Its methods may be called by many at once.
type Metrics struct {
	registry *prometheus.Registry

	operations   *prometheus.CounterVec   // by operation, outcome
	durations    *prometheus.HistogramVec // by operation
	requests     *prometheus.CounterVec   // by route, code
	logins       *prometheus.CounterVec   // by way, outcome
	refreshes    *prometheus.CounterVec   // by outcome
	hashes       prometheus.Histogram
	mails        *prometheus.CounterVec // by kind, outcome
	swept        *prometheus.CounterVec // by table
	sweepSuccess prometheus.Gauge       // registered with the first
	firstSweep   sync.Once
}

// The bounds of histograms, in seconds. A hash takes 30 ms with Argon2id and 230 with bcrypt.
var (
	operationBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}
	hashBuckets      = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5}
)

// New returns Metrics that have counted nothing, with what s says when it is asked.
func New(s Sources) *Metrics {
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		operations: counter("operations_total", "Operations of the GraphQL API, by the name that the schema has for the first field and by what came of them.", "operation", "outcome"),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: prefix + "operation_duration_seconds", Help: "How long operations of the GraphQL API took, from the request to the answer.", Buckets: operationBuckets,
		}, []string{"operation"}),
		requests:  counter("http_requests_total", "Requests, by the pattern of their path and the class of their status.", "route", "code"),
		logins:    counter("logins_total", "Logins that came to an end, by the way in.", "way", "outcome"),
		refreshes: counter("refreshes_total", "Refresh tokens that were brought. One of reuse ended its session.", "outcome"),
		hashes: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: prefix + "hash_duration_seconds", Help: "How long a password took to be hashed or compared, without its wait.", Buckets: hashBuckets,
		}),
		mails: counter("mails_total", "Tries at mails, by kind and by what came of them.", "kind", "outcome"),
		swept: counter("swept_rows_total", "Expired rows that this process deleted.", "table"),
		sweepSuccess: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: prefix + "sweep_last_success_timestamp_seconds", Help: "When this process last deleted all that was expired; absent until it has.",
		}),
	}
	// What happens seldom is there from the start: nobody sees a rate in the first of its kind.
	for _, is := range auth.RefreshEnds {
		m.refreshes.WithLabelValues(string(is))
	}
	for _, way := range []auth.Way{auth.ByAPI, auth.ByOAuth} {
		for _, is := range auth.LoginEnds {
			m.logins.WithLabelValues(wayLabel(way), string(is))
		}
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(collectors.WithGoCollectorMemStatsMetricsDisabled(), collectors.WithGoCollectorRuntimeMetrics(heap)), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.operations, m.durations, m.requests, m.logins, m.refreshes, m.hashes, m.mails, m.swept,
	)
	s.register(m.registry)
	return m
}

// heap is what is added of the Go runtime, in place of two dozen numbers that say the same.
var heap = collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile(`^/memory/classes/heap/objects:bytes$`)}

const prefix = "latchkey_"

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
}

// Request counts one that was answered: an observer of package request.
func (m *Metrics) Request(_ context.Context, o *request.Observed) {
	m.requests.WithLabelValues(o.Route, class(o.Status)).Inc()
	if o.Operation != "" {
		m.operations.WithLabelValues(o.Operation, string(o.Outcome)).Inc()
		m.durations.WithLabelValues(o.Operation).Observe(o.Took.Seconds())
	}
}

// classes are those of HTTP's statuses; 0xx is a connection that was cut.
var classes = [...]string{"0xx", "1xx", "2xx", "3xx", "4xx", "5xx"}

func class(status int) string { return classes[min(status/100, len(classes)-1)] }

// LoginEnded counts one: see package auth.
func (m *Metrics) LoginEnded(way auth.Way, how auth.LoginEnd) {
	m.logins.WithLabelValues(wayLabel(way), string(how)).Inc()
}

func wayLabel(way auth.Way) string { return strings.ToLower(string(way)) }

// RefreshEnded counts one: see package auth.
func (m *Metrics) RefreshEnded(how auth.RefreshEnd) { m.refreshes.WithLabelValues(string(how)).Inc() }

// Hashed counts a password that a worker hashed or compared.
func (m *Metrics) Hashed(took time.Duration) { m.hashes.Observe(took.Seconds()) }

// Mailed counts a try at a mail: what package outbox tells.
func (m *Metrics) Mailed(kind string, how outbox.End) {
	m.mails.WithLabelValues(kind, string(how)).Inc()
}

// Swept counts what a sweep deleted, by table, and that it went through, unless err says
// where it stopped.
func (m *Metrics) Swept(rows map[string]int64, at time.Time, err error) {
	for table, n := range rows {
		m.swept.WithLabelValues(table).Add(float64(n))
	}
	if err != nil {
		return
	}
	m.sweepSuccess.Set(float64(at.UnixMilli()) / 1000)
	m.firstSweep.Do(func() { m.registry.MustRegister(m.sweepSuccess) })
}
