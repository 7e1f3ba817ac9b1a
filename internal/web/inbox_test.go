package web

import (
	"bytes"
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
	empty := s.get("/dev/mail")
	wants(t, empty, http.StatusOK, "No mail so far", "Look again", inboxJS.path)
	if csp := empty.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self'; connect-src 'self'; style-src 'self';") {
		t.Errorf("the policy is %q", csp)
	}
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
}

func TestInboxJSON(t *testing.T) {
	s := newService(t)
	s.mail("one", "Ada@example.org", "First")
	s.mail("two", "bob@example.org", "Second")
	read := func(path string) (list []map[string]any) {
		t.Helper()
		w := s.get(path)
		wants(t, w, http.StatusOK)
		if kind := w.Header().Get("Content-Type"); kind != "application/json" {
			t.Errorf("got %s", kind)
		}
		must(t, json.Unmarshal(w.Body.Bytes(), &list))
		return list
	}
	all := read("/dev/mail.json")
	if len(all) != 2 || all[0]["id"] != "two" {
		t.Errorf("all, the newest first: got %v", all)
	}
	ada := read("/dev/mail.json?to=ada@EXAMPLE.org")
	if len(ada) != 1 {
		t.Fatalf("ada's mails: got %v", ada)
	}
	for name, want := range map[string]any{
		"id": "one", "kind": "confirm_registration", "to": "Ada@example.org", "from": "latchkey@localhost", "subject": "First",
		"createdAt": s.now.UTC().Format("2006-01-02T15:04:05.000Z"),
	} {
		if ada[0][name] != want {
			t.Errorf("%s: got %v, want %v", name, ada[0][name], want)
		}
	}
	if links, ok := ada[0]["links"].([]any); !ok || len(links) != 1 || links[0] != "https://auth.example.org/email/confirm-email?token=lko_x&email=a" {
		t.Errorf("links: got %v", ada[0]["links"])
	}
	if got := read("/dev/mail.json?to=nobody@example.org"); got == nil || len(got) != 0 {
		t.Errorf("nobody's mails: got %v, want []", got)
	}
}

func TestInboxMail(t *testing.T) {
	s := newService(t)
	s.mail("one", "ada@example.org", "First & <last>")
	wants(t, s.get("/dev/mail/one"), http.StatusOK, "First &amp; &lt;last&gt;", "Latchkey &lt;latchkey@localhost&gt;", "Hello &lt;b&gt;",
		`<a href="https://auth.example.org/email/confirm-email?token=lko_x&amp;email=a">`, `<template shadowrootmode="open"><!doctype html>`)
	csp := s.get("/dev/mail/one").Header().Get("Content-Security-Policy")
	if csp != mailCSP || strings.Contains(csp, "script") || strings.Contains(csp, "http") || !strings.Contains(csp, "form-action 'none'") {
		t.Errorf("the mail's policy is %q", csp)
	}
}

// Mails are there after a restart; and while the database is away the page says so.
func TestInboxIsKept(t *testing.T) {
	s := newService(t)
	s.mail("one", "ada@example.org", "First")
	again, err := mail.NewInbox(s.store, [][]byte{bytes.Repeat([]byte("k"), 32)}, strings.ToLower)
	must(t, err)
	if kept, err := again.Mails(t.Context(), "ada@example.org"); err != nil || len(kept) != 1 || kept[0].Subject != "First" {
		t.Errorf("got %v, %v", kept, err)
	}
	s.db.Close()
	for _, path := range []string{"/dev/mail", "/dev/mail.json", "/dev/mail/one"} {
		if w := s.get(path); w.Code < 500 || strings.Contains(w.Body.String(), "First") {
			t.Errorf("%s without a database: got %d: %s", path, w.Code, w.Body)
		}
	}
}

func TestInboxAbsent(t *testing.T) {
	s := newService(t, func(c *Config) { c.Inbox = nil })
	for _, path := range []string{"/dev/mail", "/dev/mail.json", "/dev/mail/one"} {
		wants(t, s.get(path), http.StatusNotFound, "There is no page here")
	}
}

// The inbox and the explorer that nobody asked for are shown to this machine, and
// to nobody who comes through a proxy.
func TestDevelopmentIsForThisMachine_F5(t *testing.T) {
	s := newService(t, func(c *Config) { c.ExplorerHere = true })
	s.mail("one", "ada@example.org", "First")
	shown := func(what, peer string, want bool, header ...string) {
		t.Helper()
		for _, path := range []string{"/", "/dev/mail", "/dev/mail.json", "/dev/mail/one"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.RemoteAddr = peer
			for i := 0; i < len(header); i += 2 {
				r.Header.Set(header[i], header[i+1])
			}
			w := s.do(r)
			status := http.StatusForbidden
			if want || path == "/" {
				status = http.StatusOK
			}
			if w.Code != status {
				t.Errorf("%s, %s: got %d, want %d", what, path, w.Code, status)
			}
			if path == "/" && strings.Contains(w.Body.String(), explorerFiles["main.js"].path) != want {
				t.Errorf("%s: the explorer is shown: %v", what, !want)
			}
		}
	}
	for _, peer := range []string{"127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "[::ffff:127.0.0.1]:1"} {
		shown(peer, peer, true)
	}
	for _, peer := range []string{"192.168.1.7:1", "203.0.113.9:1", "[2001:db8::7]:1", "[fe80::1%eth0]:1", "[::ffff:203.0.113.9]:1", "@"} {
		shown(peer, peer, false)
	}
	for _, name := range []string{
		"Forwarded", "Via", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server", "x-forwarded-anything",
	} {
		shown(name, "127.0.0.1:1", false, name, "127.0.0.1")
		shown("an empty "+name, "127.0.0.1:1", false, name, "")
	}
	w := newService(t).do(httptest.NewRequest(http.MethodGet, "/", nil))
	wants(t, w, http.StatusOK, explorerFiles["main.js"].path)
	asked := httptest.NewRequest(http.MethodGet, "/", nil)
	asked.RemoteAddr = "203.0.113.9:1"
	wants(t, newService(t).do(asked), http.StatusOK, explorerFiles["main.js"].path) // EXPLORER=on was said
}
