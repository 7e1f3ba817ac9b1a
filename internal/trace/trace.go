// Package trace makes traces as OpenTelemetry has them: spans of what answering a request, or
// delivering a mail, spends its time with. There are none unless a [Config] says where they
// go, and then nothing here allocates.
//
// trace.go makes a [Tracer], which begins traces; span.go is what other rooms add to them.
// sampler.go decides of which there are spans, and caller.go reads what a caller says of a
// trace of its own. exporter.go sends spans, by the messages of otlp.go.
//
// What a span may hold is decided where it is made: names from the program, ids of the
// service's own, numbers. Never what somebody sent, an address, or the text of an error.
//
// OpenTelemetry's own library does the same and is not used: it takes 1.2 MB of the program.
package trace

import (
	"context"
	"crypto/rand"
	"maps"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// scope is what made the spans, as receivers are told.
const scope = "latchkey"

// How many spans wait to be sent, and how they go. A span takes a kilobyte or so. Of more
// than there is room for, the new ones are lost: nobody waits for a receiver.
const (
	queued     = 2048
	sentAtOnce = 512
	sendEvery  = 2 * time.Second
	lastWords  = 2 * time.Second // what Stop waits for the receiver
)

// Config says where spans go, and of how many traces.
type Config struct {
	URL      *url.URL          // of a receiver of OTLP over HTTP, for traces
	Headers  map[string]string // of what is sent there; may hold a key: never log them
	Timeout  time.Duration     // of sending some spans, with all tries
	Resource map[string]string // what the spans are of: service.name and the like
	Sampler  string            // as OTEL_TRACES_SAMPLER has it: always_on, parentbased_traceidratio …
	Ratio    float64           // of the samplers that have one, 0 to 1
	Log      zerolog.Logger
}

// Tracer begins traces. A nil Tracer begins none.
type Tracer struct {
	sampler  sampler
	exporter *exporter
	ended    chan *record // spans that wait to be sent

	stopping, stopped chan struct{}
}

// on is whether somebody in this process traces: where nobody does, finding that out has to
// cost nothing.
var on atomic.Bool

// New returns a Tracer. What it begins is sent once it was started.
func New(c Config) *Tracer {
	resource := map[string]string{"telemetry.sdk.name": scope, "telemetry.sdk.language": "go"}
	maps.Copy(resource, c.Resource)
	c.Resource = resource
	on.Store(true)
	return &Tracer{
		sampler: sampler{c.Sampler, c.Ratio}, exporter: newExporter(c), ended: make(chan *record, queued),
		stopping: make(chan struct{}), stopped: make(chan struct{}),
	}
}

// Start has spans sent from now on, until Stop.
func (t *Tracer) Start() {
	if t != nil {
		go t.run()
	}
}

// run sends spans until the Tracer is stopped, and then those that are left.
func (t *Tracer) run() {
	defer close(t.stopped)
	tick := time.NewTicker(sendEvery)
	defer tick.Stop()
	var spans []jsonSpan
	send := func() {
		if len(spans) > 0 {
			t.exporter.export(spans)
		}
		spans = spans[:0]
	}
	for {
		select {
		case r := <-t.ended:
			if spans = append(spans, r.json); len(spans) == sentAtOnce {
				send()
			}
		case <-tick.C:
			send()
		case <-t.stopping:
			for n := len(t.ended); n > 0; n-- { // nobody else takes any
				if spans = append(spans, (<-t.ended).json); len(spans) == sentAtOnce {
					send()
				}
			}
			send()
			return
		}
	}
}

// Stop sends the spans that wait, if the receiver takes them at once, and ends what Start
// began.
func (t *Tracer) Stop() {
	if t == nil {
		return
	}
	close(t.stopping)
	timer := time.AfterFunc(lastWords, t.exporter.close)
	<-t.stopped
	timer.Stop()
	t.exporter.close()
}

// Begin begins a trace. from is the caller's span, which becomes its parent or a link.
func (t *Tracer) Begin(ctx context.Context, kind Kind, name string, from Caller) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	parent := spanID{}
	id := traceID{}
	if from.Trusted {
		id, parent = from.trace, from.span
	} else {
		_, _ = rand.Read(id[:])
	}
	if !t.sampler.samples(id, from) {
		return ctx, Span{}
	}
	ctx, span := t.begin(ctx, kind, name, id, parent)
	switch {
	case from.Trusted:
		span.r.json.Flags |= flagIsRemote
	case from.given():
		span.r.json.Links = []jsonLink{{from.trace.String(), from.span.String(), from.flags() | flagHasRemote | flagIsRemote}}
	}
	return ctx, span
}
