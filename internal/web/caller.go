package web

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"latchkey/internal/auth"
)

// Caller is what a request says of who sent it: the client, the tokens that
// came along, and whether its origin may use the cookie. The viewer is found
// when first asked for, so an operation that needs none costs no query.
type Caller struct {
	service   *auth.Service
	client    auth.Client
	bearer    string
	cookies   *Cookies
	w         http.ResponseWriter
	r         *http.Request
	mu        sync.Mutex
	viewer    *auth.Viewer
	viewerErr error
	known     bool // viewer and viewerErr are what they will be
}

type callerKey struct{}

// CallerFrom returns the Caller that Identify put into a request's context.
func CallerFrom(ctx context.Context) *Caller {
	c, _ := ctx.Value(callerKey{}).(*Caller)
	return c
}

// Identify puts a Caller into the context of each request.
func Identify(service *auth.Service, proxies []netip.Prefix, cookies *Cookies, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &Caller{service: service, client: clientOf(r, proxies), bearer: bearerToken(r.Header), cookies: cookies, w: w, r: r}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

// Client is where the request came from.
func (c *Caller) Client() auth.Client { return c.client }

// AccessToken is the bearer token that came along, or "".
func (c *Caller) AccessToken() string { return c.bearer }

// Viewer returns who asks, or an *auth.Error that is Unauthenticated or
// Unavailable. It asks the database once a request.
func (c *Caller) Viewer(ctx context.Context) (*auth.Viewer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known {
		if c.bearer == "" {
			c.viewerErr = auth.MissingToken()
		} else {
			c.viewer, c.viewerErr = c.service.Identify(ctx, c.bearer)
		}
		c.known = true
	}
	return c.viewer, c.viewerErr
}

// SetViewer says who asks from here on: whom the request has just logged in.
func (c *Caller) SetViewer(v *auth.Viewer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.viewer, c.viewerErr, c.known = v, nil, true
}

// MayUseCookie says whether the request's origin may set and use the cookie.
func (c *Caller) MayUseCookie() bool { return c.cookies.allow(c.r.Header) }

// ForeignPage says whether a page of an origin that is neither the service's nor
// allowed sent the request. Browsers send an Origin with each POST; programs send
// none.
func (c *Caller) ForeignPage() bool { return len(c.r.Header.Values("Origin")) > 0 && !c.MayUseCookie() }

// RefreshCookie returns the refresh token in the cookie, whatever the origin,
// or "".
func (c *Caller) RefreshCookie() string {
	cookie, err := c.r.Cookie(c.cookies.name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// SetRefreshCookie has the browser keep a refresh token until it expires.
func (c *Caller) SetRefreshCookie(token string, expires, now time.Time) {
	http.SetCookie(c.w, c.cookies.cookie(token, max(1, int(expires.Sub(now)/time.Second))))
}

// ClearRefreshCookie has the browser forget it.
func (c *Caller) ClearRefreshCookie() { http.SetCookie(c.w, c.cookies.cookie("", -1)) }

// Cookies says how the refresh token's cookie is called and who may use it.
type Cookies struct {
	name    string
	secure  bool
	origins []string
}

// NewCookies returns the cookie of a service: with the prefix __Host- and
// Secure, unless secure is false, which is for http on this machine. origins
// are the service's own and those that may use its API.
func NewCookies(secure bool, origins []string) *Cookies {
	if secure {
		return &Cookies{"__Host-latchkey", true, origins}
	}
	return &Cookies{"latchkey", false, origins}
}

// allow takes an exact Origin of the list and nothing else: none, "null" and a
// second one are refused.
func (k *Cookies) allow(h http.Header) bool {
	origin := h.Values("Origin")
	return len(origin) == 1 && slices.Contains(k.origins, origin[0])
}

func (k *Cookies) cookie(value string, maxAge int) *http.Cookie {
	//lint:ignore G124 Secure is off for http on this machine alone, which the configuration checks
	return &http.Cookie{
		Name: k.name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: k.secure, SameSite: http.SameSiteLaxMode,
	}
}

// bearerToken is the token of an Authorization header, or "". The scheme has no
// case, RFC 9110 section 11.1.
func bearerToken(h http.Header) string {
	scheme, token, ok := strings.Cut(h.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// clientOf is the address of who sent the request. X-Forwarded-For counts only
// as far as each hop is one of our proxies, read from the nearest on.
func clientOf(r *http.Request, proxies []netip.Prefix) auth.Client {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	addr := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && trusted(addr, proxies); i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		addr = hop.Unmap()
	}
	return auth.Client{Addr: addr, UserAgent: r.UserAgent()}
}

// parseHop reads an address, with a port as some gateways write it.
func parseHop(s string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr, true
	}
	with, err := netip.ParseAddrPort(s)
	return with.Addr(), err == nil
}

func trusted(addr netip.Addr, proxies []netip.Prefix) bool {
	for _, p := range proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
