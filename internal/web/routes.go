// Package web answers browsers: with the pages behind the links of mails, the
// development inbox and the explorer. It also answers machines that ask for health, and
// programs that look at well-known paths.
//
// [Mount] in routes.go puts all of it at its paths. pages.go writes pages. links.go is
// what the pages behind links have in common; confirm.go, reset.go, notme.go, stop.go and
// first.go are those pages. inbox.go, explorer.go, health.go and wellknown.go stand alone.
package web

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
	"latchkey/internal/mail"
	"latchkey/internal/request"
)

// Config is what the pages work with.
type Config struct {
	AppName   string
	PublicURL *url.URL // base of what pages say about themselves
	AppURL    *url.URL // where people go on, or nil
	// SupportEmail is where people find help, or "".
	SupportEmail string

	AccountURL *url.URL // where people manage their account, or nil
	// PasskeyDomain is what passkeys are made for, or "".
	PasskeyDomain string
	// RelatedOrigins is the JSON text of the pages outside it that may use them, or "".
	RelatedOrigins string

	Auth   *auth.Service
	Health *Health

	Inbox    *mail.Inbox // nil unless mail stays here
	Explorer bool        // at /, else a plain page is there

	ExplorerHere bool // the explorer is for browsers on this machine, and others get the plain page

	Log zerolog.Logger
	Now func() time.Time // UTC
}

// Mount puts the pages at their paths; at every path that nobody else has, it puts one that
// says that there is nothing. Pages of other sites can read none of them.
func Mount(mux *request.Mux, door *request.Door, cfg Config) error {
	switch {
	case cfg.AppName == "", cfg.PublicURL == nil, cfg.Auth == nil, cfg.Health == nil, cfg.Now == nil:
		return errors.New("web: incomplete Config")
	}
	pages, err := newPages(cfg.AppName, cfg.SupportEmail, cfg.PublicURL, cfg.AppURL)
	if err != nil {
		return err
	}
	links, err := newLinkPages(cfg, pages)
	if err != nil {
		return err
	}
	confirm, reset, notMe, stop, first := &confirmPage{links}, &resetPage{links}, &notMePage{links}, &stopPage{links}, &firstPage{links}
	mux.Handle(confirmPath, door.Identify(auth.ByLink, request.Methods{"GET": confirm.get, "POST": confirm.post}))
	mux.Handle(resetPath, door.Identify(auth.ByLink, request.Methods{"GET": reset.get, "POST": reset.post}))
	mux.Handle(notMePath, door.Identify(auth.ByLink, request.Methods{"GET": notMe.get, "POST": notMe.post}))
	mux.Handle(stopPath, door.Identify(auth.ByLink, request.Methods{"GET": stop.get, "POST": stop.post}))
	mux.Handle(firstPath, door.Identify(auth.ByLink, request.Methods{"GET": first.get, "POST": first.post}))
	mux.Handle("/livez", request.Methods{"GET": cfg.Health.live})
	mux.Handle("/readyz", request.Methods{"GET": cfg.Health.ready})
	mux.Handle(pageCSS.path, request.Methods{"GET": pageCSS.serve})
	home := func(w http.ResponseWriter, _ *http.Request) { pages.write(w, http.StatusOK, "home", nil) }
	if cfg.Explorer {
		newExplorer(cfg, pages).mount(mux, cfg.ExplorerHere, home)
	} else {
		mux.Handle("/{$}", request.Methods{"GET": home})
	}
	if cfg.Inbox != nil {
		in := &inboxPages{pages: pages, inbox: cfg.Inbox, log: cfg.Log}
		mux.Handle("/dev/mail", in.guard(in.list))
		mux.Handle("/dev/mail.json", in.guard(in.json))
		mux.Handle("/dev/mail/{id}", in.guard(in.mail))
		mux.Handle(inboxJS.path, request.Methods{"GET": inboxJS.serve})
	}
	mux.HandleFunc("/", pages.notFound)
	return mountWellKnown(mux, cfg, pages)
}
