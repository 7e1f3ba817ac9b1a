package config

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Traces says where traces go. Its settings are OpenTelemetry's, by its names and rules:
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables and
// https://opentelemetry.io/docs/specs/otel/protocol/exporter. So what is wrong with one that
// has a default is a warning. What no trace would arrive with is a mistake, as anywhere here.
type Traces struct {
	// URL is where spans are sent: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT as it is, or
	// OTEL_EXPORTER_OTLP_ENDPOINT with v1/traces behind it.
	URL *url.URL
	// Headers go along. They may hold a key: never log them.
	Headers map[string]string
	// Timeout bounds sending some spans, with all tries. Default 10s.
	Timeout time.Duration
	// Resource says what the spans are of. service.name in it is OTEL_SERVICE_NAME, or that
	// of OTEL_RESOURCE_ATTRIBUTES, or "latchkey".
	Resource map[string]string
	// Sampler is one of samplers. Default "parentbased_always_on".
	Sampler string
	// Ratio is of how many of all traces there are spans, by the samplers that have a ratio:
	// 0 to 1. Default 1.
	Ratio float64
}

var samplers = []string{"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"}

// ofExporter are the settings of how spans are sent. Each has another for traces alone, which
// wins.
const (
	ofExporter = "OTEL_EXPORTER_OTLP_"
	ofTraces   = "OTEL_EXPORTER_OTLP_TRACES_"
)

// readTraces reads where traces go, if they go anywhere.
func readTraces(r *reader, c *Config) {
	endpoint, protocol, headers, timeout := r.exporter("ENDPOINT"), r.exporter("PROTOCOL"), r.exporter("HEADERS"), r.exporter("TIMEOUT")
	disabled, exporter := r.value("OTEL_SDK_DISABLED"), r.value("OTEL_TRACES_EXPORTER")
	for _, name := range []string{"OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"} {
		r.value(name)
	}
	if r.value(endpoint) == "" || strings.EqualFold(disabled, "true") || exporter == "none" {
		return
	}
	t := Traces{
		URL:      parsed(r, endpoint, nil, parseWeb),
		Headers:  parsed(r, headers, nil, parseHeaders),
		Timeout:  guessed(r, timeout, 10*time.Second, parseMilliseconds),
		Resource: guessed(r, "OTEL_RESOURCE_ATTRIBUTES", map[string]string{}, parsePairs),
		Sampler:  guessed(r, "OTEL_TRACES_SAMPLER", "parentbased_always_on", oneOf(samplers...)),
		Ratio:    guessed(r, "OTEL_TRACES_SAMPLER_ARG", 1, parseRatio),
	}
	if p := r.value(protocol); p != "" && p != "http/json" {
		r.wrong(protocol, "must be http/json: Latchkey speaks no other, and a collector takes it at its port 4318")
	}
	if name := r.value("OTEL_SERVICE_NAME"); name != "" {
		t.Resource["service.name"] = name
	} else if t.Resource["service.name"] == "" {
		t.Resource["service.name"] = "latchkey"
	}
	if disabled != "" && !strings.EqualFold(disabled, "false") {
		r.warn("OTEL_SDK_DISABLED", "must be true or false: ignored")
	}
	if exporter != "" && exporter != "otlp" {
		r.warn("OTEL_TRACES_EXPORTER", "must be otlp or none: ignored")
	}
	if t.URL == nil {
		return
	}
	if len(t.Headers) > 0 && !safe(t.URL) && !c.Development() {
		r.warn(endpoint, "is plain http: whoever sits on the way reads %s", headers)
	}
	if endpoint == ofExporter+"ENDPOINT" {
		t.URL = t.URL.JoinPath("v1", "traces")
	}
	r.warnOfExporter()
	c.Traces = &t
}

// exporter returns the name of the setting that counts of two.
func (r *reader) exporter(what string) string {
	if r.value(ofExporter + what); r.value(ofTraces+what) != "" {
		return ofTraces + what
	}
	return ofExporter + what
}

// warnOfExporter warns of settings of the exporter that are not known here: without them
// spans may not arrive.
func (r *reader) warnOfExporter() {
	for _, name := range r.names() {
		rest, ok := strings.CutPrefix(name, ofExporter)
		other, _, _ := strings.Cut(rest, "_")
		if ok && !r.asked[name] && r.set(name) != "" && !slices.Contains([]string{"METRICS", "LOGS", "PROFILES"}, other) {
			r.warn(name, "is OpenTelemetry's, but not read by Latchkey")
		}
	}
}

// guessed is parsed for a setting whose mistakes are ignored, as its specification wants.
func guessed[T any](r *reader, name string, def T, parse func(string) (T, error)) T {
	text := r.value(name)
	if text == "" {
		return def
	}
	v, err := parse(text)
	if err != nil {
		r.warn(name, "%v: ignored", err)
		return def
	}
	return v
}

// parsePairs takes name=value, separated by commas.
func parsePairs(s string) (map[string]string, error) {
	pairs := map[string]string{}
	for _, item := range list(s) {
		name, value, ok := strings.Cut(item, "=")
		name = strings.TrimSpace(name)
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil || name == "" || !visible(name) {
			return nil, problem("must be name=value, several separated by commas, with what is special in values as %XX")
		}
		if value, err = asIs(value); err != nil {
			return nil, err
		}
		pairs[name] = value
	}
	return pairs, nil
}

// fieldName is the name of a field of HTTP (RFC 9110 section 5.6.2).
var fieldName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// parseHeaders is parsePairs for fields of HTTP.
func parseHeaders(s string) (map[string]string, error) {
	pairs, err := parsePairs(s)
	for name, value := range pairs {
		if !fieldName.MatchString(name) || !visible(value) {
			return nil, problem("must name fields of HTTP, with values of printable ASCII characters")
		}
	}
	return pairs, err
}

func parseMilliseconds(s string) (time.Duration, error) {
	n, err := numberFrom(1, 3_600_000)(s)
	if err != nil {
		return 0, problem("must be milliseconds, 1 to 3600000")
	}
	return time.Duration(n) * time.Millisecond, nil
}

func parseRatio(s string) (float64, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n >= 0 && n <= 1) { // NaN is neither
		return 0, problem("must be a number from 0 to 1, such as 0.05")
	}
	return n, nil
}
