package admin

import (
	"net/url"
	"testing"
	"time"
)

// Pages are parsed when they are first asked for, and that must not be when a mistake shows.
func TestPagesParse(t *testing.T) {
	p, err := newPages(Config{PublicURL: &url.URL{Scheme: "https", Host: "auth.example.org"}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.templates.Parse(); err != nil {
		t.Error(err)
	}
}
