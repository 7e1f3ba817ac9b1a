package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/mail"
)

func (s *service) mail(id, to, subject string) {
	s.t.Helper()
	must(s.t, s.inbox.Send(s.t.Context(), &mail.Message{
		ID: id, Kind: "confirm_registration", To: to, From: "latchkey@localhost", FromName: "Latchkey", Subject: subject, CreatedAt: s.now,
		Text: "Hello <b>\nhttps://auth.example.org/email/confirm-email?token=lko_x&email=a\n",
		HTML: `<!doctype html><html><head><title>x</title></head><body style="margin:0"><script>alert(1)</script>Hello</body></html>`,
	}))
}

func TestInbox(t *testing.T) {
	s := newService(t)
	wants(t, s.get("/dev/mail"), http.StatusOK, "No mail so far", "Look again")
	s.mail("one", "ada@example.org", "First")
	s.mail("two", "bob@example.org", "Second")

	all := s.get("/dev/mail")
	wants(t, all, http.StatusOK, `href="/dev/mail/one"`, `href="/dev/mail/two"`)
	if body := all.Body.String(); strings.Index(body, "Second") > strings.Index(body, "First") {
		t.Errorf("want the newest first: %s", body)
	}
	ada := s.get("/dev/mail?to=ADA@EXAMPLE.org")
	wants(t, ada, http.StatusOK, "First")
	if strings.Contains(ada.Body.String(), "Second") {
		t.Error("a mail to somebody else is shown")
	}
	wants(t, s.get("/dev/mail?to=eve@example.org"), http.StatusOK, "No mail to")
	wants(t, s.get("/dev/mail/three"), http.StatusNotFound, "This mail is gone")
	wants(t, s.get("/dev/mail/three/html"), http.StatusNotFound)
}

func TestInboxMail(t *testing.T) {
	s := newService(t)
	s.mail("one", "ada@example.org", "First & <last>")
	wants(t, s.get("/dev/mail/one"), http.StatusOK, "First &amp; &lt;last&gt;", "Latchkey &lt;latchkey@localhost&gt;", "Hello &lt;b&gt;",
		`<a href="https://auth.example.org/email/confirm-email?token=lko_x&amp;email=a">`, `src="/dev/mail/one/html"`)

	w := s.get("/dev/mail/one/html")
	wants(t, w, http.StatusOK, `<head><base target="_top">`)
	csp := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'self'", "sandbox allow-popups"} {
		if !strings.Contains(csp, want) {
			t.Errorf("the mail's policy lacks %q: %s", want, csp)
		}
	}
	for _, bad := range []string{"script", "allow-same-origin", "http"} {
		if strings.Contains(csp, bad) {
			t.Errorf("the mail's policy has %q: %s", bad, csp)
		}
	}
}

func TestInboxJSON(t *testing.T) {
	s := newService(t)
	s.mail("one", "ada@example.org", "First")
	s.mail("two", "bob@example.org", "Second")
	var got []struct{ ID, To, Subject, Text, HTML, Kind, From, CreatedAt string }
	w := s.get("/dev/mail.json?to=Ada@example.org")
	must(t, json.Unmarshal(w.Body.Bytes(), &got))
	if len(got) != 1 || got[0].ID != "one" || got[0].Subject != "First" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got %+v, %v", got, w.Header())
	}
}

func TestInboxAbsent(t *testing.T) {
	s := newService(t, func(c *Config) { c.Inbox = nil })
	for _, path := range []string{"/dev/mail", "/dev/mail.json", "/dev/mail/one", "/dev/mail/one/html"} {
		wants(t, s.get(path), http.StatusNotFound, "There is no page here")
	}
}

// A page of a stranger whose name was made to mean 127.0.0.1 must not read the inbox.
func TestInboxByOtherNames(t *testing.T) {
	s := newService(t)
	for host, want := range map[string]int{
		"localhost:8080": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "latchkey:8080": 200, "auth.example.org": 200, "AUTH.example.org": 200,
		"a.localhost:80": 200, "192.168.1.7": 200,
		"evil.example": 421, "evil.example:8080": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example:8080": 421,
	} {
		for _, path := range []string{"/dev/mail", "/dev/mail.json"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host = host
			if w := s.do(r); w.Code != want {
				t.Errorf("%s%s: got %d, want %d", host, path, w.Code, want)
			}
		}
	}
}
