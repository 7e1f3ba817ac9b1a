package request

import (
	"net/http"
	"net/netip"
	"strings"

	"latchkey/internal/auth"
)

// clientOf returns the client that sent the request. X-Forwarded-For is read from its end,
// the nearest hop, and only for as long as each hop is one of our proxies.
func clientOf(r *http.Request, proxies []netip.Prefix) auth.Client {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	addr := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && trusted(addr, proxies); i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		addr = hop.Unmap()
	}
	return auth.Client{Addr: addr, UserAgent: r.UserAgent()}
}

// parseHop reads an address, with a port as some gateways write it.
func parseHop(s string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr, true
	}
	with, err := netip.ParseAddrPort(s)
	return with.Addr(), err == nil
}

func trusted(addr netip.Addr, proxies []netip.Prefix) bool {
	for _, p := range proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// bearerToken returns the token of an Authorization header, or "". The scheme may be in
// upper or lower case (RFC 9110 section 11.1).
func bearerToken(h http.Header) string {
	scheme, token, ok := strings.Cut(h.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
