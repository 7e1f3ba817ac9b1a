package request

import (
	"net/http"
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

// refreshCookie is how the refresh token's cookie is called, and where it is sent.
type refreshCookie struct {
	name, path string
	secure     bool
}

// newRefreshCookie returns the cookie of a service at a path of its host, or "": Secure,
// unless secure is false, which is for http on this machine. The prefix __Host- has
// browsers take it from no other host, but wants it to be for all of this one; __Secure-
// is what a cookie for a path can have.
func newRefreshCookie(secure bool, path string) refreshCookie {
	k := refreshCookie{"latchkey", path + "/", secure}
	switch {
	case secure && path == "":
		k.name = "__Host-latchkey"
	case secure:
		k.name = "__Secure-latchkey"
	}
	return k
}

// with returns the cookie with this value. maxAge is in seconds; below 0 the
// browser forgets it.
func (k refreshCookie) with(value string, maxAge int) *http.Cookie {
	//lint:ignore G124 Secure is off for http on this machine alone, which the configuration checks
	return &http.Cookie{
		Name: k.name, Value: value, Path: k.path, MaxAge: maxAge, HttpOnly: true, Secure: k.secure, SameSite: http.SameSiteLaxMode,
	}
}
