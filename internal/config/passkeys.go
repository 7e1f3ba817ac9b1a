package config

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// readPasskeys reads what passkeys are made for, and which pages and apps may use them. It
// comes behind PUBLIC_URL and CORS_ORIGINS.
func readPasskeys(r *reader, c *Config) {
	named := parsed(r, "PASSKEY_DOMAIN", "", parsePasskeyDomain)
	apps := readPasskeyOrigins(r)
	if c.PublicURL == nil || !r.ok("PUBLIC_URL", "CORS_ORIGINS", "PASSKEY_DOMAIN", "PASSKEY_ORIGINS") {
		return
	}
	domain := named
	if domain == "" {
		domain, _ = passkeyDomain(c.PublicURL.Hostname())
	}
	if domain == "" {
		return
	}
	for _, origin := range append([]string{c.Origin()}, c.CORSOrigins...) {
		if passkeyPage(origin, domain) {
			apps = append(apps, origin)
		}
	}
	slices.Sort(apps)
	c.PasskeyDomain, c.PasskeyOrigins = domain, slices.Compact(apps)
	if len(c.PasskeyOrigins) == 0 && !c.passkeysHere() {
		c.PasskeyDomain, c.PasskeyOrigins = "", nil
		if named != "" {
			r.warn("PASSKEY_DOMAIN", "is of no use: no page of PUBLIC_URL or CORS_ORIGINS is https or on localhost, where alone browsers have passkeys")
		}
		return
	}
	related := c.RelatedOrigins()
	if n := labels(related); n > mostLabels {
		text := "browsers look at no more than 5 names of sites outside PASSKEY_DOMAIN, such as example in example.com and example.co.uk; these are pages of %d, in CORS_ORIGINS and PASSKEY_ORIGINS"
		if named != "" || r.value("PASSKEY_ORIGINS") != "" {
			r.wrong("PASSKEY_DOMAIN", text, n)
		} else { // a server that has no passkeys goes on
			r.warn("PASSKEY_DOMAIN", text, n)
		}
	}
	if len(related) == len(c.PasskeyOrigins) && !c.passkeysHere() {
		r.warn("PASSKEY_DOMAIN", "is the domain of no page in PUBLIC_URL, CORS_ORIGINS or PASSKEY_ORIGINS: see that it is spelled right")
	}
}

// domainName is a domain in small letters whose last part is no number.
var domainName = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

func parsePasskeyDomain(s string) (string, error) {
	s = strings.ToLower(s)
	if _, err := netip.ParseAddr(s); err == nil {
		return "", problem("must be a domain: there are no passkeys for IP addresses")
	}
	if !domainName.MatchString(s) {
		return "", problem("must be a domain alone, in ASCII, such as example.org: without scheme, port and path")
	}
	if s != "localhost" && !strings.Contains(s, ".") {
		return "", problem("must be a domain with a dot in it, or localhost")
	}
	if registrable(s) == "" {
		return "", problem("must be a domain of your own, and not one under which anybody can have a name")
	}
	return s, nil
}

// passkeyDomain returns the domain that passkeys of a host are made for, or "" and why there
// is none.
func passkeyDomain(host string) (domain, why string) {
	if _, err := netip.ParseAddr(host); err == nil {
		return "", "there are no passkeys for IP addresses"
	}
	domain = registrable(host)
	switch {
	case domain != "" && domainName.MatchString(domain):
		return domain, ""
	case !strings.Contains(host, "."):
		return "", "its host is a name without a dot, for which there are no passkeys"
	default:
		return "", "its host is no domain of somebody's own"
	}
}

// registrable returns the domain above a host that somebody has registered, localhost for
// itself, or "". Browsers keep domains apart by it.
func registrable(host string) string {
	if host == "localhost" {
		return host
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return ""
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return ""
	}
	return domain
}

// androidApp is the origin of an Android app: the SHA-256 of the certificate that it is
// signed with.
var androidApp = regexp.MustCompile(`^android:apk-key-hash:[A-Za-z0-9_-]{43}$`)

