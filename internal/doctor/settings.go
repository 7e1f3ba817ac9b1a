package doctor

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

func (s *Subject) configuration(_ context.Context, r *report) {
	r.ok("configuration", "every setting was understood; the environment is %s", s.Config.Env)
	for _, w := range s.Warnings {
		r.warn("configuration", "see .env.example", "%s: %s", w.Name, w.Text)
	}
	if s.Config.Development() && !local(s.Config.PublicURL.Hostname()) {
		r.warn("configuration", "set LATCHKEY_ENV=production", "people reach it at %s, but it runs for development: anybody can read the schema",
			s.Config.PublicURL.Host)
	}
}

func (s *Subject) keys(_ context.Context, r *report) {
	keys := s.Config.SecretKeys
	if len(keys) == 0 { // only in development: Load insists in production, and refuses short ones and samples
		r.ok("keys", "no SECRET_KEY: one is made for development and kept in DATA_DIR")
		return
	}
	shortest := len(keys[0])
	for _, k := range keys {
		shortest = min(shortest, len(k))
	}
	signs := "it signs and verifies"
	if len(keys) > 1 {
		signs = "the first signs, all verify"
	}
	r.ok("keys", "SECRET_KEY has %s of %d bytes or more; %s", count(len(keys), "secret"), shortest, signs)
	if len(s.Config.JWTKeys) == 0 && !s.Config.Development() {
		r.ok("keys", "access tokens are signed with SECRET_KEY (HS256), so no backend can verify them by a public key; JWT_PRIVATE_KEYS=auto has one made")
	}
	if n := len(s.Config.JWTKeys); n > 0 && s.Config.JWTKeys[0].File != "" { // of auto the database is asked
		r.ok("keys", "access tokens are signed by the first of %s in JWT_PRIVATE_KEYS", count(n, "key"))
	}
}

// claims says which of the operator's own are in tokens.
func (s *Subject) claims(_ context.Context, r *report) {
	if t := s.Config.Claims; t != nil {
		r.ok("claims", "access tokens also have %s (CLAIMS_FILE)", strings.Join(t.Names(), ", "))
	}
}

func (s *Subject) hashing(_ context.Context, r *report) {
	if err := s.Hash(); err != nil {
		r.warn("hashing", "let the service start processes", "a process to hash passwords in cannot be started: %v; they are hashed in the server's own, which a flood of logins slows", err)
		return
	}
	r.ok("hashing", "passwords are hashed in processes of their own")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// browsers looks for pages that could not use the cookie, or not safely.
func (s *Subject) browsers(_ context.Context, r *report) {
	public := s.Config.PublicURL
	for _, origin := range s.Config.CORSOrigins {
		u, err := url.Parse(origin)
		if err != nil {
			continue // Load has read it
		}
		switch {
		case site(u) == site(public):
			r.ok("browsers", "pages of %s may call the API and use the cookie", origin)
		default:
			r.warn("browsers", "serve page and service on one site, such as app.example.org and auth.example.org, or have that page ask for its tokens in the answer (transport BODY)",
				"pages of %s may call the API, but browsers do not send the cookie there: it is another site than %s, and the cookie is SameSite=Lax", origin, s.Config.Origin())
		}
	}
	for _, host := range s.Config.CORSPreviews {
		r.ok("browsers", "pages of names one label below %s may call the API, without the cookie", host)
	}
	switch {
	case s.Config.Development():
		r.ok("browsers", "in development pages of this machine, at any port, may call the API and use the cookie")
	case len(s.Config.CORSOrigins)+len(s.Config.CORSPreviews) == 0:
		r.ok("browsers", "only pages of %s may call the API and use the cookie (CORS_ORIGINS is empty)", s.Config.Origin())
	}
	if public.Scheme == "http" {
		advice := "put a proxy that speaks TLS in front, and begin PUBLIC_URL with https://"
		switch {
		case !local(public.Hostname()):
			r.fail("browsers", advice, "PUBLIC_URL is plain http: whoever sits on the way reads passwords and tokens, and the cookie is not Secure")
		case !s.Config.Development():
			r.warn("browsers", advice, "PUBLIC_URL names this machine: links in mails work nowhere else")
		}
	}
}

// passkeys says what they are made for and who may use them, and what has to be put at a host
// that is not the service's.
func (s *Subject) passkeys(_ context.Context, r *report) {
	domain := s.Config.PasskeyDomain
	if domain == "" {
		advice := "call the service by a domain, or name one in PASSKEY_DOMAIN"
		if s.Config.Development() {
			advice = "call it http://localhost, or set PASSKEY_DOMAIN=localhost for pages of this machine"
		}
		r.warn("passkeys", advice, "there can be no passkeys. %s", s.Config.PasskeysOff())
		return
	}
	who := s.Config.PasskeyOrigins
	if s.Config.Development() && domain == "localhost" {
		who = append(slices.Clone(who), "every page of localhost")
	}
	r.ok("passkeys", "passkeys are made for %s (PASSKEY_DOMAIN), and used by %s", domain, strings.Join(who, ", "))
	related := strings.Join(s.Config.RelatedOrigins(), ", ")
	switch {
	case related == "":
	case domain == s.Config.PublicURL.Hostname():
		r.ok("passkeys", "%s may use them by the file that this service has at https://%s/.well-known/webauthn; Firefox does not read it", related, domain)
	default:
		r.warn("passkeys", fmt.Sprintf("have that host answer %s, as application/json, or its proxy pass that path and Host on to this service", s.Config.RelatedOriginsFile()),
			"%s may use them only if https://%s/.well-known/webauthn lists them; Firefox does not read it", related, domain)
	}
}

// site returns what SameSite compares: scheme and registrable domain.
func site(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		if _, err := netip.ParseAddr(host); err != nil {
			host = domain
		}
	}
	return u.Scheme + "://" + host
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// proxies looks for a service that would take its proxy for the client of every request.
func (s *Subject) proxies(_ context.Context, r *report) {
	n := len(s.Config.TrustedProxies)
	switch {
	case n > 0:
		r.ok("proxies", "client addresses come from X-Forwarded-For behind %s (TRUSTED_PROXIES)", count(n, "network"))
	case s.Config.Secure():
		r.warn("proxies", "name the proxy's network in TRUSTED_PROXIES",
			"PUBLIC_URL is https, so a proxy stands in front, but TRUSTED_PROXIES is empty: every client has the proxy's address, and one guesser uses up the tries of all")
	default:
		r.ok("proxies", "client addresses are those that connect (TRUSTED_PROXIES is empty)")
	}
}
