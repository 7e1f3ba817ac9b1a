package trace

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

// The messages of OTLP 1 in JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding):
// ids are hexadecimal, numbers of 64 bits are text, enumerations are numbers, and what is
// empty may be left out.

type jsonTraces struct {
	ResourceSpans []jsonResourceSpans `json:"resourceSpans"`
}

type jsonResourceSpans struct {
	Resource   jsonResource     `json:"resource"`
	ScopeSpans []jsonScopeSpans `json:"scopeSpans"`
}

type jsonResource struct {
	Attributes []jsonAttribute `json:"attributes,omitempty"`
}

type jsonScopeSpans struct {
	Scope jsonScope  `json:"scope"`
	Spans []jsonSpan `json:"spans"`
}

type jsonScope struct {
	Name string `json:"name"`
}

type jsonSpan struct {
	TraceID           string          `json:"traceId"`
	SpanID            string          `json:"spanId"`
	ParentSpanID      string          `json:"parentSpanId,omitempty"`
	Flags             uint32          `json:"flags"`
	Name              string          `json:"name"`
	Kind              int             `json:"kind"`
	StartTimeUnixNano string          `json:"startTimeUnixNano"`
	EndTimeUnixNano   string          `json:"endTimeUnixNano"`
	Attributes        []jsonAttribute `json:"attributes,omitempty"`
	Links             []jsonLink      `json:"links,omitempty"`
	Status            *jsonStatus     `json:"status,omitempty"`
}

type jsonLink struct {
	TraceID string `json:"traceId"`
	SpanID  string `json:"spanId"`
	Flags   uint32 `json:"flags"`
}

type jsonStatus struct {
	Code    int    `json:"code"`
	Message string `json:"message,omitempty"`
}

type jsonAttribute struct {
	Key   string    `json:"key"`
	Value jsonValue `json:"value"`
}

// jsonValue has one of its fields.
type jsonValue struct {
	String *string    `json:"stringValue,omitempty"`
	Int    string     `json:"intValue,omitempty"`
	Array  *jsonArray `json:"arrayValue,omitempty"`
}

type jsonArray struct {
	Values []jsonValue `json:"values"`
}

// Flags of a span beside those of W3C: whether its parent is of another process is known,
// and it is.
const (
	flagHasRemote = 0x100
	flagIsRemote  = 0x200
)

// encode writes spans as one message of OTLP.
func encode(resource map[string]string, spans []sdk.ReadOnlySpan) ([]byte, error) {
	all := jsonResourceSpans{ScopeSpans: []jsonScopeSpans{{Scope: jsonScope{scope}, Spans: make([]jsonSpan, len(spans))}}}
	for _, name := range slices.Sorted(maps.Keys(resource)) {
		value := resource[name]
		all.Resource.Attributes = append(all.Resource.Attributes, jsonAttribute{name, jsonValue{String: &value}})
	}
	for i, s := range spans {
		all.ScopeSpans[0].Spans[i] = jsonOf(s)
	}
	return json.Marshal(jsonTraces{[]jsonResourceSpans{all}})
}

func jsonOf(s sdk.ReadOnlySpan) jsonSpan {
	id, parent := s.SpanContext(), s.Parent()
	j := jsonSpan{
		TraceID: id.TraceID().String(), SpanID: id.SpanID().String(), Flags: flags(id.TraceFlags(), parent),
		Name: s.Name(), Kind: int(s.SpanKind()), // the same numbers
		StartTimeUnixNano: nanos(s.StartTime()), EndTimeUnixNano: nanos(s.EndTime()),
	}
	if parent.SpanID().IsValid() {
		j.ParentSpanID = parent.SpanID().String()
	}
	for _, a := range s.Attributes() {
		j.Attributes = append(j.Attributes, jsonAttribute{string(a.Key), jsonValueOf(a.Value)})
	}
	for _, l := range s.Links() {
		to := l.SpanContext
		j.Links = append(j.Links, jsonLink{to.TraceID().String(), to.SpanID().String(), flags(to.TraceFlags(), to)})
	}
	switch status := s.Status(); status.Code { // other numbers than OTLP's
	case codes.Ok:
		j.Status = &jsonStatus{Code: 1}
	case codes.Error:
		j.Status = &jsonStatus{2, status.Description}
	}
	return j
}

// flags are those of W3C and what is known of where a parent, or a linked span, is.
func flags(of api.TraceFlags, other api.SpanContext) uint32 {
	f := uint32(of) | flagHasRemote
	if other.IsRemote() {
		f |= flagIsRemote
	}
	return f
}

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

// jsonValueOf writes the values that Span can have.
func jsonValueOf(v attribute.Value) jsonValue {
	switch v.Type() {
	case attribute.INT64:
		return jsonValue{Int: strconv.FormatInt(v.AsInt64(), 10)}
	case attribute.STRINGSLICE:
		values := v.AsStringSlice()
		array := &jsonArray{make([]jsonValue, len(values))}
		for i := range values {
			array.Values[i] = jsonValue{String: &values[i]}
		}
		return jsonValue{Array: array}
	}
	text := v.String()
	return jsonValue{String: &text}
}
