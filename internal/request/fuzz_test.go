package request

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/auth"
)

// The client is the peer or, behind proxies of ours, the last of the hops that is
// none, as far as they are addresses; never one that a stranger chose.
func FuzzClientAddress(f *testing.F) {
	for _, seed := range []string{
		"", "198.51.100.7", "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7:4711", "[2001:db8::7]:4711", "198.51.100.7, unknown", "::ffff:10.0.0.3",
		"10.0.0.1,10.0.0.2", ",,", "fe80::1%eth0", "198.51.100.7,", "[::1]", "0x7f.1", "010.0.0.1", "198.51.100.7\t, fd00::1", "for=198.51.100.7", "1.2.3.4, 10.0.0.9:99999",
	} {
		f.Add("10.0.0.1:50000", seed, seed)
		f.Add("192.0.2.1:50000", seed, "")
		f.Add("[::ffff:10.0.0.1]:1", "", seed)
	}
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	f.Fuzz(func(t *testing.T, peer, first, second string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr, r.Header["X-Forwarded-For"] = peer, []string{first, second}
		from, _ := netip.ParseAddrPort(peer)
		chain := []netip.Addr{from.Addr().Unmap()} // from the nearest on, as far as it can be read
		for _, hop := range slices.Backward(strings.Split(first+","+second, ",")) {
			hop = strings.TrimSpace(hop)
			addr, err := netip.ParseAddr(hop)
			if with, withErr := netip.ParseAddrPort(hop); err != nil && withErr == nil {
				addr, err = with.Addr(), nil
			}
			if err != nil {
				break
			}
			chain = append(chain, addr.Unmap())
		}
		ours := func(a netip.Addr) bool { return proxies[0].Contains(a) || proxies[1].Contains(a) }
		want := chain[len(chain)-1] // all are ours
		if i := slices.IndexFunc(chain, func(a netip.Addr) bool { return !ours(a) }); i >= 0 {
			want = chain[i]
		}
		if got := clientOf(r, proxies).Addr; got != want {
			t.Errorf("from %q by %q and %q: got %v, want %v", peer, first, second, got, want)
		}
	})
}

// An origin gets the answer and the cookie only if it is one of the list, byte
// for byte, and the answer always says that it depends on the origin.
func FuzzOrigin(f *testing.F) {
	allowed := []string{"https://app.example.org", "http://localhost:5173"}
	for _, seed := range []string{
		"", "null", "*", "https://app.example.org", "https://app.example.org/", "https://app.example.org:443", "https://APP.example.org", "http://app.example.org",
		"https://app.example.org.evil.example", "https://evil.example#https://app.example.org", "https://app.example.org, https://evil.example", "http://localhost:5173",
		"http://localhost:5173 ", "https://xapp.example.org", "\x00https://app.example.org", "https://app.example.or\u212A", "https://app.example.org\r\nX: y",
	} {
		f.Add(seed, http.MethodOptions)
		f.Add(seed, http.MethodPost)
	}
	reached := false
	d, err := New(Config{Auth: new(auth.Service), Secure: true, Own: allowed[:1], Origins: allowed})
	if err != nil {
		f.Fatal(err)
	}
	h := d.AllowOrigins(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reached = true }), http.MethodPost)
	f.Fuzz(func(t *testing.T, origin, method string) {
		r := &http.Request{Method: method, URL: &url.URL{Path: "/graphql"}, Header: http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"POST"}}}
		w := httptest.NewRecorder()
		reached = false
		h.ServeHTTP(w, r)
		ours := origin == allowed[0] || origin == allowed[1]
		got, want := w.Header().Values("Access-Control-Allow-Origin"), []string(nil)
		if ours && (method == http.MethodOptions || method == http.MethodPost) {
			want = []string{origin}
		}
		if !slices.Equal(got, want) || w.Header().Get("Access-Control-Allow-Credentials") != "" != (want != nil) {
			t.Errorf("%s of %q: allows %q, %v", method, origin, got, w.Header())
		}
		if !strings.Contains(strings.Join(w.Header().Values("Vary"), ","), "Origin") {
			t.Errorf("%s of %q: varies by %v", method, origin, w.Header().Values("Vary"))
		}
		if d.cookies.allow(r.Header) != ours {
			t.Errorf("%q: the cookie is allowed: %t", origin, !ours)
		}
		if reached == (method == http.MethodOptions) {
			t.Errorf("%s of %q: reached the API: %t", method, origin, reached)
		}
	})
}
