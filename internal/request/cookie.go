package request

import (
	"net/http"
	"slices"
	"time"
)

// RefreshCookie returns the refresh token in its cookie, whatever the origin,
// or "".
func (c *Caller) RefreshCookie() string {
	cookie, err := c.r.Cookie(c.door.cookies.refresh)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// SetRefreshCookie makes the browser keep a refresh token until it expires.
func (c *Caller) SetRefreshCookie(token string, expires, now time.Time) {
	c.set(c.door.cookies.refresh, token, max(1, int(expires.Sub(now)/time.Second)), http.SameSiteLaxMode)
}

// ClearRefreshCookie makes the browser forget the refresh token.
func (c *Caller) ClearRefreshCookie() { c.set(c.door.cookies.refresh, "", -1, http.SameSiteLaxMode) }

// DeviceCookie returns the device token in its cookie, whatever the origin, or nil.
func (c *Caller) DeviceCookie() *string {
	cookie, err := c.r.Cookie(c.door.cookies.device)
	if err != nil {
		return nil
	}
	return &cookie.Value
}

// SetDeviceCookie makes the browser keep a device token for as long as it is good.
func (c *Caller) SetDeviceCookie(token string, lasts time.Duration) {
	c.set(c.door.cookies.device, token, int(lasts/time.Second), http.SameSiteStrictMode)
}

// set sets a cookie. maxAge is in seconds; below 0 the browser forgets it.
func (c *Caller) set(name, value string, maxAge int, site http.SameSite) {
	//lint:ignore G124 Secure is off for http on this machine alone, which the configuration checks
	http.SetCookie(c.w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: c.door.cookies.secure, SameSite: site,
	})
}

// cookies are the names of the cookies, and who may use them.
type cookies struct {
	refresh, device string
	secure          bool
	origins         []string
}

// newCookies returns the cookies of a service: with the prefix __Host- and Secure,
// unless secure is false, which is for http on this machine. own are the service's
// origins, others those that may use its API.
func newCookies(secure bool, own, others []string) cookies {
	k := cookies{"latchkey", "latchkey-device", secure, slices.Concat(own, others)}
	if secure {
		k.refresh, k.device = "__Host-"+k.refresh, "__Host-"+k.device
	}
	return k
}

// allow reports whether a request's origin may use the cookies: it must have exactly one
// Origin, and that must be in the list. Without one, or with "null", it may not.
func (k cookies) allow(h http.Header) bool {
	origin := h.Values("Origin")
	return len(origin) == 1 && slices.Contains(k.origins, origin[0])
}
