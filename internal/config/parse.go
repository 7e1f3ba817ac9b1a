package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// list splits at commas and leaves out what is empty.
func list(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func oneOf(allowed ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		for _, a := range allowed {
			if s == a {
				return s, nil
			}
		}
		n := len(allowed) - 1
		return "", problem("must be " + strings.Join(allowed[:n], ", ") + " or " + allowed[n])
	}
}

func onOff(s string) (bool, error) {
	s, err := oneOf("on", "off")(s)
	return s == "on", err
}

func numberFrom(least, most int) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return 0, problem(fmt.Sprintf("must be a number from %d to %d", least, most))
		}
		return n, nil
	}
}

func parsePort(s string) (int, error) { return numberFrom(1, 65535)(s) }

func durationFrom(least time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d < least {
			return 0, problem(fmt.Sprintf("must be a duration of at least %v in h, m and s, such as 90s, 15m or 720h (30 days)", least))
		}
		return d, nil
	}
}

// durationWithin is durationFrom with a bound above.
func durationWithin(least, most time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := durationFrom(least)(s)
		if err != nil || d > most {
			return 0, problem(fmt.Sprintf("must be a duration of %v to %v in h, m and s, such as 90s or 15m", least, most))
		}
		return d, nil
	}
}

const maxLine = 64 // characters; longer names are cut in subjects and titles

// parseLine takes text that people see in one line.
func parseLine(s string) (string, error) {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxLine || strings.ContainsFunc(s, unicode.IsControl) {
		return "", problem(fmt.Sprintf("must be one line of at most %d characters", maxLine))
	}
	return s, nil
}

// asIs takes any text without control characters.
func asIs(s string) (string, error) {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return "", problem("must be one line of text")
	}
	return s, nil
}

// hostName is deliberately wide: underscores appear in container names.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$`)

// parseHost takes an address or an ASCII host name, without port. IPv6 may stand in
// brackets, as in URLs; they are cut.
func parseHost(s string) (string, error) {
	if inner, ok := strings.CutPrefix(s, "["); ok && strings.HasSuffix(inner, "]") {
		if ip, err := netip.ParseAddr(inner[:len(inner)-1]); err == nil && ip.Is6() {
			return ip.String(), nil
		}
	}
	if _, err := netip.ParseAddr(s); err != nil && !hostName.MatchString(s) {
		return "", problem("must be a host name or an IP address alone, without scheme or port")
	}
	return s, nil
}

// loopback reports whether host, a name or an address, is this machine.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && ip.Unmap().IsLoopback()
}

// public reports whether host, a name or an address, may be one of the internet:
// neither this machine, nor an address of a private network, nor a name that only
// a network of one's own can know (without a dot, or under .test, RFC 6761).
func public(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap()
		return !ip.IsLoopback() && !ip.IsPrivate() && !ip.IsLinkLocalUnicast()
	}
	return !loopback(host) && strings.Contains(host, ".") && !strings.HasSuffix(host, ".test")
}

// parseNetwork takes a network in CIDR notation, or one address.
func parseNetwork(s string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(s); err == nil && ip.Zone() == "" {
		ip = ip.Unmap()
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, problem("must be a network or an address, such as 10.0.0.0/8, 192.0.2.7 or fd00::/8")
	}
	return p.Masked(), nil
}

// dependency takes a URL that begins with one of schemes. Its driver reads the
// rest: some are no URLs by Go's rules, such as those with several hosts. In
// production it must not hold a password that is marked as made for development.
func dependency(c *Config, schemes ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		known := false
		for _, scheme := range schemes {
			known = known || strings.HasPrefix(s, scheme)
		}
		if !known {
			return "", problem("must begin with " + strings.Join(schemes, " or "))
		}
		if !c.Development() && (strings.Contains(s, ":"+devPrefix) || strings.Contains(s, "password="+devPrefix)) {
			return "", problem("has a password that begins with " + devPrefix + ", which is for development: give the server another, " +
				"such as openssl rand -hex 24 prints")
		}
		return s, nil
	}
}
