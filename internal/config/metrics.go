package config

import (
	"net"
	"strconv"
)

// readMetrics reads where those who watch the server find its numbers.
func readMetrics(r *reader, c *Config) {
	c.MetricsAddr = parsed(r, "METRICS_ADDR", "", parseAddr)
	if c.MetricsAddr == "" {
		return
	}
	host, port, _ := net.SplitHostPort(c.MetricsAddr)
	if port == strconv.Itoa(c.Port) && r.ok("PORT") {
		r.wrong("METRICS_ADDR", "has the port of PORT: metrics are answered at an address of their own")
	}
	if !loopback(host) {
		r.warn("METRICS_ADDR", "can be reached by others than this machine: whoever does reads metrics and profiles, without a login")
	}
}

// parseAddr takes an address or an ASCII host name with a port, as 127.0.0.1:9464. Without
// a host it is every address.
func parseAddr(s string) (string, error) {
	const want = problem("must be an address of this machine and a port, such as 127.0.0.1:9464")
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", want
	}
	if _, err := parsePort(port); err != nil {
		return "", want
	}
	if host != "" {
		if host, err = parseHost(host); err != nil {
			return "", want
		}
	}
	return net.JoinHostPort(host, port), nil
}
