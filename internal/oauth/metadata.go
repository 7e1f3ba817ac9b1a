package oauth

import "encoding/json"

// metadata is what clients can find out about the server by themselves (RFC 8414
// section 2).
type metadata struct {
	Issuer                string   `json:"issuer"`
	TokenEndpoint         string   `json:"token_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	IntrospectionEndpoint string   `json:"introspection_endpoint,omitempty"`
	JWKSURI               string   `json:"jwks_uri"`
	ResponseTypes         []string `json:"response_types_supported"` // required, and we have none: there is no authorization endpoint
	GrantTypes            []string `json:"grant_types_supported"`
	TokenMethods          []string `json:"token_endpoint_auth_methods_supported"`
	RevocationMethods     []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionMethods  []string `json:"introspection_endpoint_auth_methods_supported,omitempty"`
}

// metadata returns what is there: neither a password grant that is off, nor introspection
// if nobody may use it.
func (s *server) metadata() metadata {
	//lint:ignore G125 the paths are constants of this package
	url := func(path string) string { return s.PublicURL.JoinPath(path).String() }
	m := metadata{
		Issuer: s.Issuer.Issuer(), TokenEndpoint: url(TokenPath), RevocationEndpoint: url(RevokePath), JWKSURI: url(KeysPath),
		ResponseTypes: []string{}, GrantTypes: []string{refreshGrant}, TokenMethods: []string{"none"},
	}
	if s.PasswordGrant {
		m.GrantTypes = []string{passwordGrant, refreshGrant}
	}
	if len(s.clients) > 0 {
		secret := []string{"client_secret_basic", "client_secret_post"}
		m.IntrospectionEndpoint, m.IntrospectionMethods = url(IntrospectPath), secret
		m.TokenMethods = append(m.TokenMethods, secret...)
	}
	m.RevocationMethods = m.TokenMethods
	return m
}

// openID is the metadata where libraries and gateways look that know OpenID Connect
// Discovery alone. This is no OpenID provider: there is no authorization endpoint, and
// there are no ID tokens.
type openID struct {
	metadata
	SubjectTypes []string `json:"subject_types_supported"`               // a user's sub is the same for all clients
	Algorithms   []string `json:"id_token_signing_alg_values_supported"` // by which those who read this verify access tokens
}

// openID returns the text, with the algorithms of the keys that are published now: none of
// HS256, whose key is a secret.
func (s *server) openID() ([]byte, error) {
	algorithms, err := s.Issuer.Algorithms()
	if err != nil {
		return nil, err
	}
	return json.Marshal(openID{s.metadata(), []string{"public"}, algorithms})
}
