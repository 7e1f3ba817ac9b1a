package trace

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Kind is what a span is to others, by OTLP's number.
type Kind int

// The kinds.
const (
	Internal Kind = 1
	Server   Kind = 2 // answers somebody
	Client   Kind = 3 // waits for another server
	Consumer Kind = 5 // does what was left to be done
)

type (
	traceID [16]byte
	spanID  [8]byte
)

func (id traceID) String() string { return hex.EncodeToString(id[:]) }
func (id spanID) String() string  { return hex.EncodeToString(id[:]) }

// Span is a part of a trace. The zero Span is none, and all of its methods do nothing.
type Span struct{ r *record }

// record is what is known of a span.
type record struct {
	tracer *Tracer
	trace  traceID
	id     spanID
	began  time.Time

	mu   sync.Mutex
	over bool // it was ended: nobody changes it any more
	json jsonSpan
}

type spanKey struct{}

// Start begins a span within the one that ctx is in. There is none if ctx is in none, or in
// one of a trace that is not recorded.
func Start(ctx context.Context, kind Kind, name string) (context.Context, Span) {
	parent := Of(ctx).r
	if parent == nil {
		return ctx, Span{}
	}
	return parent.tracer.begin(ctx, kind, name, parent.trace, parent.id)
}

// Of returns the span that ctx is in.
func Of(ctx context.Context) Span {
	if !on.Load() {
		return Span{}
	}
	r, _ := ctx.Value(spanKey{}).(*record)
	return Span{r}
}

// begin begins a span of a trace.
func (t *Tracer) begin(ctx context.Context, kind Kind, name string, of traceID, parent spanID) (context.Context, Span) {
	s := Span{&record{tracer: t, trace: of, began: time.Now()}}
	_, _ = rand.Read(s.r.id[:])
	s.r.json = jsonSpan{
		TraceID: of.String(), SpanID: s.r.id.String(), Flags: flagSampled | flagHasRemote,
		Name: name, Kind: int(kind), StartTimeUnixNano: nanos(s.r.began),
	}
	if parent != (spanID{}) {
		s.r.json.ParentSpanID = parent.String()
	}
	return s.In(ctx), s
}

// In returns a context in which this span is the one that others are begun in.
func (s Span) In(ctx context.Context) context.Context {
	if s.r == nil {
		return ctx
	}
	return context.WithValue(ctx, spanKey{}, s.r)
}

// Recorded reports whether there is a span that somebody will see.
func (s Span) Recorded() bool { return s.r != nil }

// ID returns the id of the trace, 32 hexadecimal digits, or "" if nobody will see it.
func (s Span) ID() string {
	if s.r == nil {
		return ""
	}
	return s.r.trace.String()
}

// change changes a span that has not ended.
func (s Span) change(f func(*jsonSpan)) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	if !s.r.over {
		f(&s.r.json)
	}
}

// Name gives the span another name, of parts with a space between them.
func (s Span) Name(parts ...string) {
	if s.r != nil {
		name := strings.Join(parts, " ")
		s.change(func(j *jsonSpan) { j.Name = name })
	}
}

// set gives the span an attribute, in the place of one of this name.
func (s Span) set(name string, value jsonValue) {
	s.change(func(j *jsonSpan) {
		j.Attributes = slices.DeleteFunc(j.Attributes, func(a jsonAttribute) bool { return a.Key == name })
		j.Attributes = append(j.Attributes, jsonAttribute{name, value})
	})
}

// Str gives the span an attribute, unless its value is "".
func (s Span) Str(name, value string) Span {
	if s.r != nil && value != "" {
		s.set(name, text(value))
	}
	return s
}

// Strs gives the span an attribute with several values.
func (s Span) Strs(name string, values []string) Span {
	if s.r != nil {
		list := &jsonArray{}
		for _, value := range values {
			list.Values = append(list.Values, text(value))
		}
		s.set(name, jsonValue{Array: list})
	}
	return s
}

// Int gives the span an attribute.
func (s Span) Int(name string, value int) Span {
	if s.r != nil {
		s.set(name, jsonValue{Int: strconv.Itoa(value)})
	}
	return s
}

// Fail says that what the span is about failed. why is one of few words, never the text of
// an error.
func (s Span) Fail(why string) Span {
	if s.r != nil {
		s.change(func(j *jsonSpan) { j.Status = &jsonStatus{statusError, why} })
	}
	return s.Str("error.type", why)
}

// End ends the span, and leaves it to be sent. It never waits.
func (s Span) End() {
	if s.r == nil {
		return
	}
	s.r.mu.Lock()
	again := s.r.over
	if !again { // an ended one is read by whoever sends it
		s.r.over, s.r.json.EndTimeUnixNano = true, nanos(s.r.began.Add(time.Since(s.r.began)))
	}
	s.r.mu.Unlock()
	if again {
		return
	}
	select {
	case s.r.tracer.ended <- s.r:
	default: // there is no room
		s.r.tracer.exporter.lost.Add(1)
	}
}
