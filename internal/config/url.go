package config

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// parseWeb takes an absolute http or https URL without user name and password.
// Its scheme and host come back in small letters.
func parseWeb(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "" {
		return nil, problem("must be a URL that begins with https:// (or http://)")
	}
	if u.User != nil {
		return nil, problem("must not contain a user name or password")
	}
	u.Host = strings.ToLower(u.Host)
	host, port := u.Hostname(), u.Port()
	ip, err := netip.ParseAddr(host)
	if err == nil && ip.Zone() != "" || err != nil && !hostName.MatchString(host) {
		return nil, problem("must name one host, in ASCII (xn--…) and without wildcards")
	}
	if n, err := strconv.Atoi(port); port != "" && (err != nil || n < 1 || n > 65535) || strings.HasSuffix(u.Host, ":") {
		return nil, problem("must have a port from 1 to 65535, or none")
	}
	return u, nil
}

// parseOrigin takes a URL of scheme, host and port. A slash behind it and the
// scheme's own port are cut.
func parseOrigin(s string) (*url.URL, error) {
	u, err := parseWeb(s)
	if err != nil {
		return nil, err
	}
	if u.Path != "" && u.Path != "/" || strings.ContainsAny(s, "?#") {
		return nil, problem("must end with the host or port, without path, query or fragment")
	}
	return url.Parse(origin(u))
}

// parsePublic takes what parseOrigin does, with a path behind it or none. A slash at the
// end is cut.
func parsePublic(s string) (*url.URL, error) {
	u, err := parseWeb(s)
	if err != nil {
		return nil, err
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	if strings.ContainsAny(s, "?#") || path != "" && !plainPath.MatchString(path) {
		return nil, problem("must end with the host, the port or a path of letters, digits, dots, underscores and hyphens, without query or fragment")
	}
	return url.Parse(origin(u) + path)
}

// plainPath is a path that needs no escaping anywhere, a cookie's Path included, and that
// is where it says: no part of it begins with a dot.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)

// parseTarget takes a URL that people are sent to.
func parseTarget(s string) (*url.URL, error) {
	u, err := parseWeb(s)
	if err == nil && !safe(u) {
		return nil, problem("must begin with https://, unless its host is localhost")
	}
	return u, err
}

// safe reports whether nobody on the way can read or change what u carries.
func safe(u *url.URL) bool { return u.Scheme == "https" || loopback(u.Hostname()) }

// origin returns the origin of u as browsers send it (RFC 6454 section 6.2).
func origin(u *url.URL) string {
	host, port := u.Hostname(), u.Port()
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.String()
	}
	own := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	switch {
	case port != "" && port != own:
		host = net.JoinHostPort(host, strings.TrimLeft(port, "0"))
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	return u.Scheme + "://" + host
}
