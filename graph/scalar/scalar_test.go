package scalar

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// check fails unless got is want or, want being nil, err is BAD_USER_INPUT without the value in.
func check(t *testing.T, in, got any, err error, want any) {
	t.Helper()
	if want != nil {
		if err != nil || got != want {
			t.Errorf("%#v: got %#v, %v, want %#v", in, got, err, want)
		}
		return
	}
	gqlErr := (*gqlerror.Error)(nil)
	if !errors.As(err, &gqlErr) || gqlErr.Extensions["code"] != "BAD_USER_INPUT" {
		t.Fatalf("%#v: got %#v, %v, want BAD_USER_INPUT", in, got, err)
	}
	if s, ok := in.(string); ok && len(s) > 1 && strings.Contains(gqlErr.Message, s) {
		t.Errorf("%#v: the error repeats the value: %v", in, err)
	}
}

func TestString_B5(t *testing.T) {
	tests := []struct{ in, want any }{
		{"", ""}, {"ada", "ada"}, {"5", "5"}, {" é😀\t\x01\ufffd ", " é😀\t\x01\ufffd "},
		{"a\x00", nil}, {"\x00", nil}, {"secret\xff", nil}, {"\xed\xa0\x80", nil}, {"\xc0\x80", nil},
		{5, nil}, {int64(5), nil}, {5.0, nil}, {json.Number("5"), nil}, {true, nil}, {nil, nil}, {[]any{"a"}, nil},
		{map[string]any{}, nil}, {[]byte("a"), nil},
	}
	for _, tt := range tests {
		got, err := UnmarshalString(tt.in)
		check(t, tt.in, got, err, tt.want)
	}
}

func TestID_B5(t *testing.T) {
	tests := []struct{ in, want any }{
		{"", ""}, {"a", "a"}, {5, "5"}, {int64(math.MinInt64), "-9223372036854775808"}, {json.Number("5"), "5"},
		{"a\x00", nil}, {"a\xff", nil}, {5.0, nil}, {json.Number("5.0"), nil}, {json.Number("a"), nil}, {true, nil}, {nil, nil},
		{[]any{"a"}, nil},
	}
	for _, tt := range tests {
		got, err := UnmarshalID(tt.in)
		check(t, tt.in, got, err, tt.want)
	}
}

func TestInt(t *testing.T) {
	tests := []struct{ in, want any }{
		{0, 0}, {-5, -5}, {int64(5), 5}, {5.0, 5}, {json.Number("5"), 5}, {math.MaxInt32, math.MaxInt32},
		{int64(math.MinInt32), math.MinInt32},
		{math.MaxInt32 + 1, nil}, {int64(math.MinInt32 - 1), nil}, {99999999999.0, nil}, {math.NaN(), nil}, {math.Inf(1), nil},
		{1.5, nil}, {json.Number("99999999999"), nil}, {json.Number("1.5"), nil}, {"5", nil}, {true, nil}, {nil, nil},
	}
	for _, tt := range tests {
		got, err := UnmarshalInt(tt.in)
		check(t, tt.in, got, err, tt.want)
	}
}

func TestTime(t *testing.T) {
	zone := time.FixedZone("", 2*60*60)
	for _, tt := range []struct {
		in   time.Time
		want string
	}{
		{time.Date(2026, 11, 24, 8, 15, 30, 0, time.UTC), `"2026-11-24T08:15:30.000Z"`},
		{time.Date(2026, 11, 24, 8, 15, 30, 120e6, time.UTC), `"2026-11-24T08:15:30.120Z"`},
		{time.Date(2026, 11, 24, 8, 15, 30, 120_999_999, time.UTC), `"2026-11-24T08:15:30.120Z"`},
		{time.Date(2027, 1, 1, 1, 0, 0, 5e6, zone), `"2026-12-31T23:00:00.005Z"`},
		{time.Time{}, `null`},
	} {
		if got := marshalled(MarshalTime(tt.in)); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
	noon := time.Date(2026, 11, 24, 12, 0, 0, 123456000, time.UTC)
	for _, tt := range []struct{ in, want any }{
		{"2026-11-24T12:00:00.123456Z", noon}, {"2026-11-24T14:00:00.123456789+02:00", noon},
		{"", nil}, {"2026-11-25", nil}, {"2026-11-24 12:00:00Z", nil}, {"2026-11-24T12:00:00", nil}, {"2026-13-24T12:00:00Z", nil},
		{int64(0), nil}, {nil, nil},
	} {
		got, err := UnmarshalTime(tt.in)
		check(t, tt.in, got, err, tt.want)
	}
}

func TestMarshal(t *testing.T) {
	for want, m := range map[string]graphql.Marshaler{
		`"a\"é\u0001"`: MarshalString("a\"é\x01"), `"5"`: MarshalID("5"), `-5`: MarshalInt(-5),
	} {
		if got := marshalled(m); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func marshalled(m graphql.Marshaler) string {
	var b strings.Builder
	m.MarshalGQL(&b)
	return b.String()
}
