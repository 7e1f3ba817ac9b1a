package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"latchkey/internal/auth"
	"latchkey/internal/request"
)

// caller is the OAuth client that a request comes from.
type caller struct {
	id            string // client_id
	authenticated bool   // by a secret
}

// actor returns who sends the request, through this client.
func (c caller) actor(r *http.Request) auth.Actor {
	a := request.From(r.Context()).Actor()
	a.ClientID = c.id
	return a
}

// clients has the SHA-256 of each client's secret by the client's id.
type clients map[string][sha256.Size]byte

func newClients(list []Client) clients {
	c := clients{}
	for _, one := range list {
		c[one.ID] = sha256.Sum256([]byte(one.Secret))
	}
	return c
}

// identify returns which client sends a request (RFC 6749 section 2.3). A client with a
// secret must show it, by Basic or by client_id and client_secret in the form. Whoever
// names no client, or auth.OwnClient, is the public client.
func (c clients) identify(h http.Header, f form) (caller, error) {
	id, secret := f["client_id"], f["client_secret"]
	if headers := h.Values("Authorization"); len(headers) > 0 {
		if secret != "" || len(headers) > 1 {
			return caller{}, badRequest("The client authenticates in more than one way.")
		}
		name, password, ok := basic(headers[0])
		if !ok {
			return caller{}, errClient()
		}
		if id != "" && id != name && id != decoded(name) {
			return caller{}, badRequest("The header and client_id name different clients.")
		}
		id, secret = name, password
		// Clients encode both before Basic does (section 2.3.1); many people's
		// scripts do not. Either way it is the whole secret that must be there.
		if got := (caller{decoded(id), true}); c.proven(got.id, decoded(secret)) {
			return got, nil
		}
	}
	switch {
	case (id == "" || id == auth.OwnClient) && secret == "" && !(id == "" && len(h.Values("Authorization")) > 0):
		return caller{id: auth.OwnClient}, nil
	case c.proven(id, secret):
		return caller{id, true}, nil
	}
	return caller{}, errClient()
}

// proven reports whether the client has this secret, in the same time for each
// secret that is wrong.
func (c clients) proven(id, secret string) bool {
	want, known := c[id]
	got := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && known
}

// basic reads the credentials of the Basic scheme (RFC 7617).
func basic(header string) (name, password string, ok bool) {
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	pair, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(text))
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(pair), ":")
}

// decoded returns s without its percent-encoding (application/x-www-form-urlencoded), or
// s as it is if it has none that is right.
func decoded(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}
