package config

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

const collector = "http://collector.example:4318"

// Traces go where OpenTelemetry's settings say, by its rules; without a receiver, or switched
// off, nothing of these settings matters.
func TestTraces(t *testing.T) {
	t.Parallel()
	defaults := Traces{Timeout: 10 * time.Second, Resource: map[string]string{"service.name": "latchkey"}, Sampler: "parentbased_always_on", Ratio: 1}
	for name, tt := range map[string]struct {
		set  vars
		url  string // "": there are none
		want func(*Traces)
	}{
		"nowhere":            {vars{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_TRACES_SAMPLER": "x", "OTEL_EXPORTER_OTLP_HEADERS": "x"}, "", nil},
		"a collector":        {vars{"OTEL_EXPORTER_OTLP_ENDPOINT": collector}, collector + "/v1/traces", nil},
		"a path":             {vars{"OTEL_EXPORTER_OTLP_ENDPOINT": collector + "/otlp/"}, collector + "/otlp/v1/traces", nil},
		"traces alone":       {vars{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": collector + "/in?a=b"}, collector + "/in?a=b", nil},
		"both":               {vars{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://other.example", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": collector}, collector, nil},
		"disabled":           {vars{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_SDK_DISABLED": "TRUE"}, "", nil},
		"not disabled":       {vars{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_SDK_DISABLED": "False"}, collector + "/v1/traces", nil},
		"another exporter":   {vars{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "", nil},
		"the right protocol": {vars{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, collector + "/v1/traces", nil},
		"headers": {vars{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example", "OTEL_EXPORTER_OTLP_HEADERS": " api-key = a%20b%2Cc=d ,x=,"}, "https://collector.example/v1/traces",
			func(t *Traces) { t.Headers = map[string]string{"api-key": "a b,c=d", "x": ""} }},
		"headers for traces": {vars{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example", "OTEL_EXPORTER_OTLP_HEADERS": "a=b", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "c=d"},
			"https://collector.example/v1/traces", func(t *Traces) { t.Headers = map[string]string{"c": "d"} }},
		"all else": {vars{
			"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_EXPORTER_OTLP_TIMEOUT": "250", "OTEL_SERVICE_NAME": "logins",
			"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=a%20b,service.name=other", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25",
		}, collector + "/v1/traces", func(t *Traces) {
			t.Timeout, t.Sampler, t.Ratio = 250*time.Millisecond, "traceidratio", 0.25
			t.Resource = map[string]string{"service.name": "logins", "deployment.environment.name": "a b"}
		}},
		"a name among others": {vars{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_RESOURCE_ATTRIBUTES": "service.name=other", "OTEL_EXPORTER_OTLP_TIMEOUT": "1", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "2"},
			collector + "/v1/traces", func(t *Traces) {
				t.Resource, t.Timeout = map[string]string{"service.name": "other"}, 2*time.Millisecond
			}},
	} {
		got, warnings, err := load(production.with(tt.set))
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v, %v", name, err, warnings)
			continue
		}
		if tt.url == "" {
			if got.Traces != nil {
				t.Errorf("%s: %v", name, got.Traces)
			}
			continue
		}
		want := defaults
		want.Resource = map[string]string{"service.name": "latchkey"}
		if tt.want != nil {
			tt.want(&want)
		}
		if got.Traces == nil || got.Traces.URL.String() != tt.url {
			t.Errorf("%s: %v, want %s", name, got.Traces, tt.url)
			continue
		}
		if want.URL = got.Traces.URL; !reflect.DeepEqual(*got.Traces, want) {
			t.Errorf("%s: got %v, want %v", name, *got.Traces, want)
		}
	}
}

// Without these no trace would arrive, so they stop the start.
func TestTracesRefused(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT":        {"localhost:4318", "grpc://localhost:4317", "http://a:hunter2@localhost:4318", "unix:///x"},
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": {"localhost:4318"},
		"OTEL_EXPORTER_OTLP_PROTOCOL":        {"grpc", "http/protobuf", "HTTP/JSON"},
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": {"http/protobuf"},
		"OTEL_EXPORTER_OTLP_HEADERS":         {"hunter2", "=hunter2", "a b=hunter2", "a=%zzhunter2", "a=hunter2%0d%0ab:c", "ä=hunter2"},
		"OTEL_EXPORTER_OTLP_TRACES_HEADERS":  {"hunter2"},
	} {
		for _, value := range values {
			if text := mistaken(t, production.with(vars{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, name: value}), name); strings.Contains(text, "hunter2") {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
}

// What OpenTelemetry has be ignored is warned of, and so is what it knows and Latchkey does
// not.
func TestTracesWarnedOf(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"OTEL_TRACES_SAMPLER": "jaeger_remote", "OTEL_TRACES_SAMPLER_ARG": "2", "OTEL_EXPORTER_OTLP_TIMEOUT": "10s", "OTEL_RESOURCE_ATTRIBUTES": "hunter2",
		"OTEL_SDK_DISABLED": "1", "OTEL_TRACES_EXPORTER": "jaeger", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE": "/hunter2",
	} {
		got, warnings, err := load(production.with(vars{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, name: value}))
		if err != nil || len(warnings) != 1 || warnings[0].Name != name || strings.Contains(warnings[0].Text, "hunter2") {
			t.Errorf("%s: %v, %v", name, warnings, err)
			continue
		}
		if tr := got.Traces; tr == nil || tr.Sampler != "parentbased_always_on" || tr.Ratio != 1 || tr.Timeout != 10*time.Second || len(tr.Resource) != 1 {
			t.Errorf("%s: %v", name, tr)
		}
	}
	_, warnings, err := load(production.with(vars{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_EXPORTER_OTLP_HEADERS": "a=b"}))
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0].Text, "OTEL_EXPORTER_OTLP_HEADERS") {
		t.Errorf("a key in the clear: %v, %v", warnings, err)
	}
	_, warnings, err = load(production.with(vars{
		"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_METRICS_EXPORTER": "none", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "x", "OTEL_EXPORTER_OTLP_LOGS_HEADERS": "x",
		"OTEL_PROPAGATORS": "b3", "OTEL_RESOURCE_ATTRIBUTES_POD_NAME": "x", "OTEL_BSP_MAX_QUEUE_SIZE": "1",
	}))
	if err != nil || len(warnings) > 0 {
		t.Errorf("what is for others: %v, %v", warnings, err)
	}
}
