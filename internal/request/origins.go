package request

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/rs/zerolog"
)

// origins is what pages may do, by the origin that browsers send along. It is compared
// byte for byte: "*" is nobody, and "null", which any file and any sandboxed page may
// send, may do nothing.
type origins struct {
	own         string
	named       []string
	previewed   []string // hosts, with a port if there is one
	development bool

	adviceFor func(origin string) string
	log       zerolog.Logger
	mu        sync.Mutex
	told      map[string]bool // origins that the log has a line about
}

func newOrigins(cfg Config) *origins {
	return &origins{
		own: cfg.Own, named: cfg.Origins, previewed: cfg.Previews, development: cfg.Development != "",
		adviceFor: cfg.AdviceFor, log: cfg.Log, told: map[string]bool{},
	}
}

// mayCall reports whether pages of an origin may call the API.
func (o *origins) mayCall(origin string) bool { return o.mayUseCookie(origin) || o.preview(origin) }

// mayUseCookie reports whether pages of an origin may set and use the cookie, too.
func (o *origins) mayUseCookie(origin string) bool { return origin == o.own || o.allowed(origin) }

// SameOrigin reports whether a page of the service's own origin sent the request, by what its
// browser says: an Origin, or that it stays within the site. Who says neither did not.
func (c *Caller) SameOrigin() bool {
	site, origin := c.r.Header.Values("Sec-Fetch-Site"), c.r.Header.Values("Origin")
	switch {
	case len(site) > 1 || len(origin) > 1 || len(site)+len(origin) == 0:
		return false
	case len(site) == 1 && site[0] != "same-origin", len(origin) == 1 && origin[0] != c.door.origins.own:
		return false
	}
	return true
}

// allowed reports whether an origin that is not the service's own may do all of that.
func (o *origins) allowed(origin string) bool {
	return origin != "null" && slices.Contains(o.named, origin) || o.development && local.MatchString(origin)
}

// preview reports whether pages of an origin may call the API but not use the cookie.
// There are many of them, and each runs what somebody tries out.
func (o *origins) preview(origin string) bool {
	host, secure := strings.CutPrefix(origin, "https://")
	name, below, _ := strings.Cut(host, ".")
	return secure && label.MatchString(name) && slices.Contains(o.previewed, below) && !o.mayUseCookie(origin)
}

var (
	// local is the origin of a page on this machine.
	local = regexp.MustCompile(`^https?://(localhost|127\.0\.0\.1|\[::1\])(:[1-9][0-9]{0,4})?$`)
	// label is a part of a host's name between dots.
	label = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$`)
)

// mostTold bounds the lines about refused origins, which strangers choose.
const mostTold = 20

// refused writes down what would allow an origin: in development, and once.
func (o *origins) refused(origin string) {
	if !o.development || o.adviceFor == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.told[origin] || len(o.told) == mostTold {
		return
	}
	if advice := o.adviceFor(origin); advice != "" {
		o.told[origin] = true
		o.log.Warn().Str("origin", origin).Str("allow", advice).Msg("refused a page of another origin")
	}
}