// readPasskeyOrigins reads who may use passkeys besides the pages that may call the API.
func readPasskeyOrigins(r *reader) []string {
	var all []string
	for i, text := range list(r.value("PASSKEY_ORIGINS")) {
		_, notWeb := parseWeb(text)
		if !androidApp.MatchString(text) && (checkOrigin(text) != nil || notWeb == nil && !relatable(text)) {
			r.wrong("PASSKEY_ORIGINS", "entry %d must be android:apk-key-hash: with the SHA-256 of the app's certificate behind it, in base64url without =; "+
				"https:// with a domain, as apps on iOS have it; or another origin exactly as it is sent, such as chrome-extension://…", i+1)
			continue
		}
		all = append(all, text)
	}
	return all
}

// passkeyPage reports whether browsers may have passkeys of a domain on pages of an origin.
func passkeyPage(origin, domain string) bool {
	u, err := parseWeb(origin)
	return err == nil && (pageOf(u, domain) && safe(u) || domain != "localhost" && relatable(origin))
}

// relatable reports whether an origin can be allowed passkeys of a domain that is not its
// own: by https alone, and not for an address or this machine.
func relatable(origin string) bool {
	u, err := parseWeb(origin)
	return err == nil && u.Scheme == "https" && !loopback(u.Hostname()) && registrable(u.Hostname()) != ""
}

// pageOf reports whether pages are those of a domain.
func pageOf(u *url.URL, domain string) bool {
	return u.Hostname() == domain || strings.HasSuffix(u.Hostname(), "."+domain)
}

// here is the origin of a page on this machine that may have passkeys of localhost.
var here = regexp.MustCompile(`^https?://localhost(:[1-9][0-9]{0,4})?$`)

// passkeysHere reports whether every page of localhost may use passkeys, whatever its port.
func (c Config) passkeysHere() bool { return c.Development() && c.PasskeyDomain == "localhost" }

// MayUsePasskeys reports whether pages or the app of an origin may make and use passkeys. It
// compares byte for byte.
func (c Config) MayUsePasskeys(origin string) bool {
	return slices.Contains(c.PasskeyOrigins, origin) || c.passkeysHere() && here.MatchString(origin)
}

// PasskeysOff says why there can be no passkeys, or "".
func (c Config) PasskeysOff() string {
	if c.PasskeyDomain != "" {
		return ""
	}
	if _, why := passkeyDomain(c.PublicURL.Hostname()); why != "" {
		return "PUBLIC_URL: " + why
	}
	return "PUBLIC_URL is plain http: browsers have passkeys on https pages and on localhost"
}

// mostLabels is how many names of sites browsers look at in a file of related origins.
const mostLabels = 5

// RelatedOrigins returns the pages of PasskeyOrigins that lie outside PasskeyDomain. Browsers
// let them use its passkeys if a file there lists them (WebAuthn Level 3, section 5.11).
func (c Config) RelatedOrigins() []string {
	var all []string
	for _, origin := range c.PasskeyOrigins {
		if u, err := parseWeb(origin); err == nil && !pageOf(u, c.PasskeyDomain) {
			all = append(all, origin)
		}
	}
	return all
}

// RelatedOriginsFile returns what PasskeyDomain has to answer at /.well-known/webauthn, or ""
// if all pages lie in it.
func (c Config) RelatedOriginsFile() string {
	origins := c.RelatedOrigins()
	if len(origins) == 0 {
		return ""
	}
	file, err := json.Marshal(map[string][]string{"origins": origins})
	if err != nil { // strings always have JSON
		panic(err)
	}
	return string(file)
}

// labels counts the names of sites, as browsers do: what stands left of the public suffix.
func labels(origins []string) int {
	seen := map[string]bool{}
	for _, origin := range origins {
		if u, err := parseWeb(origin); err == nil {
			label, _, _ := strings.Cut(registrable(u.Hostname()), ".")
			seen[label] = true
		}
	}
	return len(seen)
}
