package web

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// refusal returns the parameters of the link that refuses mails to an address.
func (s *service) refusal(address string) url.Values {
	s.t.Helper()
	u, err := url.Parse(s.links.Refusal(address))
	must(s.t, err)
	return u.Query()
}

func (s *service) refused(address string) bool {
	s.t.Helper()
	refused, err := s.store.MailRefused(s.t.Context(), s.links.RefusalHashes(address), s.now)
	must(s.t, err)
	return refused
}

// Looking changes nothing; the buttons refuse mails and have them back, again and again.
func TestStopPage_C6_D5(t *testing.T) {
	s := newService(t)
	in := s.refusal("ada@example.org")
	for range 2 {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet} {
			if w := s.do(httptest.NewRequest(method, stopPath+"?do=stop&List-Unsubscribe=One-Click&"+in.Encode(), nil)); w.Code != http.StatusOK {
				t.Errorf("%s: status %d", method, w.Code)
			}
		}
		wants(t, s.get(stopPath+"?"+in.Encode()), http.StatusOK, "<h1>Do not write to me again", "<bdi>ada@example.org</bdi>", `value="stop"`)
		if s.refused("ada@example.org") {
			t.Fatal("looking refused mails")
		}
		wants(t, s.pressOn(stopPath, "stop", in), http.StatusOK, "We do not write to you", `value="start"`)
		wants(t, s.pressOn(stopPath, "stop", in), http.StatusOK, "We do not write to you")
		wants(t, s.get(stopPath+"?"+in.Encode()), http.StatusOK, "We do not write to you")
		if !s.refused("ada@example.org") || s.refused("bob@example.org") {
			t.Fatal("the wrong mailbox refuses mails")
		}
		wants(t, s.pressOn(stopPath, "start", in), http.StatusOK, "We write to you again")
		if s.refused("ada@example.org") {
			t.Fatal("it still refuses mails")
		}
	}
	wants(t, s.pressOn(stopPath, "dance", in), http.StatusBadRequest)
	if strings.Contains(s.log.String(), "ada") {
		t.Error("the log holds the address")
	}
}

// Nobody without the link stops mails, nor does a page of another site.
func TestStopNeedsItsLink_C6(t *testing.T) {
	s := newService(t)
	in := s.refusal("eve@example.org")
	in.Set("email", "ada@example.org")
	wants(t, s.get(stopPath+"?"+in.Encode()), http.StatusGone, "This link no longer works")
	wants(t, s.get(stopPath), http.StatusGone, "This link is incomplete")
	wants(t, s.pressOn(stopPath, "stop", in), http.StatusGone)
	wants(t, s.do(oneClick(t, in, true)), http.StatusGone)
	r := formOn(stopPath, "stop", s.refusal("ada@example.org"))
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	wants(t, s.do(r), http.StatusForbidden)
	if s.refused("ada@example.org") {
		t.Error("mails to somebody else are refused")
	}
}

// oneClick is what a mail program posts to the link (RFC 8058).
func oneClick(t *testing.T, in url.Values, multi bool) *http.Request {
	t.Helper()
	var body bytes.Buffer
	kind := "application/x-www-form-urlencoded"
	if multi {
		w := multipart.NewWriter(&body)
		must(t, w.WriteField("List-Unsubscribe", "One-Click"))
		must(t, w.Close())
		kind = w.FormDataContentType()
	} else {
		body.WriteString("List-Unsubscribe=One-Click")
	}
	r := httptest.NewRequest(http.MethodPost, stopPath+"?"+in.Encode(), &body)
	r.Header.Set("Content-Type", kind)
	return r
}

func TestOneClick_C6(t *testing.T) {
	for _, multi := range []bool{false, true} {
		s := newService(t)
		wants(t, s.do(oneClick(t, s.refusal("ada@example.org"), multi)), http.StatusOK)
		if !s.refused("ada@example.org") {
			t.Errorf("multipart %t: mails are not refused", multi)
		}
	}
	// No other page takes such a form.
	s := newService(t)
	r := oneClick(t, s.refusal("ada@example.org"), true)
	r.URL.Path = confirmPath
	wants(t, s.do(r), http.StatusUnsupportedMediaType)
}
