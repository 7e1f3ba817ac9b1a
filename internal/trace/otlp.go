package trace

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
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

// Flags of a span: that of W3C, whether it is known that its parent is of another process,
// and that it is.
const (
	flagSampled   = 0x001
	flagHasRemote = 0x100
	flagIsRemote  = 0x200
)

// statusError is that of what failed.
const statusError = 2

// encode writes spans as one message.
func encode(resource map[string]string, spans []jsonSpan) ([]byte, error) {
	all := jsonResourceSpans{ScopeSpans: []jsonScopeSpans{{jsonScope{scope}, spans}}}
	for _, name := range slices.Sorted(maps.Keys(resource)) {
		all.Resource.Attributes = append(all.Resource.Attributes, jsonAttribute{name, text(resource[name])})
	}
	return json.Marshal(jsonTraces{[]jsonResourceSpans{all}})
}

// text is a value that is a text.
func text(s string) jsonValue { return jsonValue{String: &s} }

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }
