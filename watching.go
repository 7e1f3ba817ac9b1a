package main

import (
	"context"
	"net/netip"
	"strings"

	"latchkey/internal/auth"
	"latchkey/internal/request"
	"latchkey/internal/store"
)

// sumRefused counts a request that was refused, for history. Those that had no token, or one
// that is not good any more, are counted together: every frontend has such a request now and
// then, so a sum of each network would tell nothing.
func (a *app) sumRefused(_ context.Context, o *request.Observed) {
	kind, reason, from := store.EventAccessRefused, string(o.Outcome), o.Client
	switch o.Outcome {
	case request.Unauthenticated:
		if o.Code == "invalid_client" {
			kind, reason = store.EventRequestRefused, o.Code
			break
		}
		from = netip.Addr{}
	case request.Forbidden:
	case request.Invalid:
		if o.Code == "" { // nobody was there any more, or there is nothing at that path
			return
		}
		kind, reason = store.EventRequestRefused, strings.ToLower(o.Code)
	default:
		return
	}
	a.service.RequestRefused(kind, reason, wayOf(o.Route), o.UserID, from)
}

// wayOf returns the way that a route is of.
func wayOf(route string) auth.Way {
	switch {
	case strings.Contains(route, "/auth/"):
		return auth.ByOAuth
	case strings.Contains(route, "/email/"):
		return auth.ByLink
	}
	return auth.ByAPI
}
