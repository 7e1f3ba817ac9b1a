// Package oauth is the OAuth 2.0 surface: the token endpoint with the grants
// password and refresh_token (RFC 6749), revocation (RFC 7009), introspection
// (RFC 7662), metadata (RFC 8414, OpenID Connect Discovery 1.0) and the public keys
// (RFC 7517); and what proxies ask before they let a request pass (RFC 6750). It reads
// requests and writes answers; the rules are in package auth, and are those of the API.
//
// [Mount] in oauth.go puts each endpoint at its path. An endpoint reads the form
// (form.go), finds out which client sent it (client.go), and answers: token.go,
// introspect.go, metadata.go. errors.go is how one fails. verify.go is for proxies, which
// send no form.
package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
	"latchkey/internal/jwt"
	"latchkey/internal/request"
)

// The paths of the endpoints.
const (
	//lint:ignore G101 the path of an endpoint
	TokenPath      = "/auth/token"
	RevokePath     = "/auth/revoke"
	IntrospectPath = "/auth/introspect"
	VerifyPath     = "/auth/verify"
	MetadataPath   = "/.well-known/oauth-authorization-server"
	OpenIDPath     = "/.well-known/openid-configuration"
	KeysPath       = "/.well-known/jwks.json"
)

// Config is what the endpoints work with.
type Config struct {
	PublicURL     *url.URL // base of the endpoints in the metadata
	PasswordGrant bool
	Clients       []Client // who has a secret; everybody else is auth.OwnClient
	Auth          *auth.Service
	Issuer        *jwt.Issuer
	Log           zerolog.Logger
}

// Client is a program that authenticates.
type Client struct{ ID, Secret string }

// server answers the endpoints.
type server struct {
	Config
	clients clients
}

// Mount puts the endpoints and the documents at their paths. Pages of the allowed origins
// may use all but introspection, which needs a secret, and what is for proxies.
func Mount(mux *request.Mux, door *request.Door, cfg Config) error {
	if cfg.PublicURL == nil || cfg.Auth == nil || cfg.Issuer == nil {
		return errors.New("oauth: incomplete Config")
	}
	s := &server{Config: cfg, clients: newClients(cfg.Clients)}
	metadata, err := json.Marshal(s.metadata())
	if err != nil {
		return err
	}
	mux.Handle(TokenPath, door.AllowOrigins(door.Identify(auth.ByOAuth, s.endpoint(s.token)), http.MethodPost))
	mux.Handle(RevokePath, door.AllowOrigins(door.Identify(auth.ByOAuth, s.endpoint(s.revoke)), http.MethodPost))
	mux.Handle(IntrospectPath, door.Identify(auth.ByOAuth, s.endpoint(s.introspect)))
	mux.Handle(VerifyPath, door.Identify(auth.ByOAuth, s.verify()))
	public := func(text func() ([]byte, error)) http.Handler {
		return door.AllowOrigins(document(text), http.MethodGet, http.MethodHead)
	}
	mux.Handle(KeysPath, public(cfg.Issuer.JWKS))
	mux.HandleWellKnown(MetadataPath, public(func() ([]byte, error) { return metadata, nil }))
	mux.HandleWellKnown(OpenIDPath, public(s.openID))
	return nil
}

// endpoint returns the handler of a path to which clients POST forms. What answer returns
// is sent as JSON; nil as an empty 200.
func (s *server) endpoint(answer func(r *http.Request, f form, c caller) (any, error)) http.Handler {
	post := request.Methods{"POST": func(w http.ResponseWriter, r *http.Request) {
		result, err := s.answer(w, r, answer)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if result == nil {
			w.WriteHeader(http.StatusOK)
			return
		}
		writeJSON(w, http.StatusOK, result)
	}}.Or(wrongMethod)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// RFC 6749 section 5.1 wants both of every answer that may hold a token.
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Pragma", "no-cache")
		post.ServeHTTP(w, r)
	})
}

// answer reads the form and the client of a request, and calls answer. Requests from pages
// of other sites are refused before anything is counted: browsers send forms without
// asking, so such a page could use up its visitors' tries (I5).
func (s *server) answer(w http.ResponseWriter, r *http.Request, answer func(*http.Request, form, caller) (any, error)) (any, error) {
	if request.From(r.Context()).ForeignPage() {
		return nil, &failure{Code: invalidRequest, Description: "Pages of this origin may not ask.", status: http.StatusForbidden}
	}
	f, err := readForm(w, r)
	if err != nil {
		return nil, err
	}
	c, err := s.clients.identify(r.Header, f)
	if err != nil {
		return nil, err
	}
	return answer(r, f, c)
}

// PublicAge is how long others may keep keys and metadata. A new key must be published
// for that long, at least, before it signs.
const PublicAge = 5 * time.Minute

// document returns a handler that answers GET with a text. It asks no database, so
// backends can verify tokens while that is away (R1). A replica that does not have the
// text yet says so: who was told half of it would keep that.
func document(text func() ([]byte, error)) http.Handler {
	return request.Methods{"GET": func(w http.ResponseWriter, _ *http.Request) {
		body, err := text()
		if err != nil {
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Retry-After", "1")
			writeJSON(w, http.StatusServiceUnavailable, failure{Code: temporarilyUnavailable, Description: "Not yet: try again."})
			return
		}
		w.Header().Set("Cache-Control", "public, max-age="+strconv.Itoa(int(PublicAge/time.Second)))
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body) // who went away gets nothing
	}}.Or(wrongMethod)
}

// wrongMethod answers 405, at every path.
func wrongMethod(w http.ResponseWriter) {
	writeJSON(w, http.StatusMethodNotAllowed, failure{Code: invalidRequest, Description: "This address does not take that method."})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // of strings, numbers and booleans
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // who went away gets nothing
}
