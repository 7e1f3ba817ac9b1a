package admin_test

import (
	"bytes"
	"encoding/base32"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

func decoded(t *testing.T, secret string) []byte {
	t.Helper()
	b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	must(t, err)
	return b
}

// Each thing that can be done to a user is done by its form, said, and does nothing new the
// second time. Looking at its page does nothing.
func TestActs_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	bob := w.user("bob", store.RoleUser)
	at := "/admin/user/" + bob.ID
	login := func() string {
		l, err := w.Login(t.Context(), auth.Actor{Way: auth.ByAPI}, auth.LoginInput{Login: "bob", Password: goodPassword})
		must(t, err)
		return l.Session.ID
	}
	events := func() int { return w.count(`security_events`) }
	for _, act := range []struct {
		name, done string
		again      string // what the second time says; "" is the same
		is         func() bool
		fields     []string
	}{
		{"mail", "mailed", "", func() bool { return w.count(`outbox WHERE kind = 'password_reset'`) > 0 }, nil},
		{"duties", "duties-set", "", func() bool { return w.named("bob").MustChangePassword && !w.named("bob").MustEnrol }, []string{"password", "yes"}},
		{"duties", "duties-set", "", func() bool { return !w.named("bob").MustChangePassword }, nil},
		{"promote", "made-admin", "", func() bool { return w.named("bob").Role == store.RoleAdmin }, nil},
		{"demote", "made-user", "", func() bool { return w.named("bob").Role == store.RoleUser }, nil},
		{"disable", "disabled", "", func() bool {
			return w.named("bob").DisabledAt != nil && w.count(`security_events WHERE kind = 'ACCOUNT_DISABLED' AND details LIKE '%"reason":"abuse"%'`) == 1
		}, []string{"reason", "ABUSE"}},
		{"enable", "enabled", "", func() bool { return w.named("bob").DisabledAt == nil }, []string{"reason", "made up"}},
		{"factors", "factors-reset", "", func() bool { return true }, nil},
	} {
		before := events()
		b.get(at+"/"+act.name).is(http.StatusOK, "<bdi>bob</bdi>")
		if events() != before {
			t.Errorf("%s: looking did something", act.name)
		}
		for range 2 {
			b.post(at+"/"+act.name, act.fields...).leads(b, at+"?done="+act.done).is(http.StatusOK, `role="status"`)
			if !act.is() {
				t.Errorf("%s: it was not done", act.name)
			}
		}
	}
	one, two := login(), login()
	b.get(at).is(http.StatusOK, one, two)
	b.get(at+"/device?session="+one).is(http.StatusOK, "Log out this device?")
	b.post(at+"/device", "session", one).leads(b, at+"?done=device-ended").is(http.StatusOK)
	b.post(at+"/device", "session", one).leads(b, at+"?trouble=NOT_FOUND").is(http.StatusOK, "Nothing was done", `role="alert"`)
	if w.count(`sessions WHERE user_id = $1`, bob.ID) != 1 {
		t.Error("the wrong number of devices is left")
	}
	b.post(at+"/devices").leads(b, at+"?done=devices-ended").is(http.StatusOK, "No device is logged in")

	b.post(at+"/delete", "username", "BOB").is(http.StatusUnprocessableEntity, "This is not the username")
	b.post(at + "/delete").is(http.StatusUnprocessableEntity)
	if w.named("bob") == nil {
		t.Fatal("it was deleted without the name")
	}
	b.post(at+"/delete", "username", "bob").leads(b, "/admin/users?done=deleted").is(http.StatusOK)
	b.post(at+"/delete", "username", "bob").is(http.StatusNotFound, "There is no such user")
	for _, gone := range []string{at, at + "/disable"} {
		b.get(gone).is(http.StatusNotFound, "deleted meanwhile")
	}
	b.get("/admin/user/" + w.named("ada").ID + "/fly").is(http.StatusNotFound)
}

// The last administrator stays, and is told so.
func TestLastAdministratorStays_E6_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	at := "/admin/user/" + w.named("ada").ID
	for _, act := range []string{"demote", "disable"} {
		b.post(at+"/"+act).leads(b, at+"?trouble=LAST_ADMIN").is(http.StatusOK, "this is the last administrator")
	}
	b.post(at+"/delete", "username", "ada").leads(b, at+"?trouble=LAST_ADMIN").is(http.StatusOK, "this is the last administrator")
	if u := w.named("ada"); u == nil || u.Role != store.RoleAdmin || u.DisabledAt != nil {
		t.Errorf("%+v", u)
	}
}

