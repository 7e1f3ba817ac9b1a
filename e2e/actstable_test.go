package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"latchkey/internal/testenv"
)

// joined is the rows of somebody who confirms an account by the API.
func joined(name string) []string {
	return []string{"ACCOUNT_CREATED by NOBODY to " + name + " API", "LOGIN by USER " + name + " to " + name + " API"}
}

// mutations are those of the schema, in an order in which each can be done.
func (w *actors) mutations() []act {
	t, s := w.t, w.s
	bob, cid, eve := testenv.Newcomer(), testenv.Newcomer(), testenv.Newcomer()
	var token, challenge, wrong string
	var code loginCode
	var key *authenticator
	var phone *app
	by := func(kind string) string { return kind + " by USER bob to bob API" }
	byRoot := func(kind, whom string) string { return kind + " by ADMIN root to " + whom + " API" }
	login := func() { bob.Access = s.Login(t, bob).Tokens.AccessToken }
	person := func(name string) *testenv.Person { p := w.known(name, s.Join(t)); w.mark(); return p }
	return []act{
		{"mutation register", func() { token = s.Register(t, bob) }, nil},
		{"mutation resendConfirmation", func() { w.run("resendConfirmation", "", bob.Client, "email", bob.Email) }, nil},
		{"mutation confirmEmail", func() {
			got := testenv.Post(t, s.URL(), testenv.Request{Query: testenv.ConfirmOp, Variables: testenv.Input("token", token), Client: bob.Client}).Payload(t, "confirmEmail")
			bob.ID, bob.Access, bob.Refresh = got.User.ID, got.Tokens.AccessToken, got.Tokens.RefreshToken
			w.known("bob", bob)
		}, joined("bob")},
		{"mutation login", login, []string{by("LOGIN")}},
		{"mutation login", func() {
			other := *bob
			other.Client = testenv.ClientAddress()
			got := testenv.Post(t, s.URL(), testenv.Request{Query: testenv.LoginOp, Variables: testenv.Input("login", bob.Username, "password", bob.Password),
				Client: other.Client, Header: map[string]string{"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"}}).Payload(t, "login")
			wrong = got.Tokens.RefreshToken
		}, []string{by("NEW_DEVICE")}},
		{"mutation login", func() { // which is summed
			mustSay(t, testenv.Post(t, s.URL(), loginRequest(w.ada.Username, typed, testenv.ClientAddress())), "login", "INVALID_CREDENTIALS")
			mustSay(t, testenv.Post(t, s.URL(), loginRequest(testenv.Username(), typed, testenv.ClientAddress())), "login", "INVALID_CREDENTIALS")
		}, nil},
		{"mutation refresh", func() { _, bob.Refresh = refresh(t, s.URL(), bob.Refresh) }, nil},
		{"mutation refresh", func() { // by another kind of device
			r := refreshRequest(bob.Refresh)
			r.Header = map[string]string{"User-Agent": "curl/8"}
			bob.Refresh = testenv.Post(t, s.URL(), r).Payload(t, "refresh").Tokens.RefreshToken
		}, []string{by("SESSION_MOVED")}},
		{"mutation refresh", func() { mustSay(t, testenv.Post(t, s.URL(), refreshRequest("lkr_x")), "refresh", "TOKEN_INVALID") }, nil},
		{"mutation refresh", func() { // one that was traded
			refresh(t, s.URL(), wrong)
			mustSay(t, testenv.Post(t, s.URL(), refreshRequest(wrong)), "refresh", "TOKEN_INVALID")
		}, []string{by("SESSION_MOVED"), "REFRESH_TOKEN_REUSED REFUSED by NOBODY to bob API"}},
		{"mutation logout", func() { w.run("logout", bob.Access, bob.Client) }, []string{by("LOGOUT")}},
		{"mutation logout", func() { w.run("logout", "", bob.Client, "refreshToken", "lkr_x") }, nil},
		{"mutation revokeSession", func() {
			login()
			id := devices(t, s.URL(), bob.Access)[0].ID
			login()
			w.mark()
			w.run("revokeSession", bob.Access, bob.Client, "sessionId", id)
		}, []string{by("SESSION_REVOKED")}},
		{"mutation revokeOtherSessions", func() { login(); login(); w.mark(); w.run("revokeOtherSessions", bob.Access, bob.Client) }, []string{"SESSIONS_REVOKED by USER bob to bob x3 API"}},
		{"mutation startStepUp", func() { w.run("startStepUp", bob.Access, bob.Client) }, nil},
		{"mutation stepUp", func() { mustSay(t, stepUp(t, s, bob.Access, "password", bob.Password, bob.Client), "stepUp") }, []string{by("STEP_UP")}},
		{"mutation startTotp", func() { w.run("startTotp", bob.Access, bob.Client) }, nil},
		{"mutation confirmTotp", func() { phone = enrol(t, s, bob) }, []string{by("FACTOR_ADDED")}},
		{"mutation continueLogin", func() {
			challenge = begin(t, s, bob, bob.Client)
			bob.Access = loginByCode(t, s, bob, phone).Tokens.AccessToken
		}, []string{by("LOGIN")}},
		{"mutation continueLogin", func() { // a recovery code, on a device that is to be trusted
			r := answerRequest(challenge, "recoveryCode", phone.recovery[0], bob.Client)
			r.Variables["i"].(map[string]any)["rememberDevice"] = true
			if a := testenv.Post(t, s.URL(), r); a.Payload(t, "continueLogin").Tokens == nil {
				t.Fatalf("a recovery code: %s", a.Body)
			}
			again(t, s, bob)
		}, []string{by("LOGIN"), by("DEVICE_TRUSTED"), by("RECOVERY_CODE_USED")}},
		{"mutation continueLogin", func() {
			client := testenv.ClientAddress()
			challenge = begin(t, s, bob, client)
			for range 3 {
				mustSay(t, answerStep(t, s, challenge, "totpCode", phone.wrong(t), client), "continueLogin", "CODE_INVALID")
			}
		}, []string{"CODES_TRIED REFUSED by NOBODY to bob API"}},
		{"mutation forgetDevice", func() { w.run("forgetDevice", bob.Access, bob.Client, "deviceId", trusts(t, s, bob.Access)[0]) }, []string{by("DEVICE_FORGOTTEN")}},
		{"mutation makeRecoveryCodes", func() { w.run("makeRecoveryCodes", bob.Access, bob.Client) }, []string{by("RECOVERY_CODES_MADE")}},
		{"mutation startPasskey", func() { w.run("startPasskey", bob.Access, bob.Client) }, nil},
		{"mutation addPasskey", func() { key = hasPasskey(t, s, bob.Access) }, []string{by("PASSKEY_ADDED")}},
		{"mutation renamePasskey", func() { w.run("renamePasskey", bob.Access, bob.Client, "passkeyId", key.id, "name", "Other") }, []string{by("PASSKEY_RENAMED")}},
		{"mutation requireSecondFactor", func() { w.run("requireSecondFactor", bob.Access, bob.Client, "required", true) }, []string{by("SECOND_FACTOR_ON")}},
		{"mutation requireSecondFactor", func() { w.run("requireSecondFactor", bob.Access, bob.Client, "required", false) }, []string{by("SECOND_FACTOR_OFF")}},
		{"mutation startPasskeyLogin", func() { ask(t, s, beginOp, "startPasskeyLogin", "") }, nil},
		{"mutation removeFactor", func() {
			a := testenv.Post(t, s.URL(), testenv.Request{Query: factorsOp, Bearer: bob.Access})
			var me struct {
				Factors []struct {
					Typename string `json:"__typename"`
					ID       string
				}
			}
			a.Into(t, "me", &me)
			w.run("removeFactor", bob.Access, bob.Client, "factorId", me.Factors[0].ID)
		}, []string{by("FACTOR_REMOVED")}},
		{"mutation continueLogin", func() {
			if a := enter(t, s, key, bob.Client); a.Payload(t, "continueLogin").Tokens == nil {
				t.Fatalf("a passkey: %s", a.Body)
			}
		}, []string{by("LOGIN")}},
		{"mutation removePassword", func() { w.run("removePassword", bob.Access, bob.Client) }, []string{by("PASSWORD_REMOVED")}},
		{"mutation removeFactor", func() {
			mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: removeFactorOp, Variables: testenv.Input("factorId", key.id), Bearer: bob.Access}), "removeFactor", "LAST_WAY_IN")
		}, nil},
		{"mutation requestLoginCode", func() { code = asksCode(t, s, w.ada.Email, w.ada.Client) }, nil},
		{"mutation continueLogin", func() {
			typed, _ := code.mailed(t, s, w.ada.Email)
			if a := answerStep(t, s, code.Challenge, "emailCode", typed, w.ada.Client); a.Payload(t, "continueLogin").Tokens == nil {
				t.Fatalf("a mailed code: %s", a.Body)
			}
		}, []string{"LOGIN by USER ada to ada API"}},
		{"mutation requestPasswordReset", func() { w.run("requestPasswordReset", "", bob.Client, "email", bob.Email) }, nil},
		{"mutation resetPassword", func() {
			bob.Password = "the other horse of " + bob.Username
			link := testenv.LinkToken(t, awaitMail(t, s, bob.Email, "Set a new password", 0).Links[0])
			w.run("resetPassword", "", bob.Client, "token", link, "newPassword", bob.Password)
		}, []string{"PASSWORD_RESET by NOBODY to bob API"}},
		{"mutation resetPassword", func() {
			r := asking("resetPassword", "", bob.Client, "token", "lko_x", "newPassword", bob.Password)
			mustSay(t, testenv.Post(t, s.URL(), r), "resetPassword", "TOKEN_INVALID")
		}, nil},
		{"mutation changeUsername", func() {
			login()
			w.mark()
			bob.Username = testenv.Username()
			w.run("changeUsername", bob.Access, bob.Client, "username", bob.Username)
		}, []string{by("USERNAME_CHANGED")}},
		{"mutation changeEmail", func() {
			w.run("changeEmail", bob.Access, bob.Client, "email", testenv.Address(), "password", bob.Password)
		}, []string{by("EMAIL_CHANGE_REQUESTED")}},
		{"mutation changePassword", func() {
			next := "a third horse of " + bob.Username
			w.run("changePassword", bob.Access, bob.Client, "currentPassword", bob.Password, "newPassword", next)
			bob.Password = next
		}, []string{by("PASSWORD_CHANGED")}},
		{"mutation setUserRole", func() { w.run("setUserRole", w.root, "", "userId", bob.ID, "role", "ADMIN") }, []string{byRoot("ROLE_CHANGED", "bob")}},
		{"mutation setUserRole", func() { w.run("setUserRole", w.root, "", "userId", bob.ID, "role", "ADMIN") }, nil}, // as before
		{"mutation disableUser", func() { w.run("disableUser", w.root, "", "userId", bob.ID) }, []string{byRoot("ACCOUNT_DISABLED", "bob")}},
		{"mutation enableUser", func() { w.run("enableUser", w.root, "", "userId", bob.ID) }, []string{byRoot("ACCOUNT_ENABLED", "bob")}},
		{"mutation revokeUserSessions", func() { login(); w.mark(); w.run("revokeUserSessions", w.root, "", "userId", bob.ID) }, []string{byRoot("SESSIONS_REVOKED", "bob")}},
		{"mutation revokeUserSession", func() {
			login()
			w.mark()
			var id string
			if err := s.DB(t).QueryRow(t.Context(), `SELECT id FROM sessions WHERE user_id = $1`, bob.ID).Scan(&id); err != nil {
				t.Fatal(err)
			}
			w.run("revokeUserSession", w.root, "", "userId", bob.ID, "sessionId", id)
		}, []string{byRoot("SESSION_REVOKED", "bob")}},
		{"mutation sendPasswordReset", func() { w.run("sendPasswordReset", w.root, "", "userId", bob.ID) }, []string{byRoot("PASSWORD_RESET_SENT", "bob")}},
		{"mutation resetUserFactors", func() { w.run("resetUserFactors", w.root, "", "userId", bob.ID) }, []string{byRoot("FACTORS_RESET", "bob")}},
		{"mutation requireAtNextLogin", func() { w.run("requireAtNextLogin", w.root, "", "userId", bob.ID, "newPassword", true) }, []string{byRoot("DUTY_SET", "bob")}},
		{"mutation continueLogin", func() { // the duty is done
			bob.Password += " again"
			before := *bob
			before.Password = strings.TrimSuffix(bob.Password, " again")
			if a := answerStep(t, s, begin(t, s, &before, bob.Client), "newPassword", bob.Password, bob.Client); a.Payload(t, "continueLogin").Tokens == nil {
				t.Fatalf("a new password: %s", a.Body)
			}
		}, []string{"PASSWORD_CHANGED by NOBODY to bob API", by("LOGIN")}},
		{"mutation deleteUser", func() { w.run("deleteUser", w.root, "", "userId", bob.ID) }, []string{byRoot("ACCOUNT_DELETED", "bob")}},
		{"mutation createUser", func() {
			r := asking("createUser", w.root, "", "email", cid.Email, "username", cid.Username)
			cid.ID = testenv.Post(t, s.URL(), r).Payload(t, "createUser").User.ID
			w.known("cid", cid)
		}, []string{byRoot("ACCOUNT_CREATED", "cid")}},
		{"mutation inviteUser", func() {
			ivy := testenv.Newcomer()
			r := asking("inviteUser", w.root, "", "email", ivy.Email, "username", ivy.Username)
			ivy.ID = testenv.Post(t, s.URL(), r).Payload(t, "inviteUser").User.ID
			w.known("ivy", ivy)
		}, []string{byRoot("INVITED", "ivy")}},
		{"mutation importUsers", func() {
			line := fmt.Sprintf(`{"email":%q,"username":%q}`, testenv.Address(), testenv.Username())
			w.run("importUsers", w.root, "", "users", line, "dryRun", false)
			w.run("importUsers", w.root, "", "users", line) // which only checks it
		}, []string{"USERS_IMPORTED by ADMIN root to none API"}},
		{"mutation sendTestMail", func() { w.run("sendTestMail", w.root, "") }, []string{"MAIL_TESTED by USER root to root API"}},
		{"mutation deleteAccount", func() {
			eve = person("eve")
			w.run("deleteAccount", eve.Access, eve.Client, "password", eve.Password)
		}, []string{"ACCOUNT_DELETED by USER eve to eve API"}},
		{"mutation retryMail", func() { w.run("retryMail", w.root, "", "mailId", w.givenUp("a")) }, []string{byRoot("MAIL_RETRIED", "ada")}},
		{"mutation retryMail", func() {
			r := testenv.Request{Query: `mutation ($i: RetryMailInput!) { retryMail(input: $i) { errors { code } } }`, Variables: testenv.Input("mailId", "x"), Bearer: w.root}
			mustSay(t, testenv.Post(t, s.URL(), r), "retryMail", "NOT_FOUND")
		}, nil},
		{"mutation cancelMail", func() { w.run("cancelMail", w.root, "", "mailId", w.givenUp("b")) }, []string{byRoot("MAIL_CANCELLED", "ada")}},
		{"mutation retryAllMails", func() { w.givenUp("c"); w.givenUp("d"); w.run("retryAllMails", w.root, "") }, []string{"MAIL_RETRIED by ADMIN root to none x2 API"}},
		{"mutation cancelAllMails", func() { w.givenUp("e"); w.givenUp("f"); w.run("cancelAllMails", w.root, "") }, []string{"MAIL_CANCELLED by ADMIN root to none x2 API"}},
	}
}

