// Package trace makes the spans of OpenTelemetry: what answering a request, or delivering a
// mail, spends its time with. There are none unless a [Config] says where they go, and then
// nothing here allocates.
//
// trace.go makes a [Tracer], which begins traces; span.go is what other rooms add to them.
// caller.go reads what a caller says of a trace of its own. exporter.go sends spans to the
// receiver, by the texts that otlp.go writes.
//
// What a span may hold is decided where it is made: names from the program, ids of the
// service's own, numbers. Never what somebody sent, an address, or the text of an error.
package trace

import (
	"context"
	"maps"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	otelsdk "go.opentelemetry.io/otel/sdk"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

// scope is what made the spans, as receivers are told.
const scope = "latchkey"

// How many spans wait to be sent, and how they go. A span takes a kilobyte or two. Of more
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
	provider *sdk.TracerProvider
	tracer   api.Tracer
	exporter *exporter
}

// on is whether somebody in this process traces: where nobody does, finding that out has to
// cost nothing.
var on atomic.Bool

// New returns a Tracer. What it begins is sent once it was started.
func New(c Config) *Tracer {
	resource := map[string]string{"telemetry.sdk.name": "opentelemetry", "telemetry.sdk.language": "go", "telemetry.sdk.version": otelsdk.Version()}
	maps.Copy(resource, c.Resource)
	c.Resource = resource
	// It would write errors to standard error in its own way. They are about its own reading
	// of the environment, which is not asked here: the exporter fails by its log alone.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {}))
	t := &Tracer{provider: sdk.NewTracerProvider(sdk.WithSampler(sampler(c)), sdk.WithRawSpanLimits(limits)), exporter: newExporter(c)}
	t.tracer = t.provider.Tracer(scope)
	on.Store(true)
	return t
}

// limits bound a span, whatever the environment says of that.
var limits = sdk.SpanLimits{
	AttributeValueLengthLimit: -1, AttributeCountLimit: 32, EventCountLimit: 0, LinkCountLimit: 1,
	AttributePerEventCountLimit: 0, AttributePerLinkCountLimit: 0,
}

// sampler decides of which traces there are spans.
func sampler(c Config) sdk.Sampler {
	switch c.Sampler {
	case "always_on":
		return sdk.AlwaysSample()
	case "always_off":
		return sdk.NeverSample()
	case "traceidratio":
		return sdk.TraceIDRatioBased(c.Ratio)
	case "parentbased_always_off":
		return sdk.ParentBased(sdk.NeverSample())
	case "parentbased_traceidratio":
		return sdk.ParentBased(sdk.TraceIDRatioBased(c.Ratio))
	}
	return sdk.ParentBased(sdk.AlwaysSample())
}

// Start has spans sent from now on, until Stop.
func (t *Tracer) Start() {
	if t != nil {
		t.provider.RegisterSpanProcessor(sdk.NewBatchSpanProcessor(t.exporter,
			sdk.WithMaxQueueSize(queued), sdk.WithMaxExportBatchSize(sentAtOnce), sdk.WithBatchTimeout(sendEvery), sdk.WithExportTimeout(0))) // the exporter has its own
	}
}

// Stop sends the spans that wait, if the receiver takes them at once.
func (t *Tracer) Stop() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // too late: what was not sent is lost
	t.exporter.close()
}

// Begin begins a trace. from is the caller's span, which becomes its parent or a link.
func (t *Tracer) Begin(ctx context.Context, kind Kind, name string, from Caller) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	options := []api.SpanStartOption{api.WithSpanKind(kind)}
	switch {
	case from.Trusted:
		ctx = api.ContextWithRemoteSpanContext(ctx, from.span)
	case from.span.IsValid():
		options = append(options, api.WithNewRoot(), api.WithLinks(api.Link{SpanContext: from.span}))
	default:
		options = append(options, api.WithNewRoot())
	}
	ctx, span := t.tracer.Start(ctx, name, options...)
	return ctx, Span{span}
}
