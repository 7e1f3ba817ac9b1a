package request

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestClientAddress_C4(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	tests := []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"no proxy", "192.0.2.1:50000", nil, "192.0.2.1"},
		{"a stranger's header", "192.0.2.1:50000", []string{"198.51.100.7"}, "192.0.2.1"},
		{"one proxy", "10.0.0.1:50000", []string{"198.51.100.7"}, "198.51.100.7"},
		{"two proxies, and what the client made up", "10.0.0.1:50000", []string{"203.0.113.9, 198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
		{"several lines", "10.0.0.1:50000", []string{"203.0.113.9", "198.51.100.7"}, "198.51.100.7"},
		{"with a port", "10.0.0.1:50000", []string{"198.51.100.7:4711"}, "198.51.100.7"},
		{"IPv6 with a port", "[fd00::1]:50000", []string{"[2001:db8::7]:4711"}, "2001:db8::7"},
		{"no address", "10.0.0.1:50000", []string{"198.51.100.7, unknown"}, "10.0.0.1"},
		{"empty", "10.0.0.1:50000", []string{""}, "10.0.0.1"},
		{"IPv4 within IPv6", "[::ffff:10.0.0.1]:50000", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr, r.Header["X-Forwarded-For"] = tt.peer, tt.forwarded
		if got := clientOf(r, proxies).Addr.String(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

// A program that is believed names the hop before it, and no other.
func TestNamedAddress_C4(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, tt := range []struct{ name, peer, forwarded, want string }{
		{"it names nobody", "192.0.2.1:50000", "", "192.0.2.1"},
		{"its user", "192.0.2.1:50000", "198.51.100.7", "198.51.100.7"},
		{"its user, who claims to be another", "192.0.2.1:50000", "203.0.113.9, 198.51.100.7", "198.51.100.7"},
		{"its user, behind a proxy", "10.0.0.1:50000", "203.0.113.9, 198.51.100.7, 192.0.2.1", "198.51.100.7"},
		{"nobody, behind a proxy", "10.0.0.1:50000", "192.0.2.1", "192.0.2.1"},
		{"no address", "192.0.2.1:50000", "unknown", "192.0.2.1"},
		{"a proxy of ours by itself", "10.0.0.1:50000", "", "10.0.0.1"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr = tt.peer
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		if _, got := addresses(r, proxies); got.String() != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}
