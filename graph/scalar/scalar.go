// Package scalar holds the Go side of the schema's scalars: String, ID, Int and Time, stricter than gqlgen's own.
//
// gqlgen takes `5` for a String, 99999999999 for an Int and lets NUL through. A value refused here is an error with
// the code BAD_USER_INPUT, whose text never repeats the value: it may be a password. The package stands alone because
// the generated code imports it.
package scalar

import (
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// MarshalString writes s as a JSON string.
func MarshalString(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalString takes a string of valid UTF-8 without NUL, which PostgreSQL cannot store, and nothing else.
func UnmarshalString(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", refused("A String must be a string.")
	}
	return text(s)
}

// MarshalID writes id as a JSON string.
func MarshalID(id string) graphql.Marshaler { return graphql.MarshalString(id) }

// UnmarshalID takes what UnmarshalString does, and an integer as its digits, as the GraphQL specification asks.
func UnmarshalID(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return text(v)
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case json.Number:
		if _, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return string(v), nil
		}
	}
	return "", refused("An ID must be a string or an integer.")
}

// MarshalInt writes i in decimal.
func MarshalInt(i int) graphql.Marshaler { return graphql.MarshalInt(i) }

// UnmarshalInt takes a whole number within the 32 bits that the GraphQL specification gives an Int; no string.
func UnmarshalInt(v any) (int, error) {
	switch v := v.(type) {
	case int:
		if v >= math.MinInt32 && v <= math.MaxInt32 {
			return v, nil
		}
	case int64:
		if v >= math.MinInt32 && v <= math.MaxInt32 {
			return int(v), nil
		}
	case float64: // of JSON, 5.0 and 5 are one number
		if v >= math.MinInt32 && v <= math.MaxInt32 && v == math.Trunc(v) {
			return int(v), nil
		}
	case json.Number:
		if i, err := strconv.ParseInt(string(v), 10, 32); err == nil {
			return int(i), nil
		}
	}
	return 0, refused("An Int must be a whole number within 32 bits.")
}

// timeLayout prints three digits after the second whatever the time holds; the time is in UTC, so the zone prints as Z.
const timeLayout = `"2006-01-02T15:04:05.000Z07:00"`

// MarshalTime writes t in UTC with milliseconds, the rest cut off, not rounded, so that no time is shown before it has
// come; the zero time is null.
func MarshalTime(t time.Time) graphql.Marshaler {
	if t.IsZero() {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) {
		var b [len(timeLayout)]byte
		_, _ = w.Write(t.UTC().AppendFormat(b[:0], timeLayout))
	})
}

// UnmarshalTime takes RFC 3339 in any zone and returns UTC, cut to the microseconds that the databases keep.
func UnmarshalTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, refused("A Time must be a string.")
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, refused("A Time must look like 2026-11-24T08:15:30.120Z.")
	}
	return t.UTC().Truncate(time.Microsecond), nil
}

// text refuses what no string may hold (security requirement B5).
func text(s string) (string, error) {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return "", refused("A string must be valid UTF-8 without NUL.")
	}
	return s, nil
}

func refused(message string) error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": "BAD_USER_INPUT"}}
}
