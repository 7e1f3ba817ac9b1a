package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/link"
	"latchkey/internal/store"
)

// resetLink returns an account and the parameters of the link that sets its
// password.
func (s *service) resetLink() (*store.User, url.Values) {
	s.t.Helper()
	u := s.user("Ada", "ada@example.org")
	return u, s.link(link.Target{Purpose: link.ResetPassword, User: u})
}

func TestResetPage(t *testing.T) {
	s := newService(t)
	u, in := s.resetLink()
	wants(t, s.get(resetPath+"?"+in.Encode()), http.StatusOK, "<bdi>Ada</bdi>", `value="set"`, `value="make"`, `autocomplete="new-password"`)

	invalid := `aria-describedby="password-error password-hint" aria-invalid="true" autofocus`
	for typed, says := range map[string]string{"": "At least 8 characters", "password1": "guess first", "ada@example.org": "guess first", "with\ttab in it": "control characters"} {
		w := s.pressOn(resetPath, "set", in, "password", typed)
		wants(t, w, http.StatusUnprocessableEntity, invalid, says)
		if typed != "" && strings.Contains(strings.ReplaceAll(w.Body.String(), `value="ada@example.org"`, ""), typed) {
			t.Errorf("the page repeats %q", typed)
		}
	}
	w := s.pressOn(resetPath, "set", in, "password", "another lamp by the river")
	wants(t, w, http.StatusOK, "Your password is set", "<bdi>Ada</bdi>", `href="https://app.example.org"`)
	if len(w.Header().Values("Set-Cookie")) > 0 || strings.Contains(w.Body.String(), "another lamp") {
		t.Error("the page logs in, or shows what was typed")
	}
	s.logsIn(u, "another lamp by the river")
	wants(t, s.pressOn(resetPath, "set", in, "password", "yet another lamp"), http.StatusGone, "This link no longer works", `value="request"`)
	wants(t, s.get(resetPath+"?"+in.Encode()), http.StatusGone, "Send me a new link", `value="ada@example.org"`)
}

func (s *service) logsIn(u *store.User, password string) {
	s.t.Helper()
	if _, err := s.auth.Login(s.t.Context(), home, auth.LoginInput{Login: u.Username, Password: password}); err != nil {
		s.t.Errorf("log in: %v", err)
	}
}

func TestResetMakesPassword(t *testing.T) {
	s := newService(t)
	u, in := s.resetLink()
	w := s.pressOn(resetPath, "make", in, "password", "typed and not wanted")
	wants(t, w, http.StatusOK, "It is shown this once")
	_, rest, _ := strings.Cut(w.Body.String(), "<code>")
	made, _, _ := strings.Cut(rest, "</code>")
	s.logsIn(u, made)
	if strings.Contains(s.log.String(), made) {
		t.Error("the log holds the password")
	}
}

func TestResetInJSON(t *testing.T) {
	s := newService(t)
	u, in := s.resetLink()
	post := func(button string, fields url.Values, more ...string) (*httptest.ResponseRecorder, map[string]any) {
		r := formOn(resetPath, button, fields, more...)
		r.Header.Set("Accept", "application/json")
		w := s.do(r)
		var got map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%s: %v, %s: %s", button, err, w.Header().Get("Content-Type"), w.Body)
		}
		if w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control is %q", button, w.Header().Get("Cache-Control"))
		}
		return w, got
	}
	w, _ := post("set", in, "password", "short")
	wants(t, w, http.StatusUnprocessableEntity, `"code":"PASSWORD_TOO_SHORT"`)
	w, got := post("make", in)
	wants(t, w, http.StatusOK)
	made, _ := got["password"].(string)
	if got["username"] != "Ada" || len(got) != 2 {
		t.Errorf("got %v", got)
	}
	s.logsIn(u, made)
	w, _ = post("make", in)
	wants(t, w, http.StatusGone, `"code":"TOKEN_INVALID"`)
	w, _ = post("request", nil, "email", "ada")
	wants(t, w, http.StatusUnprocessableEntity, `"code":"EMAIL_INVALID"`)
	w, _ = post("request", nil, "email", "ada@example.org")
	wants(t, w, http.StatusOK)
	s.db.Close()
	w, _ = post("make", in)
	wants(t, w, http.StatusServiceUnavailable, `"code":"UNAVAILABLE"`)
}

func TestResetRequest_C3(t *testing.T) {
	s := newService(t)
	s.user("ada", "ada@example.org")
	known := s.pressOn(resetPath, "request", nil, "email", "ada@example.org")
	unknown := s.pressOn(resetPath, "request", nil, "email", "bob@example.org")
	wants(t, known, http.StatusOK, "Look into your inbox")
	if strings.ReplaceAll(known.Body.String(), "ada@", "bob@") != unknown.Body.String() || known.Code != unknown.Code {
		t.Error("the answer tells a known from an unknown address")
	}
	wants(t, s.pressOn(resetPath, "request", nil, "email", "ada"), http.StatusUnprocessableEntity, `value="ada"`, `aria-describedby="email-error"`)
}

