package config

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// anyLabel begins an entry of CORS_ORIGINS that stands for every name one label below.
const anyLabel = "https://*."

// readOrigins reads which pages may call the API.
func readOrigins(r *reader, c *Config) {
	for i, text := range list(r.value("CORS_ORIGINS")) {
		host, previews := strings.CutPrefix(text, anyLabel)
		check := checkOrigin
		if previews {
			check = checkPreviews
		}
		if err := check(text); err != nil {
			r.wrong("CORS_ORIGINS", "entry %d %v", i+1, err)
			continue
		}
		if previews {
			c.CORSPreviews = append(c.CORSPreviews, host)
			continue
		}
		if u, err := parseWeb(text); err == nil && !c.Development() && !safe(u) {
			r.warn("CORS_ORIGINS", "entry %d is plain http: whoever sits on the way can act as the people who use that page", i+1)
		}
		c.CORSOrigins = append(c.CORSOrigins, text)
	}
}

var (
	// appOrigin is the origin of pages that an app brings along, such as
	// capacitor://localhost.
	appOrigin = regexp.MustCompile(`^([a-z][a-z0-9+.-]{0,31})://[a-z0-9_.-]{1,253}$`)

	// noApps are schemes whose pages are nobody's, or that no page has.
	noApps = []string{"about", "blob", "data", "file", "filesystem", "ftp", "http", "https", "javascript", "null", "ws", "wss"}
)

// checkOrigin takes an origin exactly as browsers send it.
func checkOrigin(s string) error {
	if app := appOrigin.FindStringSubmatch(s); app != nil && !slices.Contains(noApps, app[1]) {
		return nil
	}
	if scheme, _, ok := strings.Cut(s, "://"); !ok || scheme != "https" && scheme != "http" {
		return problem("must begin with https://, http:// or the scheme of an app, such as capacitor://, in small letters; " +
			"files and sandboxes have no origin of their own")
	}
	u, err := parseOrigin(s)
	if err == nil && origin(u) != s {
		return problem("must be written as browsers send it: in small letters, without the scheme's own port, without a slash at the end")
	}
	return err
}

// checkPreviews takes an entry that begins with anyLabel. Behind it is a domain of
// somebody's own: under com, co.uk or vercel.app anybody may have a name.
func checkPreviews(s string) error {
	own := "https://" + strings.TrimPrefix(s, anyLabel)
	if err := checkOrigin(own); err != nil {
		return err
	}
	u, err := parseOrigin(own)
	if err != nil {
		return err
	}
	host := u.Hostname()
	_, notAddress := netip.ParseAddr(host)
	if _, err := publicsuffix.EffectiveTLDPlusOne(host); err != nil || notAddress == nil {
		return problem("must have a domain of your own behind the *, and not one under which anybody can have a name")
	}
	return nil
}

// AdviceFor says what would let pages of an origin call the API that may not: the line of
// .env that allows it beside the others. "" is for what no page has as its origin.
func (c Config) AdviceFor(origin string) string {
	if origin == "null" {
		return "have a server on this machine serve the page: files and sandboxes have no origin that could be allowed"
	}
	if checkOrigin(origin) != nil {
		return ""
	}
	all := slices.Clone(c.CORSOrigins)
	for _, host := range c.CORSPreviews {
		all = append(all, anyLabel+host)
	}
	return "CORS_ORIGINS=" + strings.Join(append(all, origin), ",")
}
