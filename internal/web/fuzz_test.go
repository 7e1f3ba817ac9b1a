package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// What comes with a link is what its address says, or nothing where that is no
// text, and a form is read the same as it was written.
func FuzzLinkForm(f *testing.F) {
	for _, seed := range []string{"", "lko_x", "ada@example.org", "\x00", "\xff", "a&token=b", "%zz", "+ ", "a;b", "<script>", "%zz&password=hunter2", "email=hunter2&token=%00", strings.Repeat("a", 20_000), "\u2028\r\n"} {
		f.Add(seed, "ada@example.org", "token="+url.QueryEscape(seed)+"&do=set")
		f.Add("lko_x", seed, seed)
	}
	l := &linkPages{pages: fuzzPages(f), cross: http.NewCrossOriginProtection()}
	f.Fuzz(func(t *testing.T, token, email, body string) {
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: resetPath, RawQuery: url.Values{"token": {token}, "email": {email}}.Encode()}}
		want := params{token, email}
		if !plain(token) || !plain(email) {
			want = params{}
		}
		if got := opened(r); got != want {
			t.Errorf("opened with %+v, want %+v", got, want)
		}
		w := httptest.NewRecorder()
		r = httptest.NewRequest(http.MethodPost, resetPath, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		got, ok := l.posted(w, r)
		values, err := url.ParseQuery(body)
		form := linkForm{params{values.Get("token"), values.Get("email")}, values.Get("username"), values.Get("password"), values.Get("do")}
		readable := len(body) <= maxForm && err == nil && plain(form.Token) && plain(form.Email) && plain(form.Username) && plain(form.Password)
		if ok != readable || ok && got != form || !ok && got != (linkForm{}) {
			t.Errorf("%q: got %+v, %t, want %+v, %t", body, got, ok, form, readable)
		}
		if status := w.Code; !ok && status != http.StatusBadRequest && (status != http.StatusRequestEntityTooLarge || len(body) <= maxForm) {
			t.Errorf("%q: got %d", body, status)
		}
		if page := w.Body.String(); !ok && strings.Contains(page, "hunter2") {
			t.Errorf("the page repeats the form: %s", page)
		}
	})
}

func plain(s string) bool { return strings.ToValidUTF8(s, "\x00") == s && !strings.Contains(s, "\x00") }

func fuzzPages(f *testing.F) *pages {
	f.Helper()
	p, err := newPages("Latchkey", &url.URL{Scheme: "https", Host: "auth.example.org"}, nil)
	if err != nil {
		f.Fatal(err)
	}
	return p
}
