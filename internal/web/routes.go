// Package web is everything that Latchkey says over HTTP but the API itself:
// who calls, security headers, CORS, the pages behind the links of mails, the
// development inbox, the explorer, and health.
package web

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
	"latchkey/internal/mail"
)

// Config is what the HTTP side is made of.
type Config struct {
	AppName   string
	PublicURL *url.URL // base of what pages say about themselves; https turns HSTS on
	AppURL    *url.URL // where people go on, or nil
	Origins   []string // CORS_ORIGINS: exact origins of other sites' pages

	Auth    *auth.Service
	Proxies []netip.Prefix // TRUSTED_PROXIES
	Cookies *Cookies
	GraphQL http.Handler // POST /graphql; answers other methods itself
	OAuth   http.Handler // /auth/ and the documents of OAuth under /.well-known/, likewise; or nil
	Health  *Health

	Inbox    *mail.Inbox // nil unless mail stays here
	Explorer bool        // at /, else a plain page is there

	Log zerolog.Logger
	Now func() time.Time // UTC
}

// New returns the whole service as one handler. /metrics is nobody's here.
func New(cfg Config) (http.Handler, error) {
	switch {
	case cfg.AppName == "", cfg.PublicURL == nil, cfg.Auth == nil, cfg.Cookies == nil, cfg.GraphQL == nil, cfg.Health == nil, cfg.Now == nil:
		return nil, errors.New("web: incomplete Config")
	}
	pages, err := newPages(cfg.AppName, cfg.PublicURL, cfg.AppURL)
	if err != nil {
		return nil, err
	}
	links, err := newLinkPages(cfg, pages)
	if err != nil {
		return nil, err
	}

	identify := func(next http.Handler) http.Handler { return Identify(cfg.Auth, cfg.Proxies, cfg.Cookies, next) }

	mux := http.NewServeMux()
	mux.Handle("/graphql", allowOrigins(cfg.Origins, identify(cfg.GraphQL)))
	if cfg.OAuth != nil {
		// Introspection is for backends: pages have no secret to ask with.
		mux.Handle("/auth/introspect", identify(cfg.OAuth))
		for _, path := range []string{"/auth/token", "/auth/revoke"} {
			mux.Handle(path, allowOrigins(cfg.Origins, identify(cfg.OAuth)))
		}
		for _, path := range []string{"/.well-known/jwks.json", "/.well-known/oauth-authorization-server"} {
			mux.Handle(path, allowOrigins(cfg.Origins, cfg.OAuth, http.MethodGet, http.MethodHead))
		}
	}
	confirm, reset, notMe := &confirmPage{links}, &resetPage{links}, &notMePage{links}
	mux.Handle(confirmPath, identify(methods{"GET": confirm.get, "POST": confirm.post}))
	mux.Handle(resetPath, identify(methods{"GET": reset.get, "POST": reset.post}))
	mux.Handle(notMePath, identify(methods{"GET": notMe.get, "POST": notMe.post}))
	mux.Handle("/livez", methods{"GET": cfg.Health.live})
	mux.Handle("/readyz", methods{"GET": cfg.Health.ready})
	mux.Handle(pageCSS.path, methods{"GET": pageCSS.serve})
	if cfg.Explorer {
		explorer := newExplorer(cfg)
		mux.Handle("/{$}", methods{"GET": explorer.get})
		mux.Handle(explorerCSS.path, methods{"GET": explorerCSS.serve})
		mux.Handle(explorerJS.path, methods{"GET": explorerJS.serve})
	} else {
		mux.Handle("/{$}", methods{"GET": func(w http.ResponseWriter, _ *http.Request) {
			pages.write(w, http.StatusOK, "home", nil)
		}})
	}
	if cfg.Inbox != nil {
		in := &inboxPages{pages: pages, inbox: cfg.Inbox, public: cfg.PublicURL}
		mux.Handle("/dev/mail", in.guard(in.list))
		mux.Handle("/dev/mail.json", in.guard(in.json))
		mux.Handle("/dev/mail/{id}", in.guard(in.mail))
		mux.Handle("/dev/mail/{id}/html", in.guard(in.html))
	}
	mux.HandleFunc("/", pages.notFound)
	return harden(cfg.Log, cfg.PublicURL.Scheme == "https", mux), nil
}

// methods answers a path by its method. GET answers HEAD too; OPTIONS says what
// there is and does nothing; every other method is 405, with Allow.
type methods map[string]http.HandlerFunc

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if h, ok := m[method]; ok {
		h(w, r)
		return
	}
	w.Header().Set("Allow", m.allow())
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Error(w, "This address does not take that method.", http.StatusMethodNotAllowed)
}

func (m methods) allow() string {
	allow := []string{http.MethodOptions}
	for method := range m {
		allow = append(allow, method)
		if method == http.MethodGet {
			allow = append(allow, http.MethodHead)
		}
	}
	slices.Sort(allow)
	return strings.Join(allow, ", ")
}
