package config

import (
	"net/url"
	"os"
	"strings"
)

// pwnedPasswords is what hibp stands for.
//
//lint:ignore G101 an address
const pwnedPasswords = "https://api.pwnedpasswords.com/range/"

// readBreached reads where new passwords are looked up among the stolen ones.
func readBreached(r *reader, c *Config) {
	switch text := r.value("BREACHED_PASSWORDS"); {
	case text == "hibp":
		c.BreachedService, _ = url.Parse(pwnedPasswords)
	case strings.Contains(text, "://"):
		c.BreachedService = parsed(r, "BREACHED_PASSWORDS", nil, parseRange)
	case text != "off":
		c.BreachedFile = parsed(r, "BREACHED_PASSWORDS", "", parseFile)
	}
	c.BreachedRefuse = parsed(r, "BREACHED_FAILURE", "accept", oneOf("accept", "refuse")) == "refuse"
}

// parseRange takes the URL of a service, to which five digits are added.
func parseRange(s string) (*url.URL, error) {
	u, err := parseTarget(s)
	if err == nil && (strings.ContainsAny(s, "?#") || !strings.HasSuffix(u.Path, "/range/")) {
		return nil, problem("must end with /range/ if it is a URL, without query or fragment")
	}
	return u, err
}

// parseFile takes the path of a file that is there.
func parseFile(s string) (string, error) {
	if info, err := os.Stat(s); err != nil || !info.Mode().IsRegular() {
		return "", problem("must be off, hibp, a URL that ends with /range/, or the path of a file that latchkey breaches build made")
	}
	return s, nil
}
