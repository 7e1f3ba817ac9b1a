package e2e_test

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// page is a page of the service.
type page struct {
	status int
	header http.Header
	body   string
}

// browse opens what a link leads to at a replica: links name PUBLIC_URL.
func browse(t testing.TB, base, method, link string) page {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(method, base+u.RequestURI(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, req)
}

var action = regexp.MustCompile(`<form method="post" action="([^"]*)">`)

var hidden = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)

// press posts the page's form with one of its buttons, and a password if asked for.
func (p page) press(t testing.TB, base, client, button, password string) page {
	t.Helper()
	if !strings.Contains(p.body, `name="do" value="`+button+`"`) {
		t.Fatalf("no button %q on the page:\n%s", button, p.body)
	}
	form := url.Values{"do": {button}}
	for _, field := range hidden.FindAllStringSubmatch(p.body, -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	if password != "" {
		form.Set("password", password)
	}
	to := action.FindStringSubmatch(p.body)
	if to == nil {
		t.Fatalf("no form on the page:\n%s", p.body)
	}
	req, err := http.NewRequest(http.MethodPost, base+to[1], strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Forwarded-For", client)
	return read(t, req)
}

func read(t testing.TB, req *http.Request) page {
	t.Helper()
	p, err := send(req)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tryGet is for servers that may be away.
func tryGet(url string) (page, error) {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return page{}, err
	}
	return send(req)
}

func send(req *http.Request) (page, error) {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return page{}, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return page{res.StatusCode, res.Header, string(body)}, err
}

// mustShow fails the test unless the page has this status and this text.
func (p page) mustShow(t testing.TB, status int, text string) page {
	t.Helper()
	if p.status != status || !strings.Contains(p.body, text) {
		t.Fatalf("got %d, want %d with %q:\n%s", p.status, status, text, p.body)
	}
	return p
}
