package admin_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

const cookie = "__Host-latchkey-admin"

func example(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../.env.example")
	must(t, err)
	return string(text)
}

// A wrong password, a user who is no administrator, a disabled one and nobody have one answer,
// and open no session. The page that was wanted comes after the login.
func TestLogin_C1_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("ada", store.RoleAdmin)
	w.user("bob", store.RoleUser)
	off := w.user("off", store.RoleAdmin)
	_, err := w.DisableUser(t.Context(), shell, auth.DisableUserInput{UserID: off.ID})
	must(t, err)
	b := w.browser()
	b.get("/admin/events?kind=LOGIN").is(http.StatusSeeOther)
	page := b.get("/admin/login?next=%2Fadmin%2Fevents%3Fkind%3DLOGIN").is(http.StatusOK, "<h1>Log in</h1>", `value="/admin/events?kind=LOGIN"`)
	if got := page.Header().Get("Content-Security-Policy"); !strings.Contains(got, "script-src 'none'") {
		t.Errorf("the policy of a service without passkeys is %s", got)
	}
	for _, who := range [][2]string{{"ada", "wrong"}, {"bob", goodPassword}, {"bob@example.org", goodPassword}, {"off", "wrong"}, {"nobody", goodPassword}} {
		a := b.post("/admin/login", "login", who[0], "password", who[1]).is(http.StatusUnprocessableEntity, "No administrator has this login and password.", `value="`+who[0]+`"`)
		if strings.Contains(a.Body.String(), goodPassword) {
			t.Error("the page repeats a password")
		}
	}
	if n := w.count(`sessions`); n != 0 || b.cookies[cookie] != "" {
		t.Errorf("%d sessions of those who were refused", n)
	}
	b.post("/admin/login", "login", "ada", "password", goodPassword, "next", "/admin/users?role=ADMIN").leads(b, "/admin/users?role=ADMIN").is(http.StatusOK, "<bdi>ada</bdi>")
	if n := w.count(`sessions WHERE client_id = 'latchkey:admin'`); n != 1 {
		t.Errorf("%d sessions of the page", n)
	}
	for _, bad := range []string{"https://evil.example/admin", "//evil.example", "/admin/../email", `/admin\evil`, "/admin/logout", "javascript:alert(1)", "/administrator", "/admin/login"} {
		c := w.browser()
		c.post("/admin/login", "login", "ada", "password", goodPassword, "next", bad).leads(c, "/admin")
	}
}

// Every address answers alike to whoever is not signed in, whether there are administrators or not.
func TestNothingWithoutLogin_O3(t *testing.T) {
	t.Parallel()
	empty, w := newWorld(t), newWorld(t)
	w.user("ada", store.RoleAdmin)
	for _, at := range []string{"/admin", "/admin/", "/admin/users", "/admin/user/x", "/admin/user/x/delete", "/admin/mail", "/admin/events", "/admin/server", "/admin/server/findings", "/admin/self", "/admin/again", "/admin/nothing"} {
		one, other := empty.browser().get(at), w.browser().get(at)
		if one.Code != http.StatusSeeOther || one.Code != other.Code || one.Header().Get("Location") != other.Header().Get("Location") || one.Body.String() != other.Body.String() {
			t.Errorf("%s: %d %s and %d %s", at, one.Code, one.Header().Get("Location"), other.Code, other.Header().Get("Location"))
		}
	}
	if w.calls+empty.calls != 0 {
		t.Errorf("%d operations for strangers", w.calls+empty.calls)
	}
}

// The session ends after 30 minutes without a page, after 8 hours at all, and by logging out.
// Looking goes on with it and leaves its token as it is; posting replaces that.
func TestSession_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	token := b.cookies[cookie]
	for range 3 {
		w.now = w.now.Add(29 * time.Minute)
		b.get("/admin/users").is(http.StatusOK)
	}
	if b.cookies[cookie] != token {
		t.Error("looking replaced the token")
	}
	b.post("/admin/mail/retry").leads(b, "/admin/mail?done=mails-retried").is(http.StatusOK)
	if b.cookies[cookie] == token {
		t.Error("posting left the token")
	}
	w.now = w.now.Add(31 * time.Minute)
	b.get("/admin/users").is(http.StatusSeeOther)
	b.logIn("ada")
	for range 16 {
		w.now = w.now.Add(29 * time.Minute)
		b.get("/admin/users").is(http.StatusOK)
	}
	w.now = w.now.Add(17 * time.Minute)
	b.get("/admin/users").is(http.StatusSeeOther)

	b.logIn("ada")
	stolen := b.cookies[cookie]
	b.post("/admin/logout").leads(b, "/admin/login?done=logged-out").is(http.StatusOK, "You are logged out")
	if b.cookies[cookie] != "" {
		t.Error("the cookie is there")
	}
	b.cookies[cookie] = stolen
	b.get("/admin/users").is(http.StatusSeeOther)
}

// No other session opens the page, nor is the page's token good elsewhere.
func TestOtherSessions_E1_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	l, err := w.Login(t.Context(), auth.Actor{Way: auth.ByAPI}, auth.LoginInput{Login: "ada", Password: goodPassword})
	must(t, err)
	other := w.browser()
	for _, token := range []string{*l.Tokens.RefreshToken, l.Tokens.AccessToken, "", "lkr_x"} {
		other.cookies[cookie] = token
		other.get("/admin/users").is(http.StatusSeeOther)
		other.cookies[cookie] = token
		other.post("/admin/mail/retry").is(http.StatusSeeOther)
	}
	if _, err := w.Refresh(t.Context(), auth.Actor{Way: auth.ByAPI}, b.cookies[cookie]); err == nil {
		t.Error("the token of the page is good for the API")
	}
	b.get("/admin/users").is(http.StatusOK)
	if _, err := w.Identify(t.Context(), l.Tokens.AccessToken); err != nil {
		t.Errorf("the app's session: %v", err)
	}
}

