// Package admin is the page at /admin, where administrators look after users, mails and the
// server: pages made here, with forms and without scripts.
//
// It speaks only through the public API. Each thing that it shows or does is a document of
// documents/, which is run in process through the handler of /graphql as the viewer of the
// page's own session, so that roles, fresh proofs, limits, errors and history are the API's.
//
// [Mount] in this file has all paths. api.go runs documents; session.go knows who looks, and
// keeps pages of other sites from posting; login.go is the way in, its steps and fresh proofs.
// The views are overview.go, users.go, user.go with acts.go, mail.go, events.go, server.go and
// self.go. pages.go writes pages, and words.go has what they say of what happened.
package admin

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
	"latchkey/internal/request"
)

// Config is what the page works with. All of it is needed.
type Config struct {
	AppName   string
	PublicURL *url.URL
	API       http.Handler // answers operations of GraphQL, for a Caller that is in the context
	Auth      *auth.Service
	Log       zerolog.Logger
	Now       func() time.Time // UTC
}

// The paths that others lead to.
const (
	homePath  = "/admin"
	loginPath = "/admin/login"
	againPath = "/admin/again"
	selfPath  = "/admin/self"
)

// Mount puts the page at /admin and below.
func Mount(mux *request.Mux, door *request.Door, cfg Config) error {
	if cfg.AppName == "" || cfg.PublicURL == nil || cfg.API == nil || cfg.Auth == nil || cfg.Now == nil {
		return errors.New("admin: incomplete Config")
	}
	p, err := newPages(cfg)
	if err != nil {
		return err
	}
	s := &server{cfg: cfg, pages: p}
	// Each path has what looking at it shows, and what posting to it does.
	for path, m := range map[string]request.Methods{
		homePath:  {"GET": s.signedIn(s.overview)},
		loginPath: {"GET": s.open(s.loginPage), "POST": s.open(s.login)},

		"/admin/login/passkey": {"POST": s.open(s.passkeyLogin)},
		"/admin/login/step":    {"POST": s.open(s.loginStep)},
		"/admin/logout":        {"POST": s.signedIn(s.logout)},
		againPath:              {"GET": s.signedIn(s.againPage), "POST": s.signedIn(s.again)},

		"/admin/users":        {"GET": s.signedIn(s.users)},
		"/admin/users/invite": {"GET": s.signedIn(s.invitePage), "POST": s.signedIn(s.invite)},
		"/admin/users/import": {"GET": s.signedIn(s.importPage), "POST": s.signedIn(s.importUsers)},

		"/admin/user/{id}":       {"GET": s.signedIn(s.user)},
		"/admin/user/{id}/{act}": {"GET": s.signedIn(s.actPage), "POST": s.signedIn(s.act)},

		"/admin/mail":            {"GET": s.signedIn(s.mails)},
		"/admin/mail/test":       {"POST": s.signedIn(s.testMail)},
		"/admin/mail/retry":      {"POST": s.signedIn(s.retryMails)},
		"/admin/mail/cancel":     {"GET": s.signedIn(s.cancelPage), "POST": s.signedIn(s.cancelMails)},
		"/admin/events":          {"GET": s.signedIn(s.events)},
		"/admin/server":          {"GET": s.signedIn(s.server)},
		"/admin/server/findings": {"GET": s.signedIn(s.findings)},

		selfPath:               {"GET": s.signedIn(s.self)},
		"/admin/self/app":      {"POST": s.signedIn(s.startApp)},
		"/admin/self/app/code": {"POST": s.signedIn(s.confirmApp)},
		"/admin/self/codes":    {"POST": s.signedIn(s.makeCodes)},
		"/admin/{$}":           {"GET": s.open(func(w http.ResponseWriter, r *http.Request) { s.goTo(w, r, homePath) })},
		"/admin/{rest...}":     {"GET": s.signedIn(s.notFound)},
		styleSheet.path:        {"GET": styleSheet.serve},
		passkeyScript.path:     {"GET": passkeyScript.serve},
	} {
		mux.Handle(path, door.Identify(auth.ByAPI, m))
	}
	return nil
}

// server answers for the page.
type server struct {
	cfg   Config
	pages *pages
}

// notFound answers for what is not there.
func (s *server) notFound(v *view) {
	v.write(http.StatusNotFound, "notice", notice{Title: "There is no page here", Text: "The address may have been mistyped, or what it was about is gone."})
}

// goTo sends a browser on to a path of ours.
func (s *server) goTo(w http.ResponseWriter, r *http.Request, path string) {
	w.Header().Set("Cache-Control", "no-store")
	//lint:ignore G710 each path is a constant of this package, or was looked at by next
	http.Redirect(w, r, s.cfg.PublicURL.EscapedPath()+path, http.StatusSeeOther)
}
