package oauth

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// A form is its parameters, each once and all of it text, read here pair by pair;
// all else is invalid_request in words of ours.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{
		"", "grant_type=password&username=ada&password=hunter2", "a=1&a=2", "a=1&%61=2", "a=&a=1", "a", "=a", "&&", "a=%00", "a=%ff", "a=%zz&b=hunter2", "a;b=1", "a=b=c",
		"a=+%2B", "a=\x00", "%=1", "a=" + strings.Repeat("x", maxForm), "scope=a%20b&scope=", "\xff=1", "a=1&", "a[]=1&a[]=2",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, "/auth/token", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		got, err := readForm(httptest.NewRecorder(), r)
		want, ok := pairs(body)
		if ok != (err == nil) {
			t.Fatalf("%q: got %v, want it read: %t", body, err, ok)
		}
		if err != nil {
			if e, known := errors.AsType[*failure](err); !known || e.Code != invalidRequest || strings.Contains(err.Error()+e.Description, "hunter2") {
				t.Errorf("%q: got %v", body, err)
			}
			return
		}
		if len(got) != len(want) {
			t.Errorf("%q: got %v, want %v", body, got, want)
		}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%q: %q is %q, want %q", body, name, got[name], value)
			}
		}
	})
}

func pairs(body string) (form, bool) {
	if len(body) > maxForm {
		return nil, false
	}
	f, seen := form{}, map[string]bool{}
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(rawName)
		value, err2 := url.QueryUnescape(rawValue)
		if err1 != nil || err2 != nil || strings.Contains(pair, ";") || seen[name] || !utf8.ValidString(name+value) || strings.Contains(name+value, "\x00") {
			return nil, false
		}
		if seen[name] = true; value != "" {
			f[name] = value
		}
	}
	return f, true
}
