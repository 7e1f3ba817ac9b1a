package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"latchkey/internal/request"
)

// Where programs look for these on every host.
const (
	relatedOriginsPath = "/.well-known/webauthn"          // WebAuthn Level 3, section 5.11
	endpointsPath      = "/.well-known/passkey-endpoints" // W3C, Passkey Endpoints Well-Known URL
	changePath         = "/.well-known/change-password"   // W3C, A Well-Known URL for Changing Passwords
	wellKnownAge       = "public, max-age=300"            // Cache-Control of those that are there
)

// mountWellKnown puts there what programs look for. What is not set up is answered like any
// other path that nobody has.
func mountWellKnown(mux *request.Mux, cfg Config, pages *pages) error {
	if cfg.RelatedOrigins != "" {
		related := answerJSON([]byte(cfg.RelatedOrigins))
		mux.Handle(relatedOriginsPath, request.Methods{"GET": func(w http.ResponseWriter, r *http.Request) {
			if cfg.PublicURL.Hostname() != cfg.PasskeyDomain && hostName(r) != cfg.PasskeyDomain {
				pages.notFound(w, r)
				return
			}
			related(w, r)
		}})
	}
	if cfg.AccountURL == nil {
		return nil
	}
	account := cfg.AccountURL.String()
	mux.Handle(changePath, request.Methods{"GET": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", account)
		w.Header().Set("Cache-Control", wellKnownAge)
		w.WriteHeader(http.StatusSeeOther)
	}})
	if cfg.PasskeyDomain == "" {
		return nil
	}
	endpoints, err := json.Marshal(map[string]string{"enroll": account, "manage": account})
	mux.Handle(endpointsPath, request.Methods{"GET": answerJSON(endpoints)})
	return err
}

func answerJSON(text []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", wellKnownAge)
		_, _ = w.Write(text) // who went away gets nothing
	}
}

// hostName is the name that a request calls the service by, without the port.
func hostName(r *http.Request) string {
	host := (&url.URL{Host: r.Host}).Hostname()
	return strings.ToLower(host)
}
