package testenv

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

// Collector receives traces as an OpenTelemetry collector does, and fails the test unless
// they are OTLP's JSON to the letter.
type Collector struct {
	URL string // without a path

	mu      sync.Mutex
	text    bytes.Buffer // all that came
	headers []http.Header
	spans   []*Span
}

// Span is one that came.
type Span struct {
	*tracepb.Span
	Resource map[string]string
}

// NewCollector starts one.
func NewCollector(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = c.take(r, body)
		}
		if err != nil {
			t.Errorf("traces that no collector would take: %v\n%s", err, body)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

func (c *Collector) take(r *http.Request, body []byte) error {
	if r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/json" {
		return fmt.Errorf("%s %s, %s", r.Method, r.URL, r.Header.Get("Content-Type"))
	}
	var sent any
	if err := json.Unmarshal(body, &sent); err != nil {
		return err
	}
	if err := decodeIDs(sent); err != nil {
		return err
	}
	converted, err := json.Marshal(sent)
	if err != nil {
		return err
	}
	var traces tracepb.TracesData // which is what a request to a collector has, too
	if err := protojson.Unmarshal(converted, &traces); err != nil {
		return err
	}
	// protojson takes other spellings, too. What it writes itself is the one that OTLP asks for.
	again, err := protojson.MarshalOptions{UseEnumNumbers: true}.Marshal(&traces)
	if err != nil {
		return err
	}
	var canonical any
	if err := json.Unmarshal(again, &canonical); err != nil {
		return err
	}
	if !reflect.DeepEqual(sent, canonical) {
		return fmt.Errorf("spelled otherwise than %s", again)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text.Write(body)
	c.headers = append(c.headers, r.Header)
	for _, of := range traces.ResourceSpans {
		resource := map[string]string{}
		for _, a := range of.Resource.GetAttributes() {
			resource[a.Key] = a.Value.GetStringValue()
		}
		for _, scope := range of.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, &Span{s, resource})
			}
		}
	}
	return nil
}

// decodeIDs makes base64 of the ids in a message, as protojson has all bytes. In OTLP they
// are hexadecimal, in small letters.
func decodeIDs(v any) error {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			if err := decodeIDs(one); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, one := range v {
			size := map[string]int{"traceId": 16, "spanId": 8, "parentSpanId": 8}[name]
			if size == 0 {
				if err := decodeIDs(one); err != nil {
					return err
				}
				continue
			}
			text, _ := one.(string)
			id, err := hex.DecodeString(text)
			if err != nil || len(id) != size || strings.ToLower(text) != text || bytes.Count(id, []byte{0}) == size {
				return fmt.Errorf("%s is %q", name, one)
			}
			v[name] = base64.StdEncoding.EncodeToString(id)
		}
	}
	return nil
}

// Text is all that came, as it came.
func (c *Collector) Text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// Headers are those of each request that came.
func (c *Collector) Headers() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.headers)
}

// Spans are those that came.
func (c *Collector) Spans() []*Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Await waits until a span came that is as wanted, and returns it.
func (c *Collector) Await(t testing.TB, what string, is func(*Span) bool) (found *Span) {
	t.Helper()
	Await(t, time.Minute, "the span of "+what, func() bool {
		all := c.Spans()
		if i := slices.IndexFunc(all, is); i >= 0 {
			found = all[i]
		}
		return found != nil
	})
	return found
}

// Within returns the spans of which s is the parent, the one that began first in front.
func (c *Collector) Within(s *Span) (children []*Span) {
	for _, other := range c.Spans() {
		if bytes.Equal(other.ParentSpanId, s.SpanId) {
			children = append(children, other)
		}
	}
	slices.SortFunc(children, func(a, b *Span) int { return cmp.Compare(a.StartTimeUnixNano, b.StartTimeUnixNano) })
	return children
}

// Str is an attribute of the span, or "".
func (s *Span) Str(name string) string {
	for _, a := range s.Attributes {
		if a.Key == name {
			return a.Value.GetStringValue()
		}
	}
	return ""
}

// Int is an attribute of the span, or 0.
func (s *Span) Int(name string) int64 {
	for _, a := range s.Attributes {
		if a.Key == name {
			return a.Value.GetIntValue()
		}
	}
	return 0
}
