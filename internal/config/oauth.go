package config

import (
	"slices"
	"strings"

	"latchkey/internal/jwt"
)

// OAuthClient is one entry of OAUTH_CLIENTS.
type OAuthClient struct {
	ID     string
	Secret string // never log it
}

// maxClientID bounds a client's id, in characters: it is part of every token.
const maxClientID = 64

// readOAuth reads who may use the OAuth 2.0 endpoints, and how.
func readOAuth(r *reader, c *Config) {
	const name = "OAUTH_CLIENTS"
	c.OAuthPasswordGrant = parsed(r, "OAUTH_PASSWORD_GRANT", true, onOff)
	seen := map[string]bool{}
	for i, text := range list(r.value(name)) {
		id, secret, ok := strings.Cut(text, ":")
		if !ok {
			r.wrong(name, "client %d must be written id:secret; %s", i+1, makeSecret)
			continue
		}
		switch problem := weakness(secret, c.Env); {
		case id == "" || len(id) > maxClientID || !visible(id):
			r.wrong(name, "client %d must have an id of 1 to %d printable ASCII characters without : and comma", i+1, maxClientID)
		case id == jwt.OwnClient:
			r.wrong(name, "client %d must not be called %s: that is everybody who names no client", i+1, jwt.OwnClient)
		case seen[id]:
			r.wrong(name, "client %d has the id of one before it", i+1)
		case problem != "":
			r.wrong(name, "client %d's secret %s; %s", i+1, problem, makeSecret)
		case slices.ContainsFunc(c.SecretKeys, func(k []byte) bool { return string(k) == secret }):
			r.wrong(name, "client %d's secret is also in SECRET_KEY, which no other program may know; %s", i+1, makeSecret)
		case !visible(secret):
			r.wrong(name, "client %d's secret must be of printable ASCII characters", i+1)
		}
		seen[id] = true
		c.OAuthClients = append(c.OAuthClients, OAuthClient{id, secret})
	}
}

// visible reports whether s is of VSCHAR alone (RFC 6749 appendix A): printable
// ASCII and space.
func visible(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' })
}