// Somebody is invited; what is wrong stands beside its field, and what was typed stays.
func TestInvite_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	b.get("/admin/users/invite").is(http.StatusOK, "Invite somebody")
	b.post("/admin/users/invite", "email", "x", "username", "admin", "role", "ADMIN").is(http.StatusUnprocessableEntity, `value="x"`, `value="admin"`, `id="email-error"`, `id="username-error"`, `value="ADMIN" checked`)
	b.post("/admin/users/invite", "email", "ada@example.org", "username", "adaa").is(http.StatusUnprocessableEntity, "This address has an account already")
	a := b.post("/admin/users/invite", "email", "Bob@Example.org", "username", "bob", "role", "USER")
	bob := w.named("bob")
	a.leads(b, "/admin/user/"+bob.ID+"?done=invited").is(http.StatusOK, "invited", "Invited until", "The invitation is on its way")
	b.get("/admin/users?state=invited").is(http.StatusOK, "<bdi>bob</bdi>")
	if strings.Contains(b.get("/admin/users?state=invited").Body.String(), "<bdi>ada@example.org") {
		t.Error("the filter leaves others")
	}
	b.post("/admin/users/invite", "email", "bob@example.org", "username", "bob2").is(http.StatusUnprocessableEntity) // pressed twice
}

// The list is searched, filtered and paged through; another list's cursor is no page.
func TestUsers_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	for i := range 120 {
		w.now = w.now.Add(time.Second)
		w.user(fmt.Sprintf("user%03d", i), store.RoleUser)
	}
	page := b.get("/admin/users").is(http.StatusOK, "user119", "user070")
	if n := len(page.Body.Bytes()); n > 25<<10 {
		t.Errorf("a page of 50 users has %d bytes", n)
	}
	next := between(t, page.Body.String(), `rel="next" href="`, `"`)
	page = b.get(unescaped(next)).is(http.StatusOK, "user069", "user020", `rel="prev"`)
	b.get(unescaped(between(t, page.Body.String(), `rel="prev" href="`, `"`))).is(http.StatusOK, "user119")
	b.get("/admin/users?search=user01").is(http.StatusOK, "user010", "user019")
	b.get("/admin/users?search=ser011&match=CONTAINS").is(http.StatusOK, "user011")
	b.get("/admin/users?search=nobody").is(http.StatusOK, "Nobody is like that")
	b.get("/admin/users?role=ADMIN").is(http.StatusOK, "<bdi>ada</bdi>")
	b.get("/admin/users?after=nonsense").is(http.StatusBadRequest, "This address is not right")
	mail := strings.Replace(unescaped(next), "/admin/users?", "/admin/users?search=u&", 1)
	b.get(mail).is(http.StatusBadRequest, "another list")
}

func between(t *testing.T, text, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, from)
	if !ok {
		t.Fatalf("no %s in\n%s", from, text)
	}
	found, _, _ := strings.Cut(rest, to)
	return found
}

func unescaped(s string) string { return strings.NewReplacer("&amp;", "&", "&#43;", "+").Replace(s) }

