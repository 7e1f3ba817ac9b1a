package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/internal/buildinfo"
	"latchkey/internal/db"
	"latchkey/internal/password"
	"latchkey/internal/store"
)

// Sources say how things stand, when somebody looks. All are there but Alone.
type Sources struct {
	Build   buildinfo.Info
	Schema  func() int64 // the last migration of the database, 0 while that is not known
	Pool    func() db.Pool
	Hashing func() password.Load
	Outbox  func(ctx context.Context, now time.Time) (*store.Outbox, error)
	Ready   func(ctx context.Context) map[string]bool // what /readyz asks, and whether it is up
	Alone   func() bool                               // whether tries are counted in this process alone; nil if they always are
	Now     func() time.Time
}

const (
	// askTime bounds what a scrape waits for a database.
	askTime = time.Second
	// outboxAge is how old an answer of the outbox may be: all who scrape share it.
	outboxAge = 15 * time.Second
)

// register has the sources asked by whoever asks r.
func (s Sources) register(r *prometheus.Registry) {
	gauge := func(name, help string, labels prometheus.Labels, value func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: prefix + name, Help: help, ConstLabels: labels}, value))
	}
	counter := func(name, help string, labels prometheus.Labels, value func() float64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: prefix + name, Help: help, ConstLabels: labels}, value))
	}
	gauge("build_info", "What the program was built of; the value is 1.",
		prometheus.Labels{"version": s.Build.Version, "revision": s.Build.Commit(), "goversion": s.Build.Go}, func() float64 { return 1 })
	gauge("schema_version", "The last migration that the database went through, 0 while that is not known.", nil, func() float64 { return float64(s.Schema()) })
	const pool = "Connections to the database by state; max is how many there may be."
	gauge("db_pool_connections", pool, prometheus.Labels{"state": "used"}, func() float64 { return float64(s.Pool().Used) })
	gauge("db_pool_connections", pool, prometheus.Labels{"state": "idle"}, func() float64 { return float64(s.Pool().Idle) })
	gauge("db_pool_connections", pool, prometheus.Labels{"state": "max"}, func() float64 { return float64(s.Pool().Max) })
	counter("db_wait_seconds_total", "How long statements waited for a connection, since all were in use.", nil, func() float64 { return s.Pool().Waited.Seconds() })
	for _, class := range db.Classes {
		counter("db_errors_total", "Errors of the database by class. Rows that are not there and unique values that are taken are none.",
			prometheus.Labels{"class": string(class)}, func() float64 { return float64(db.Errors(class)) })
	}
	gauge("hash_queue", "Passwords that wait to be hashed.", nil, func() float64 { return float64(s.Hashing().Waiting) })
	gauge("hash_workers", "How many passwords are hashed at once.", nil, func() float64 { return float64(s.Hashing().Workers) })
	counter("hash_refused_total", "Passwords that were not hashed, for want of room or of time.", nil, func() float64 { return float64(s.Hashing().Refused) })
	if s.Alone != nil {
		gauge("throttle_fallback", "1 while tries are counted in this process alone, since Redis does not answer.", nil, func() float64 { return number(s.Alone()) })
	}
	r.MustRegister(&dependencies{s.Ready}, &outboxes{ask: s.Outbox, now: s.Now})
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// dependencies are what the service needs, or can use.
type dependencies struct {
	ask func(ctx context.Context) map[string]bool
}

var dependencyUp = prometheus.NewDesc(prefix+"dependency_up",
	"Whether what the service works with is there, as /readyz says. One called writes is about those alone.", []string{"name"}, nil)

func (d *dependencies) Describe(ch chan<- *prometheus.Desc) { ch <- dependencyUp }

func (d *dependencies) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	for name, up := range d.ask(ctx) {
		ch <- prometheus.MustNewConstMetric(dependencyUp, prometheus.GaugeValue, number(up), name)
	}
}

// outboxes is the table of mails that wait, which replicas share. While the database does
// not say, there is nothing: a number of before would be wrong.
type outboxes struct {
	ask func(ctx context.Context, now time.Time) (*store.Outbox, error)
	now func() time.Time

	mu   sync.Mutex
	last *store.Outbox
	at   time.Time
}

var (
	outboxMails  = prometheus.NewDesc(prefix+"outbox_mails", "Mails that wait to be sent, of all replicas.", nil, nil)
	outboxOldest = prometheus.NewDesc(prefix+"outbox_oldest_seconds", "How long ago the oldest mail was written that could have been sent by now; 0 if none waits.", nil, nil)
	outboxFailed = prometheus.NewDesc(prefix+"outbox_failed", "Mails that were given up, which are kept for 30 days.", nil, nil)
)

func (o *outboxes) Describe(ch chan<- *prometheus.Desc) {
	ch <- outboxMails
	ch <- outboxOldest
	ch <- outboxFailed
}

func (o *outboxes) Collect(ch chan<- prometheus.Metric) {
	box := o.state()
	if box == nil {
		return
	}
	oldest := 0.0
	if !box.Oldest.IsZero() {
		oldest = max(0, o.now().Sub(box.Oldest).Seconds())
	}
	ch <- prometheus.MustNewConstMetric(outboxMails, prometheus.GaugeValue, float64(box.Waiting))
	ch <- prometheus.MustNewConstMetric(outboxOldest, prometheus.GaugeValue, oldest)
	ch <- prometheus.MustNewConstMetric(outboxFailed, prometheus.GaugeValue, float64(box.Failed))
}

// state returns how the outbox stands, by an answer that is not too old; nil if there is none.
func (o *outboxes) state() *store.Outbox {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := o.now(); now.Sub(o.at).Abs() >= outboxAge {
		ctx, cancel := context.WithTimeout(context.Background(), askTime)
		defer cancel()
		o.last, _ = o.ask(ctx, store.Moment(now)) // why it does not say, latchkey_db_errors_total and /readyz tell
		o.at = now
	}
	return o.last
}
