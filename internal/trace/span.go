package trace

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	api "go.opentelemetry.io/otel/trace"
)

// Kind is what a span is to others.
type Kind = api.SpanKind

// The kinds.
const (
	Internal = api.SpanKindInternal
	Server   = api.SpanKindServer   // answers somebody
	Client   = api.SpanKindClient   // waits for another server
	Consumer = api.SpanKindConsumer // does what was left to be done
)

// Span is a part of a trace. The zero Span is none, and all of its methods do nothing.
type Span struct{ span api.Span }

// Start begins a span within the one that ctx is in. There is none if ctx is in none, or in
// one of a trace that is not recorded.
func Start(ctx context.Context, kind Kind, name string) (context.Context, Span) {
	if !on.Load() {
		return ctx, Span{}
	}
	parent := api.SpanFromContext(ctx)
	if !parent.SpanContext().IsSampled() {
		return ctx, Span{}
	}
	ctx, span := parent.TracerProvider().Tracer(scope).Start(ctx, name, api.WithSpanKind(kind))
	return ctx, Span{span}
}

// Of returns the span that ctx is in.
func Of(ctx context.Context) Span {
	if !on.Load() {
		return Span{}
	}
	return Span{api.SpanFromContext(ctx)}
}

// In returns a context in which this span is the one that others are begun in.
func (s Span) In(ctx context.Context) context.Context {
	if s.span == nil {
		return ctx
	}
	return api.ContextWithSpan(ctx, s.span)
}

// Recorded reports whether there is a span that somebody will see.
func (s Span) Recorded() bool { return s.span != nil && s.span.IsRecording() }

// ID returns the id of the trace, 32 hexadecimal digits, or "" if nobody will see it.
func (s Span) ID() string {
	if !s.Recorded() {
		return ""
	}
	return s.span.SpanContext().TraceID().String()
}

// Name gives the span another name, of parts with a space between them.
func (s Span) Name(parts ...string) {
	if s.Recorded() {
		s.span.SetName(strings.Join(parts, " "))
	}
}

// Str adds an attribute, unless its value is "".
func (s Span) Str(name, value string) Span {
	if value != "" && s.Recorded() {
		s.span.SetAttributes(attribute.String(name, value))
	}
	return s
}

// Strs adds an attribute with several values.
func (s Span) Strs(name string, values []string) Span {
	if s.Recorded() {
		s.span.SetAttributes(attribute.StringSlice(name, values))
	}
	return s
}

// Int adds an attribute.
func (s Span) Int(name string, value int) Span {
	if s.Recorded() {
		s.span.SetAttributes(attribute.Int(name, value))
	}
	return s
}

// Fail says that what the span is about failed. why is one of few words, never the text of
// an error.
func (s Span) Fail(why string) Span {
	if s.Recorded() {
		s.span.SetStatus(codes.Error, why)
	}
	return s.Str("error.type", why)
}

// End ends the span.
func (s Span) End() {
	if s.span != nil {
		s.span.End()
	}
}