// All link pages: looking changes nothing, what is no text is no token, and a
// post from elsewhere does nothing.
func TestLinkPages_D5_D6(t *testing.T) {
	s := newService(t)
	u, reset := s.resetLink()
	v := s.viewer(u)
	_, err := s.auth.ChangeEmail(t.Context(), as(v, home), auth.ChangeEmailInput{Email: "new@example.org", Password: new(goodPassword)})
	must(t, err)
	change := s.link(link.Target{Purpose: link.ConfirmNewEmail, User: s.reload(u)})
	notMe := s.link(link.Target{Purpose: link.NotMe, Event: s.lastEvent(u)})
	for path, in := range map[string]url.Values{resetPath: reset, confirmPath: change, notMePath: notMe} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodGet} {
			w := s.do(httptest.NewRequest(method, path+"?do=undo&"+in.Encode(), nil))
			if w.Code >= 300 || len(w.Header().Values("Set-Cookie")) > 0 {
				t.Errorf("%s %s: status %d, %v", method, path, w.Code, w.Header())
			}
			if got := w.Header().Get("Referrer-Policy"); got != "no-referrer" {
				t.Errorf("%s %s: Referrer-Policy %q", method, path, got)
			}
		}
		for _, query := range []string{"", "token=lko_AAAA", "token=%ff", "token=lko_%00", "token=%zz", "token=" + strings.Repeat("x", 5000)} {
			w := s.get(path + "?" + query)
			wants(t, w, http.StatusGone, deadTitle(query))
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("%s: Cache-Control %q", path, got)
			}
		}
		for _, do := range []string{"set", "make", "confirm", "undo"} {
			r := formOn(path, do, in, "password", "another lamp by the river")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			wants(t, s.do(r), http.StatusForbidden, "another site")
		}
		wants(t, s.pressOn(path, "dance", in), http.StatusBadRequest)
	}
	for path, in := range map[string]url.Values{resetPath: change, confirmPath: notMe, notMePath: reset} { // each only for its own
		wants(t, s.get(path+"?"+in.Encode()), http.StatusGone)
	}
	if now := s.reload(u); now.SecurityVersion != u.SecurityVersion || now.Email != "ada@example.org" {
		t.Errorf("something was done: %+v", now)
	}
	wants(t, s.get(notMePath+"?"+notMe.Encode()), http.StatusOK, "Another email address was asked for")
}

// lastEvent is the id of what happened to u last.
func (s *service) lastEvent(u *store.User) (id string) {
	s.t.Helper()
	must(s.t, s.db.QueryRow(s.t.Context(), `SELECT id FROM undo WHERE user_id = $1 ORDER BY seq DESC LIMIT 1`, u.ID).Scan(&id))
	return id
}

func TestConfirmChangePage_D4(t *testing.T) {
	s := newService(t)
	u := s.user("ada", "ada@example.org")
	v := s.viewer(u)
	ask := func(email string) url.Values {
		_, err := s.auth.ChangeEmail(t.Context(), as(v, home), auth.ChangeEmailInput{Email: email, Password: new(goodPassword)})
		must(t, err)
		return s.link(link.Target{Purpose: link.ConfirmNewEmail, User: s.reload(u)})
	}
	in := ask("new@example.org")
	wants(t, s.get(confirmPath+"?"+in.Encode()), http.StatusOK, "Confirm your new email", "<bdi>ada</bdi>", "<bdi>new@example.org</bdi>")
	wants(t, s.press("decline", in), http.StatusOK, "The change is off")
	wants(t, s.press("confirm", in), http.StatusGone)
	in = ask("newer@example.org")
	wants(t, s.press("confirm", in), http.StatusOK, "Your email is changed", "<bdi>newer@example.org</bdi>")
	wants(t, s.press("confirm", in), http.StatusGone)
	if now := s.reload(u); now.Email != "newer@example.org" {
		t.Errorf("the address is %s", now.Email)
	}
}

func TestNotMePage_A8(t *testing.T) {
	s := newService(t)
	u := s.user("ada", "ada@example.org")
	v := s.viewer(u)
	_, err := s.auth.ChangeUsername(t.Context(), as(v, home), auth.ChangeUsernameInput{Username: "thief"})
	must(t, err)
	in := s.link(link.Target{Purpose: link.NotMe, Event: s.lastEvent(u)})
	s.now = s.now.Add(71 * time.Hour)
	wants(t, s.get(notMePath+"?"+in.Encode()), http.StatusOK, "The username of the account", "<bdi>ada</bdi>", "<bdi>ada@example.org</bdi>", `value="undo"`)
	wants(t, s.pressOn(notMePath, "undo", in), http.StatusOK, "The account is yours again", "<bdi>ada</bdi>", "Look into your inbox")
	wants(t, s.pressOn(notMePath, "undo", in), http.StatusGone, "This link no longer works", `value="request"`)
	wants(t, s.get(notMePath+"?"+in.Encode()), http.StatusGone)

	_, err = s.db.Exec(t.Context(), `UPDATE users SET disabled_at = $2 WHERE id = $1`, u.ID, s.now)
	must(t, err)
	late := s.user("bob", "bob@example.org")
	_, err = s.auth.ChangeUsername(t.Context(), as(s.viewer(late), home), auth.ChangeUsernameInput{Username: "robert"})
	must(t, err)
	in = s.link(link.Target{Purpose: link.NotMe, Event: s.lastEvent(late)})
	_, err = s.db.Exec(t.Context(), `UPDATE users SET disabled_at = $2 WHERE id = $1`, late.ID, s.now)
	must(t, err)
	w := s.pressOn(notMePath, "undo", in)
	wants(t, w, http.StatusOK, "The account is yours again", "Ask an administrator")
	if strings.Contains(w.Body.String(), "Look into your inbox") {
		t.Error("a disabled user is promised a mail")
	}
}