// givenUp writes a mail to ada that was given up, and returns its id.
func (w *actors) givenUp(id string) string {
	w.t.Helper()
	now := time.Now().UTC()
	details, err := json.Marshal(map[string]any{"to": w.ada.Email, "username": w.ada.Username, "at": now})
	if err != nil {
		w.t.Fatal(err)
	}
	change(w.t, w.s, `INSERT INTO outbox (id, kind, recipient_key, client, user_id, details, admitted, attempts, last_error, created_at, due_at, failed_at, place)
		VALUES ($1, 'account_disabled', $2, '', $3, $4, TRUE, 1, 'x', $5, $5, $5, 0)`, id, w.ada.Email, w.ada.ID, string(details), now)
	return id
}

// forms are what the pages behind links do.
func (w *actors) forms() []act {
	t, s, ada := w.t, w.s, w.ada
	dan, fay := testenv.Newcomer(), testenv.Newcomer()
	open := func(to, subject string) page {
		return browse(t, s.URL(), http.MethodGet, awaitMail(t, s, to, subject, 0).Links[0])
	}
	moved := testenv.Address()
	change := func(to string) {
		ada.Access = s.Login(t, ada).Tokens.AccessToken
		w.run("changeEmail", ada.Access, ada.Client, "email", to, "password", ada.Password)
		w.mark()
	}
	return []act{
		{"form confirm", func() {
			s.Register(t, dan)
			open(dan.Email, "Confirm your email").press(t, s.URL(), dan.Client, "confirm", "").mustShow(t, http.StatusOK, "")
			dan.ID = w.id(dan)
			w.known("dan", dan)
		}, []string{"ACCOUNT_CREATED by NOBODY to dan LINK"}},
		{"form decline", func() {
			s.Register(t, fay)
			open(fay.Email, "Confirm your email").press(t, s.URL(), fay.Client, "decline", "").mustShow(t, http.StatusOK, "")
		}, []string{"REGISTRATION_DECLINED by NOBODY to none LINK"}},
		{"form decline of a change", func() {
			to := testenv.Address()
			change(to)
			open(to, "Confirm your new email").press(t, s.URL(), ada.Client, "decline", "").mustShow(t, http.StatusOK, "")
		}, []string{"EMAIL_CHANGE_DECLINED by NOBODY to ada LINK"}},
		{"form confirm of a change", func() {
			change(moved)
			open(moved, "Confirm your new email").press(t, s.URL(), ada.Client, "confirm", "").mustShow(t, http.StatusOK, "")
		}, []string{"EMAIL_CHANGED by NOBODY to ada LINK"}},
		{"form undo", func() {
			(&story{ada, t, s}).open(awaitMail(t, s, ada.Email, "Your email was changed", 0)).press(t, s.URL(), ada.Client, "undo", "").mustShow(t, http.StatusOK, "yours again")
		}, []string{"TAKEN_BACK by NOBODY to ada LINK"}},
		{"form set", func() {
			ada.Password = "a new horse of " + ada.Username
			open(ada.Email, "Set a new password").press(t, s.URL(), ada.Client, "set", ada.Password).mustShow(t, http.StatusOK, "Your password is set")
		}, []string{"PASSWORD_RESET by NOBODY to ada LINK"}},
		{"form stop", func() {
			stop := awaitMail(t, s, dan.Email, "Confirm your email", 0).Stop
			browse(t, s.URL(), http.MethodGet, stop).press(t, s.URL(), dan.Client, "stop", "")
			browse(t, s.URL(), http.MethodGet, stop).press(t, s.URL(), dan.Client, "start", "")
			oneClick(t, s, stop)
		}, nil},
	}
}