// Mails are shown with why they wait, tried again and deleted, one and all; a test mail goes to
// the administrator, and the server's words come back.
func TestMail_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	bob := w.user("bob", store.RoleUser)
	mail := func(failed bool) string {
		_, err := w.SendPasswordReset(t.Context(), shell, auth.SendPasswordResetInput{UserID: bob.ID})
		must(t, err)
		var id string
		must(t, w.db.QueryRow(t.Context(), `SELECT max(id) FROM outbox WHERE kind = 'password_reset'`).Scan(&id))
		sql := `UPDATE outbox SET last_error = 'delayed: 450 at RCPT TO <script>', attempts = 3, due_at = $1 WHERE id = $2`
		if failed {
			sql = `UPDATE outbox SET last_error = 'refused: 550', failed_at = $1 WHERE id = $2`
		}
		_, err = w.db.Exec(t.Context(), sql, noon.Add(time.Hour), id)
		must(t, err)
		return id
	}
	one, two := mail(false), mail(true)
	b.get("/admin/mail").is(http.StatusOK, "Password reset", "bob@example.org", "delayed: 450 at RCPT TO &lt;script&gt;", "given up", one, two)
	if strings.Contains(b.get("/admin/mail?state=failed").is(http.StatusOK, two).Body.String(), one) {
		t.Error("the filter leaves others")
	}
	b.post("/admin/mail/retry", "id", two, "state", "failed").leads(b, "/admin/mail?done=mail-retried&state=failed").is(http.StatusOK, "No mail was given up")
	b.post("/admin/mail/cancel", "id", one).leads(b, "/admin/mail?done=mail-cancelled").is(http.StatusOK)
	b.post("/admin/mail/cancel", "id", one).leads(b, "/admin/mail?trouble=NOT_FOUND").is(http.StatusOK, "Nothing was done")
	b.post("/admin/mail/retry", "id", one).leads(b, "/admin/mail?trouble=NOT_FOUND")
	failed := mail(true)
	b.get("/admin/mail/cancel?state=failed").is(http.StatusOK, "given up?")
	b.post("/admin/mail/cancel", "state", "failed").leads(b, "/admin/mail?done=mails-deleted&state=failed")
	if w.count(`outbox WHERE id = $1`, failed) != 0 || w.count(`outbox WHERE id = $1`, two) != 1 {
		t.Error("the wrong mails are deleted")
	}
	b.post("/admin/mail/cancel").leads(b, "/admin/mail?done=mails-deleted").is(http.StatusOK, "No mail waits")

	b.post("/admin/mail/test").leads(b, "/admin/mail?done=mail-sent").is(http.StatusOK)
	w.answer = "smtp.example.org:587. The server said: 550 <b>no</b>"
	b.post("/admin/mail/test").is(http.StatusUnprocessableEntity, "The mail was not sent", "550 &lt;b&gt;no&lt;/b&gt;")
}

// A file is checked before it is imported, each bad line is told, and one that is too large is
// refused.
func TestImport_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	var file strings.Builder
	for i := range 900 { // some pieces
		fmt.Fprintf(&file, "{\"email\":\"user%d@example.org\",\"username\":\"user%d\"}\n", i, i)
		if i == 700 {
			file.WriteString("no JSON\n\n")
		}
	}
	file.WriteString(`{"email":"` + strings.Repeat("x", 300) + `@example.org","username":"long"}`)
	upload := func(text, do string) *answer {
		var body bytes.Buffer
		m := multipart.NewWriter(&body)
		part, err := m.CreateFormFile("file", "users.jsonl")
		must(t, err)
		_, err = part.Write([]byte(text))
		must(t, err)
		must(t, m.WriteField("do", do))
		must(t, m.Close())
		r := httptest.NewRequest(http.MethodPost, "/admin/users/import", &body)
		r.Header.Set("Content-Type", m.FormDataContentType())
		r.Header.Set("Origin", origin)
		r.Header.Set("User-Agent", firefox)
		return b.send(r)
	}
	b.get("/admin/users/import").is(http.StatusOK)
	upload(file.String(), "check").is(http.StatusOK, "Nothing was written. 900 would be imported", "2 of 902 lines are bad", "Line 702:", "Line 903:")
	if w.count(`users`) != 1 {
		t.Fatal("the check wrote something")
	}
	upload(file.String(), "import").is(http.StatusOK, "900 are imported")
	upload(file.String(), "import").is(http.StatusOK, "0 are imported, 900 are there already")
	upload("", "import").is(http.StatusOK, "0 are imported")
	b.post("/admin/users/import", "do", "import").is(http.StatusUnprocessableEntity, "Choose a file")
	upload(strings.Repeat("x", 5<<20+1), "check").is(http.StatusRequestEntityTooLarge, "5 MB")
	upload(strings.Repeat(" ", 6<<20), "check").is(http.StatusRequestEntityTooLarge, "5 MB")
	upload(strings.Repeat("\"", 60<<10)+"\n", "check").is(http.StatusOK, "1 of 1 lines are bad")
}