// What no page of ours posts does nothing.
func TestForeignPosts_I5_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	bob := w.user("bob", store.RoleUser)
	before := w.calls
	for what, header := range map[string]map[string]string{
		"neither":        {"Origin": "-", "Sec-Fetch-Site": "-"},
		"another site":   {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
		"a sibling":      {"Origin": "https://app.example.org", "Sec-Fetch-Site": "same-site"},
		"null":           {"Origin": "null", "Sec-Fetch-Site": "-"},
		"another origin": {"Origin": "https://evil.example", "Sec-Fetch-Site": "-"},
		"only the site":  {"Origin": "-", "Sec-Fetch-Site": "none"},
		"both, unlike":   {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
	} {
		b.header = http.Header{}
		for name, v := range header {
			b.header.Set(name, v)
		}
		for _, at := range []string{"/admin/user/" + bob.ID + "/disable", "/admin/users/invite", "/admin/mail/retry", "/admin/logout", "/admin/login", "/admin/again"} {
			if a := b.post(at, "email", "eve@example.org", "username", "eve"); a.Code != http.StatusForbidden {
				t.Errorf("%s, %s: %d", what, at, a.Code)
			}
		}
	}
	if w.calls != before || w.named("bob").DisabledAt != nil || w.named("eve") != nil {
		t.Error("something was done")
	}
	for _, header := range []string{"Origin", "Sec-Fetch-Site"} { // one of them is enough
		b.header = http.Header{}
		b.header.Set(header, "-")
		b.post("/admin/mail/retry").is(http.StatusSeeOther)
	}
	b.header = http.Header{}
	b.get("/admin/users").is(http.StatusOK)
}

// Whoever is demoted, disabled or logged out between a page and its form does nothing.
func TestDemotedMeanwhile_E5_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	w.user("root1", store.RoleAdmin)
	bob := w.user("bob", store.RoleUser)
	at := "/admin/user/" + bob.ID + "/disable"
	b.get(at).is(http.StatusOK, "Disable the account?")
	_, err := w.SetUserRole(t.Context(), shell, auth.SetUserRoleInput{UserID: w.named("ada").ID, Role: store.RoleUser})
	must(t, err)
	b.post(at).is(http.StatusForbidden, "You are no administrator any more")
	if w.named("bob").DisabledAt != nil {
		t.Error("it was done")
	}
	b.get("/admin/users").is(http.StatusSeeOther) // the cookie went
	b.post("/admin/login", "login", "ada", "password", goodPassword).is(http.StatusUnprocessableEntity)
}

// Second factors and fresh proofs hold here as everywhere: the login has its steps, and what was
// to be done asks again after ten minutes, and is done then.
func TestSecondFactor_M1_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("ada", store.RoleAdmin)
	bob := w.user("bob", store.RoleUser)
	secret := w.app("ada")
	w.now = w.now.Add(time.Minute)
	b := w.browser()
	page := b.post("/admin/login", "login", "ada", "password", goodPassword).is(http.StatusOK, "One more step", "recovery codes")
	if b.cookies[cookie] != "" {
		t.Fatal("one factor was enough")
	}
	step := []string{"challenge", page.field("challenge"), "kind", "SecondFactorStep", "factors", "TOTP RECOVERY_CODE"}
	b.post("/admin/login/step", append(step, "code", "000000")...).is(http.StatusUnprocessableEntity, `id="wrong"`, "One more step")
	b.post("/admin/login/step", append(step, "code", w.code(secret))...).leads(b, "/admin").is(http.StatusOK)
	b.post("/admin/login/step", append(step, "code", w.code(secret))...).is(http.StatusUnprocessableEntity)

	at := "/admin/user/" + bob.ID + "/disable"
	w.now = w.now.Add(11 * time.Minute)
	b.get(at).is(http.StatusOK)
	again := "/admin/again?next=%2Fadmin%2Fuser%2F" + bob.ID + "%2Fdisable"
	b.post(at).leads(b, again).is(http.StatusOK, "Show that it is you")
	if w.named("bob").DisabledAt != nil {
		t.Fatal("it was done without")
	}
	b.post("/admin/again", "next", at, "code", "000000").is(http.StatusUnprocessableEntity, `id="wrong"`)
	b.post("/admin/again", "next", at, "code", w.code(secret)).leads(b, at).is(http.StatusOK)
	b.post(at).leads(b, "/admin/user/"+bob.ID+"?done=disabled").is(http.StatusOK, "The account is disabled", `<span class="tag bad">disabled</span>`)
}

// An administrator whom the policy asks for a second factor adds one at the login.
func TestEnrolmentAtLogin_M4_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w *world) { w.cfg.SecondFactor = auth.SecondFactorAdministrators })
	w.user("ada", store.RoleAdmin)
	b := w.browser()
	page := b.post("/admin/login", "login", "ada", "password", goodPassword).is(http.StatusOK, "Add a second factor", "data:image/svg")
	fields := []string{"challenge", page.field("challenge"), "kind", "EnrolmentStep", "secret", page.field("secret"), "uri", page.field("uri"), "qr", page.field("qr")}
	b.post("/admin/login/step", append(fields, "code", "000000")...).is(http.StatusUnprocessableEntity, page.field("secret"), `id="wrong"`)
	b.post("/admin/login/step", append(fields, "code", w.code(decoded(t, page.field("secret"))))...).is(http.StatusOK, "Your recovery codes")
	b.get("/admin/self").is(http.StatusOK, "8 left")
}
