package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	maxDocument   = 256 << 10 // bytes of an answer
	maxKeys       = 64        // of a set
	freshDefault  = 5 * time.Minute
	freshLeast    = time.Minute
	freshMost     = time.Hour
	metadataPlace = "/.well-known/oauth-authorization-server" // RFC 8414 section 3
)

// fetcher asks the service for its keys. One fetch runs at a time.
type fetcher struct {
	client  *http.Client
	issuer  string
	jwksURL string // "" until it was found
}

// keys returns what the service publishes now. Keys that sign nothing here are left out.
func (f *fetcher) keys(ctx context.Context) (keySet, error) {
	if f.jwksURL == "" {
		if err := f.discover(ctx); err != nil {
			return keySet{}, fmt.Errorf("metadata: %w", err)
		}
	}
	var document struct{ Keys []jwk }
	header, err := f.get(ctx, f.jwksURL, &document)
	if err != nil {
		return keySet{}, fmt.Errorf("keys: %w", err)
	}
	if document.Keys == nil || len(document.Keys) > maxKeys {
		return keySet{}, errors.New("keys: not a set of keys, or too many")
	}
	set := keySet{map[string]key{}, freshFor(header)}
	for _, j := range document.Keys {
		k, ok := j.key()
		if !ok {
			continue
		}
		if _, twice := set.keys[j.ID]; twice {
			return keySet{}, errors.New("keys: a kid twice")
		}
		set.keys[j.ID] = k
	}
	return set, nil
}

// discover finds the keys' address in the issuer's metadata, which must be the issuer's own.
func (f *fetcher) discover(ctx context.Context) error {
	issuer, err := url.Parse(f.issuer)
	if err != nil {
		return err
	}
	place := *issuer
	place.Path, place.RawQuery, place.Fragment = metadataPlace+strings.TrimSuffix(issuer.Path, "/"), "", ""
	var metadata struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if _, err := f.get(ctx, place.String(), &metadata); err != nil {
		return err
	}
	found, err := url.Parse(metadata.JWKSURI)
	switch {
	case metadata.Issuer != f.issuer:
		return errors.New("they are another issuer's")
	case err != nil || isURL(metadata.JWKSURI) != nil || issuer.Scheme == "https" && found.Scheme != "https":
		return errors.New("they name no address of keys")
	}
	f.jwksURL = metadata.JWKSURI
	return nil
}

// get reads a JSON document.
func (f *fetcher) get(ctx context.Context, address string, into any) (http.Header, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	w, err := f.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.Body.Close() }()
	if w.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", address, w.Status)
	}
	text, err := io.ReadAll(io.LimitReader(w.Body, maxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxDocument {
		return nil, fmt.Errorf("%s answered too much", address)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return nil, fmt.Errorf("%s answered no JSON of this kind", address)
	}
	return w.Header, nil
}

var maxAge = regexp.MustCompile(`(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])`)

// freshFor returns how long an answer may be kept (RFC 9111 section 5.2.2.1), within bounds.
func freshFor(h http.Header) time.Duration {
	m := maxAge.FindStringSubmatch(strings.ToLower(h.Get("Cache-Control")))
	if m == nil {
		return freshDefault
	}
	seconds, _ := strconv.Atoi(m[1]) // of digits
	return min(max(time.Duration(seconds)*time.Second, freshLeast), freshMost)
}