// What people call themselves, their devices and mail servers is text.
func TestTypedText_D9_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	bob := w.user("bob", store.RoleUser)
	device := "<script>alert(1)</script>\u202egnp.exe"
	_, err := w.Login(t.Context(), auth.Actor{Way: auth.ByAPI}, auth.LoginInput{Login: "bob", Password: goodPassword, DeviceName: &device})
	must(t, err)
	long := strings.Repeat("a", 60) + "@" + strings.Repeat("b", 60) + "." + strings.Repeat("c", 60) + "." + strings.Repeat("d", 57) + ".example"
	_, err = w.db.Exec(t.Context(), `UPDATE users SET username = $1, email = $2 WHERE id = $3`, `<script>"x"</script>`+"\u202e", long, bob.ID)
	must(t, err)
	for _, at := range []string{"/admin/users", "/admin/user/" + bob.ID, "/admin/user/" + bob.ID + "/delete", "/admin/users?search=%3Cscript%3E", "/admin/events?user=%22%3E%3Cscript%3E", "/admin/login?next=%22%3E%3Cscript%3E&done=%3Cscript%3E"} {
		if a := b.get(at); strings.Contains(a.Body.String(), "<script") {
			t.Errorf("%s has a script:\n%s", at, a.Body)
		}
	}
	b.get("/admin/user/"+bob.ID).is(http.StatusOK, "<bdi>&lt;script&gt;&#34;x&#34;", long)
}

// The server and its settings are shown, and no secret.
func TestServer_F3_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	a := b.get("/admin/server").is(http.StatusOK, "1.2.3", "0123456789abcdef", "SECRET_KEY", "set, 64 bytes", "TCP port, 1 to 65535.")
	if strings.Contains(a.Body.String(), "ssss") {
		t.Error("it shows a secret")
	}
	b.get("/admin/server/findings").is(http.StatusOK, "connection refused", "see MAIL_SERVER", "wrong")
}

// The administrator's own factors.
func TestSelf_J9_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	b.get("/admin/self").is(http.StatusOK, "Add an app")
	page := b.post("/admin/self/app").is(http.StatusOK, "Add an authenticator app", "data:image/svg")
	fields := []string{"challenge", page.field("challenge"), "secret", page.field("secret"), "uri", page.field("uri"), "qr", page.field("qr")}
	b.post("/admin/self/app/code", append(fields, "code", "000000")...).is(http.StatusUnprocessableEntity, page.field("secret"))
	b.post("/admin/self/app/code", append(fields, "code", w.code(decoded(t, page.field("secret"))))...).is(http.StatusOK, "Your recovery codes")
	b.get("/admin/self").is(http.StatusOK, "8 left", "Use another app")
	b.post("/admin/self/codes").is(http.StatusOK, "Your recovery codes")
}

// Every document of the page is one of the public API, and runs there too: the page has no other
// door.
func TestDocuments_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("ada", store.RoleAdmin)
	l, err := w.Login(t.Context(), auth.Actor{Way: auth.ByAPI}, auth.LoginInput{Login: "ada", Password: goodPassword})
	must(t, err)
	files, err := filepath.Glob("documents/*.graphql")
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":`+quoted(string(text))+`}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+l.Tokens.AccessToken)
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		if body := rec.Body.String(); strings.Contains(body, "GRAPHQL_") {
			t.Errorf("%s: %s", file, body)
		}
	}
}

func quoted(s string) string {
	return `"` + strings.NewReplacer("\n", `\n`, `"`, `\"`, "\t", " ").Replace(s) + `"`
}

// No address that is only looked at does anything.
func TestLookingDoesNothing_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	bob := w.user("bob", store.RoleUser)
	rows := func() string {
		return fmt.Sprint(w.count(`security_events`), w.count(`users`), w.count(`sessions`), w.count(`outbox`), w.count(`tokens`), *w.named("bob"))
	}
	before := rows()
	form := url.Values{"id": {bob.ID}, "username": {"bob"}, "email": {"eve@example.org"}, "password": {"yes"}, "do": {"import"}}.Encode()
	for _, at := range []string{"/admin/logout", "/admin/users/invite", "/admin/users/import", "/admin/mail/test", "/admin/mail/retry", "/admin/mail/cancel", "/admin/login", "/admin/login/step", "/admin/login/passkey", "/admin/again", "/admin/self/app", "/admin/self/codes"} {
		b.get(at + "?" + form)
		b.do(http.MethodHead, at+"?"+form, nil)
	}
	for _, act := range []string{"mail", "devices", "device", "duties", "factors", "promote", "demote", "disable", "enable", "delete"} {
		b.get("/admin/user/" + bob.ID + "/" + act + "?" + form)
		b.do(http.MethodHead, "/admin/user/"+bob.ID+"/"+act+"?"+form, nil)
	}
	if after := rows(); after != before {
		t.Errorf("rows: %s, before %s", after, before)
	}
	b.get("/admin/users").is(http.StatusOK)
}
