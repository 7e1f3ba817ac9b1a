package request

import (
	"net/http"
	"slices"
	"time"
)

// RefreshCookie returns the refresh token in the cookie, whatever the origin,
// or "".
func (c *Caller) RefreshCookie() string {
	cookie, err := c.r.Cookie(c.door.cookie.name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// SetRefreshCookie makes the browser keep a refresh token until it expires.
func (c *Caller) SetRefreshCookie(token string, expires, now time.Time) {
	http.SetCookie(c.w, c.door.cookie.with(token, max(1, int(expires.Sub(now)/time.Second))))
}

// ClearRefreshCookie makes the browser forget the refresh token.
func (c *Caller) ClearRefreshCookie() { http.SetCookie(c.w, c.door.cookie.with("", -1)) }

// refreshCookie is the name of the refresh token's cookie, and who may use it.
type refreshCookie struct {
	name    string
	secure  bool
	origins []string
}

// newRefreshCookie returns the cookie of a service: with the prefix __Host- and
// Secure, unless secure is false, which is for http on this machine. own are the
// service's origins, others those that may use its API.
func newRefreshCookie(secure bool, own, others []string) refreshCookie {
	origins := slices.Concat(own, others)
	if secure {
		return refreshCookie{"__Host-latchkey", true, origins}
	}
	return refreshCookie{"latchkey", false, origins}
}

// allow reports whether a request's origin may use the cookie: it must have exactly one
// Origin, and that must be in the list. Without one, or with "null", it may not.
func (k refreshCookie) allow(h http.Header) bool {
	origin := h.Values("Origin")
	return len(origin) == 1 && slices.Contains(k.origins, origin[0])
}

// with returns the cookie with this value. maxAge is in seconds; below 0 the
// browser forgets it.
func (k refreshCookie) with(value string, maxAge int) *http.Cookie {
	//lint:ignore G124 Secure is off for http on this machine alone, which the configuration checks
	return &http.Cookie{
		Name: k.name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: k.secure, SameSite: http.SameSiteLaxMode,
	}
}
