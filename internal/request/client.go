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
	addr, _ := addresses(r, proxies)
	return auth.Client{Addr: addr, UserAgent: r.UserAgent()}
}

// addresses returns where a request comes from, as clientOf has it, and the address that
// the program there names in X-Forwarded-For: the one hop before it, or itself if it names
// none. What stands before that hop is what somebody told the program.
func addresses(r *http.Request, proxies []netip.Prefix) (from, named netip.Addr) {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	from = peer.Addr().Unmap()
	told := r.Header["X-Forwarded-For"]
	if told == nil {
		return from, from
	}
	hops := strings.Split(strings.Join(told, ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		if !trusted(from, proxies) {
			return from, hop.Unmap()
		}
		from = hop.Unmap()
	}
	return from, from
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
