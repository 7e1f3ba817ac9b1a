package request

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"latchkey/internal/auth"
)

// Caller is what a request says of who sent it: the client, the tokens that
// came along, and whether its origin may use the cookie. The viewer is found
// when first asked for, so an operation that needs none costs no query.
type Caller struct {
	door      *Door
	w         http.ResponseWriter
	r         *http.Request
	way       auth.Way
	client    auth.Client
	bearer    string
	clientID  string // for whom the room itself speaks, of OAuth; "" is the service's own client
	mu        sync.Mutex
	viewer    *auth.Viewer
	viewerErr error
	known     bool // viewer or viewerErr was found
}

// From returns the Caller of the request that ctx belongs to; nil where Identify made none.
func From(ctx context.Context) *Caller {
	if o := Observing(ctx); o != nil {
		return o.caller
	}
	return nil
}

// Actor returns who sends the request, as package auth has it. It has no Viewer: see
// [Caller.SignedIn].
func (c *Caller) Actor() auth.Actor {
	return auth.Actor{Way: c.way, Client: c.client, ClientID: c.clientID, RequestID: RequestID(c.r.Context())}
}

// Behalf is Actor for a program that has shown who it is, and is believed whom it asks for:
// the client is at the address that it names in X-Forwarded-For, if it names one.
func (c *Caller) Behalf() auth.Actor {
	a := c.Actor()
	_, a.Client.Addr = addresses(c.r, c.door.cfg.Proxies)
	return a
}

// SignedIn returns who sends the request together with its Viewer, for what only somebody
// who is signed in may do. The errors are those of [Caller.Viewer].
func (c *Caller) SignedIn(ctx context.Context) (auth.Actor, error) {
	v, err := c.Viewer(ctx)
	if err != nil {
		return auth.Actor{}, err
	}
	a := c.Actor()
	a.Viewer = v
	return a, nil
}

// AccessToken returns the bearer token that came with the request, or "".
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
			c.viewer, c.viewerErr = c.door.cfg.Auth.Identify(ctx, c.bearer)
		}
		if o := Observing(ctx); o != nil && c.viewer != nil {
			o.UserID = c.viewer.User.ID
		}
		c.known = true
	}
	return c.viewer, c.viewerErr
}

// SetViewer makes v the viewer from now on: the user whom the request has just logged in.
func (c *Caller) SetViewer(v *auth.Viewer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.viewer, c.viewerErr, c.known = v, nil, true
}

// Speak has the caller be a page of the service's own from now on, which calls the API in the
// process under a client_id of its own: sessions of other clients are none of its business.
func (c *Caller) Speak(clientID string) { c.clientID = clientID }

// MayUseCookie reports whether the request's origin may set and use the cookies.
func (c *Caller) MayUseCookie() bool {
	origin := c.r.Header.Values("Origin")
	return len(origin) == 1 && c.door.origins.mayUseCookie(origin[0])
}

// Origin returns the origin of the page that sent the request; "" if none did, as programs
// and apps. Several are the origin of nobody.
func (c *Caller) Origin() string { return strings.Join(c.r.Header.Values("Origin"), " ") }

// ForeignPage reports whether a page of an origin that is neither the service's
// nor allowed sent the request. Browsers send an Origin with each POST; programs
// send none.
func (c *Caller) ForeignPage() bool {
	origin := c.r.Header.Values("Origin")
	return len(origin) > 1 || len(origin) == 1 && !c.door.origins.mayCall(origin[0])
}
