package request

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// named reports whether a development server at public may answer under host, of a
// Host header. A name that a stranger's DNS may have pointed at this machine (DNS
// rebinding) would let their page read the answers. An IP address, a name without a
// dot, one below localhost and PUBLIC_URL's own host are no such.
func named(host, public string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	_, err := netip.ParseAddr(host)
	return err == nil || !strings.Contains(host, ".") || strings.HasSuffix(host, ".localhost") || host == public
}

// FromHere reports whether a request comes from this machine itself: from a
// loopback address, and through no proxy that says so. What a proxy passes on is
// somebody else's, whoever they are.
func FromHere(r *http.Request) bool {
	for name := range r.Header {
		if name == "Forwarded" || name == "Via" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-") {
			return false
		}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}