// id is that of a person who is known by their address.
func (w *actors) id(p *testenv.Person) (id string) {
	w.t.Helper()
	if err := w.s.DB(w.t).QueryRow(w.t.Context(), `SELECT id FROM users WHERE email_key = $1`, p.Email).Scan(&id); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// calls are those of the OAuth endpoints.
func (w *actors) calls() []act {
	t, s, ada := w.t, w.s, w.ada
	var access, token string
	return []act{
		{"call /auth/token, password", func() { access, token = granted(t, speak(t, s, tokenPath, passwordForm(ada), ada.Client)) },
			[]string{"LOGIN by USER ada to ada OAUTH"}},
		{"call /auth/token, refresh_token", func() { _, token = granted(t, speak(t, s, tokenPath, refreshForm(token), ada.Client)) }, nil},
		{"call /auth/revoke", func() { speak(t, s, revokePath, formOf("token", token), ada.Client) }, []string{"LOGOUT by USER ada to ada OAUTH"}},
		{"call /auth/revoke, by a client", func() {
			access, token = granted(t, speak(t, s, tokenPath, passwordForm(ada, asShop...), ada.Client))
			w.mark()
			speak(t, s, revokePath, formOf(append([]string{"token", token}, asShop...)...), ada.Client)
		}, []string{"LOGOUT by CLIENT shop to ada OAUTH"}},
		{"call /auth/introspect", func() {
			speak(t, s, introspectPath, formOf(append([]string{"token", access}, asShop...)...), ada.Client)
		}, nil},
		{"call /auth/verify", func() { exchange(t, http.MethodGet, s.URL()+verifyPath, "", "Authorization", "Bearer "+access) }, nil},
	}
}

// commands are those of the shell, but for those that no server may be beside.
func (w *actors) commands() []act {
	t, s := w.t, w.s
	gus := testenv.Newcomer()
	by := func(kind, whom string) []string { return []string{kind + " by SHELL to " + whom + " SHELL"} }
	user := func(what string, more ...string) func() {
		return func() { w.command("", append([]string{"user", what, gus.ID}, more...)...) }
	}
	file := filepath.Join(w.dir, "users.jsonl")
	backup := filepath.Join(w.dir, "backup.db")
	return []act{
		{"command user create", func() {
			gus.ID = strings.TrimSpace(w.command(gus.Password+"\n", "user", "create", "--email", gus.Email, "--username", gus.Username))
			w.known("gus", gus)
		}, by("ACCOUNT_CREATED", "gus")},
		{"command user list", func() { w.command("", "user", "list") }, nil},
		{"command user show", user("show"), nil},
		{"command user set-role", user("set-role", "ADMIN"), by("ROLE_CHANGED", "gus")},
		{"command user disable", user("disable"), by("ACCOUNT_DISABLED", "gus")},
		{"command user enable", user("enable"), by("ACCOUNT_ENABLED", "gus")},
		{"command user require", user("require", "--second-factor"), by("DUTY_SET", "gus")},
		{"command user require", user("require", "--second-factor=false"), by("DUTY_SET", "gus")},
		{"command user revoke-sessions", func() { s.Login(t, gus); w.mark(); user("revoke-sessions")() }, by("SESSIONS_REVOKED", "gus")},
		{"command user revoke-sessions", user("revoke-sessions"), nil}, // there are none
		{"command user reset-password", user("reset-password"), by("PASSWORD_RESET_SENT", "gus")},
		{"command user reset-password", user("reset-password", "--print-link"), by("PASSWORD_RESET_LINK_MADE", "gus")},
		{"command user reset-factors", user("reset-factors"), by("FACTORS_RESET", "gus")},
		{"command user export", user("export"), by("ACCOUNT_EXPORTED", "gus")},
		{"command user delete", user("delete", "--yes"), by("ACCOUNT_DELETED", "gus")},
		{"command import", func() {
			lines := ""
			for range 3 {
				p := testenv.Newcomer()
				lines += `{"email":"` + p.Email + `","username":"` + p.Username + `"}` + "\n"
			}
			if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
				t.Fatal(err)
			}
			w.command("", "import", file, "--dry-run")
			w.command("", "import", file)
			w.command("", "import", file) // who are there already
		}, []string{"USERS_IMPORTED by SHELL to none x3 SHELL"}},
		{"command export", func() {
			w.command("", "export")
			exported := count(t, s, `SELECT count FROM security_events WHERE kind = 'USERS_EXPORTED'`)
			if n := count(t, s, `SELECT count(*) FROM users`); exported != n {
				t.Errorf("%d of %d users were exported", exported, n)
			}
		}, by("USERS_EXPORTED", "none")},
		{"command mail list", func() { w.command("", "mail", "list") }, nil},
		{"command mail retry", func() { w.command("", "mail", "retry", w.givenUp("e")) }, by("MAIL_RETRIED", "ada")},
		{"command mail retry", func() { w.givenUp("f"); w.givenUp("g"); w.command("", "mail", "retry", "--all") }, []string{"MAIL_RETRIED by SHELL to none x2 SHELL"}},
		{"command mail cancel", func() { w.command("", "mail", "cancel", w.givenUp("h")) }, by("MAIL_CANCELLED", "ada")},
		{"command mail allow", func() { w.command("", "mail", "allow", testenv.Address()) }, by("MAILS_ALLOWED", "none")},
		{"command keys new", func() { w.command("", "keys", "new") }, nil},
		{"command keys list", func() { w.command("", "keys", "list") }, nil},
		{"command keys rotate", func() { w.command("", "keys", "rotate") }, by("SIGNING_KEYS_ROTATED", "none")},
		{"command keys rotate", func() { w.command("", "keys", "rotate", "--now") }, by("SIGNING_KEYS_REPLACED", "none")},
		{"command keys reseal", func() { w.command("", "keys", "reseal") }, nil}, // an older secret sealed nothing
		{"command backup", func() { w.command("", "backup", backup) }, by("BACKUP_MADE", "none")},
		{"command doctor", func() { shell(t, s, "", "doctor") }, nil},
		{"command version", func() { w.command("", "version") }, nil},
		{"command healthcheck", func() { shell(t, s, "", "healthcheck") }, nil},
		{"command breaches build", func() {
			dump := filepath.Join(w.dir, "dump")
			if err := os.WriteFile(dump, []byte("000000005AD76BD555C1D6D771DE417A4B87E4B4:10\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			w.command("", "breaches", "build", dump, "-o", filepath.Join(w.dir, "list"))
		}, nil},
		{"command sessions revoke", func() {
			change(t, s, `DELETE FROM sessions`)
			s.Login(t, w.ada)
			s.Login(t, w.ada)
			w.mark()
			w.command("", "sessions", "revoke", "--all")
		}, []string{"SESSIONS_REVOKED by SHELL to none x2 SHELL"}},
	}
}
