// Package oauth is the OAuth 2.0 surface: the token endpoint with the grants
// password and refresh_token (RFC 6749), revocation (RFC 7009), introspection
// (RFC 7662), metadata (RFC 8414) and the public keys (RFC 7517). It words HTTP;
// what holds is in package auth, which login and refresh of the API share.
package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
	"latchkey/internal/jwt"
	"latchkey/internal/web"
)

// The paths of the endpoints.
const (
	//lint:ignore G101 the path of an endpoint
	TokenPath      = "/auth/token"
	RevokePath     = "/auth/revoke"
	IntrospectPath = "/auth/introspect"
	MetadataPath   = "/.well-known/oauth-authorization-server"
	KeysPath       = "/.well-known/jwks.json"
)

// Config is what the endpoints are made of.
type Config struct {
	PublicURL     *url.URL // base of the endpoints in the metadata
	PasswordGrant bool
	Clients       []Client // those with a secret; everybody else is auth.OwnClient
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

// New returns the endpoints as one handler. Requests reach it through
// web.Identify, which says where they come from.
func New(cfg Config) (http.Handler, error) {
	if cfg.PublicURL == nil || cfg.Auth == nil || cfg.Issuer == nil {
		return nil, errors.New("oauth: incomplete Config")
	}
	s := &server{Config: cfg, clients: newClients(cfg.Clients)}
	keys, err := cfg.Issuer.JWKS()
	if err != nil {
		return nil, err
	}
	metadata, err := json.Marshal(s.metadata())
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(TokenPath, s.endpoint(s.token))
	mux.Handle(RevokePath, s.endpoint(s.revoke))
	mux.Handle(IntrospectPath, s.endpoint(s.introspect))
	mux.Handle(KeysPath, document(keys))
	mux.Handle(MetadataPath, document(metadata))
	return mux, nil
}

// endpoint is a POST of a form by a client. What answer returns is sent as
// JSON; nil is an empty 200.
func (s *server) endpoint(answer func(r *http.Request, f form, c caller) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// RFC 6749 section 5.1 wants both of every answer that may hold a token.
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Pragma", "no-cache")
		if !allowed(w, r, http.MethodPost) {
			return
		}
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
	}
}

// A form needs no leave from a browser to be sent, so pages elsewhere could use up
// their visitors' tries: they are refused before anything is counted.
func (s *server) answer(w http.ResponseWriter, r *http.Request, answer func(*http.Request, form, caller) (any, error)) (any, error) {
	if web.CallerFrom(r.Context()).ForeignPage() {
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

// publicAge is how long keys and metadata may be kept: a new key is published
// that long, at least, before it signs.
const publicAge = 5 * time.Minute

// document answers GET with a text that does not change while the process runs,
// and asks nobody for it: backends verify tokens although the database is away.
func document(text []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !allowed(w, r, http.MethodGet, http.MethodHead) {
			return
		}
		w.Header().Set("Cache-Control", "public, max-age="+seconds(publicAge))
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text) // who went away gets nothing
	}
}

// allowed reports whether the request has one of the methods, and else answers
// it: OPTIONS with what there is, every other by 405.
func allowed(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	if slices.Contains(methods, r.Method) {
		return true
	}
	w.Header().Set("Allow", strings.Join(slices.Sorted(slices.Values(append(methods, http.MethodOptions))), ", "))
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return false
	}
	writeJSON(w, http.StatusMethodNotAllowed, failure{Code: invalidRequest, Description: "This address does not take that method."})
	return false
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
