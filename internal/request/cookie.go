package request

import (
	"net/http"
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

// AdminCookie returns the refresh token of the admin page in its cookie, or "".
func (c *Caller) AdminCookie() string {
	cookie, err := c.r.Cookie(c.door.cookies.admin)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// SetAdminCookie makes the browser keep the admin page's refresh token until its session ends.
func (c *Caller) SetAdminCookie(token string, lasts time.Duration) {
	c.set(c.door.cookies.admin, token, max(1, int(lasts/time.Second)), http.SameSiteStrictMode)
}

// ClearAdminCookie makes the browser forget it.
func (c *Caller) ClearAdminCookie() { c.set(c.door.cookies.admin, "", -1, http.SameSiteStrictMode) }

// set sets a cookie. maxAge is in seconds; below 0 the browser forgets it.
func (c *Caller) set(name, value string, maxAge int, site http.SameSite) {
	k := c.door.cookies
	//lint:ignore G124 Secure is off for http on this machine alone, which the configuration checks
	http.SetCookie(c.w, &http.Cookie{
		Name: name, Value: value, Path: k.path, MaxAge: maxAge, HttpOnly: true, Secure: k.secure, SameSite: site,
	})
}

// cookies are how the cookies are called, and where they are sent.
type cookies struct {
	refresh, device, admin string
	path                   string
	secure                 bool
}

// newCookies returns the cookies of a service at a path of its host, or "": Secure,
// unless secure is false, which is for http on this machine. The prefix __Host- has
// browsers take them from no other host, but wants them to be for all of this one;
// __Secure- is what cookies for a path can have.
func newCookies(secure bool, path string) cookies {
	prefix := ""
	switch {
	case secure && path == "":
		prefix = "__Host-"
	case secure:
		prefix = "__Secure-"
	}
	return cookies{prefix + "latchkey", prefix + "latchkey-device", prefix + "latchkey-admin", path + "/", secure}
}
