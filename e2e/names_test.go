package e2e_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// An address that is not exactly what some mail server would get is refused, when
// registering and when it is to be the new one; nobody gets a mail.
func TestBadAddresses_B2_B3(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada, at := s.Join(t), domain()
		for name, address := range map[string]string{
			"none":                        "",
			"no @":                        "ada." + at,
			"two":                         "ada@" + at + "@" + at,
			"nobody":                      "@" + at,
			"nowhere":                     "ada@",
			"a display name":              "Ada <ada@" + at + ">",
			"brackets":                    "<ada@" + at + ">",
			"a comment":                   "ada(x)@" + at,
			"a comment behind":            "ada@" + at + " (x)",
			"a quoted local part":         `"ada"@` + at,
			"a quoted space":              `"a da"@` + at,
			"a route":                     "@relay.example.org:ada@" + at,
			"an IP address":               "ada@[127.0.0.1]",
			"an IPv6 address":             "ada@[IPv6:::1]",
			"a bare IP address":           "ada@127.0.0.1",
			"a list":                      "ada@" + at + ",eve@" + at,
			"a list by semicolons":        "ada@" + at + ";eve@" + at,
			"a header":                    "ada@" + at + "\r\nBcc: eve@" + at,
			"a line break":                "ada@\n" + at,
			"a space":                     "a da@" + at,
			"a space before the @":        "ada @" + at,
			"a space that is no ASCII":    "ada@\u00a0" + at,
			"no white space behind":       "ada@" + at + "\u200b",
			"a space without width":       "ada\u200b@" + at,
			"turned round":                "ada\u202e@" + at,
			"a soft hyphen":               "ada@exa\u00admple." + at,
			"a tab":                       "a\tda@" + at,
			"DEL":                         "ada\x7f@" + at,
			"an @ of another width":       "ada＠" + at,
			"a local part beyond ASCII":   "ad\u00e4@" + at,
			"the sign of the kelvin":      "\u212aarl@" + at,
			"a long s":                    "\u017fam@" + at,
			"a Cyrillic a":                "\u0430da@" + at,
			"full width":                  "ａｄａ@" + at,
			"dots together":               "a..da@" + at,
			"a dot before":                ".ada@" + at,
			"a dot behind":                "ada.@" + at,
			"a dot behind the domain":     "ada@" + at + ".",
			"an underscore in the domain": "ada@a_b." + at,
			"a hyphen before":             "ada@-x." + at,
			"a hyphen behind":             "ada@x-." + at,
			"a label of 64":               "ada@" + times(64, "x") + "." + at,
			"a local part of 65":          times(65, "x") + "@" + at,
			"255 bytes":                   "ada@" + times(60, "abc.") + at[:11],
			"an encoded word":             "=?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte("ada")) + "?=@" + at,
			"one in the middle":           "x.=?UTF-8?Q?ada?=.y@" + at,
			"a percent sign in the host":  "ada@" + at + "%00.evil.example",
			"a backslash":                 `ada\@` + at,
			"a broken punycode":           "ada@xn--\u00fc." + at,
			"punycode of nothing":         "ada@xn--a." + at,
		} {
			eve := testenv.Newcomer()
			eve.Email = address
			mustSay(t, testenv.Post(t, s.URL(), registerRequest(eve)), "register", "EMAIL_INVALID")
			a := testenv.Post(t, s.URL(), asking("changeEmail", ada.Access, testenv.ClientAddress(), "email", address, "password", ada.Password))
			if got := codes(a.Payload(t, "changeEmail")); len(got) != 1 || got[0] != "EMAIL_INVALID" {
				t.Errorf("changeEmail to %s: %s", name, cut(string(a.Body)))
			}
		}
		if n := count(t, s, `SELECT count(*) FROM outbox WHERE recipient_key LIKE '%'||$1`, at); n != 0 || len(s.Recipients(t, at)) != 0 {
			t.Errorf("%d mails are to go to addresses that were refused, %d went", n, len(s.Recipients(t, at)))
		}
	})
}

// An address that a mail server may decode into another one is nobody's new address, by
// any way in. Whoever has one logs in, and gets mails, as before.
func TestEncodedWord_B3(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		victim, at := testenv.Username(), domain()
		encoded := "=?utf-8?b?" + base64.RawStdEncoding.EncodeToString([]byte(victim)) + "?=@" + at
		p := testenv.Newcomer()
		p.Email = encoded
		mustSay(t, testenv.Post(t, s.URL(), registerRequest(p)), "register", "EMAIL_INVALID")
		_, admin := makeAdmin(t, s)
		a := testenv.Post(t, s.URL(), testenv.Request{Bearer: admin, Variables: testenv.Input("email", encoded, "username", p.Username),
			Query: `mutation ($i: CreateUserInput!) { createUser(input: $i) { user { id } errors { code } } }`})
		mustSay(t, a, "createUser", "EMAIL_INVALID")
		mustPrint(t, s, p.Password+"\n", 1, []string{"An address looks like"}, "user", "create", "--email", encoded, "--username", p.Username)
		mustPrint(t, s, importLine(p, importedHashes["argon2id"]), 1, []string{"An address looks like"}, "import", "-")
		if n := count(t, s, `SELECT count(*) FROM users WHERE email_key LIKE '%'||$1`, at); n != 0 {
			t.Errorf("%d accounts have such an address", n)
		}

		ada := s.Join(t)
		mustSay(t, testenv.Post(t, s.URL(), asking("changeEmail", ada.Access, ada.Client, "email", encoded, "password", ada.Password)), "changeEmail", "EMAIL_INVALID")
		if _, err := s.DB(t).Exec(t.Context(), `UPDATE users SET email = $1, email_key = $2 WHERE id = $3`, encoded, strings.ToLower(encoded), ada.ID); err != nil {
			t.Fatal(err)
		}
		if got := testenv.Post(t, s.URL(), loginRequest(encoded, ada.Password, ada.Client)).Payload(t, "login"); got.User == nil || got.User.ID != ada.ID {
			t.Errorf("login with such an address of before: %+v", got)
		}
		if out := userCommand(t, s, "show", encoded); !strings.Contains(out, ada.ID) {
			t.Errorf("user show: %s", out)
		}
		mustSay(t, testenv.Post(t, s.URL(), asking("requestPasswordReset", "", ada.Client, "email", encoded)), "requestPasswordReset")
	})
}

// However an address is written, it is one account: its owner logs in by any
// spelling, whoever registers it again makes none, and the mail goes to the
// address as its owner has it.
func TestOneAccountAnAddress_B1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := testenv.Newcomer()
		kept := "Ada.Lovelace@" + ada.Username + ".xn--bcher-kva.example" // the domain as mail servers have it
		key := strings.ToLower(kept)
		ada.Email = "Ada.Lovelace@" + ada.Username + ".Bücher.example"
		mustSay(t, testenv.Post(t, s.URL(), registerRequest(ada)), "register")
		token := testenv.LinkToken(t, s.AwaitMails(t, kept, 1)[0].Links[0])
		confirmed := testenv.Post(t, s.URL(), confirmRequest(token, "", ada.Client)).Payload(t, "confirmEmail")
		if confirmed.Tokens == nil || confirmed.User.Email == nil || *confirmed.User.Email != kept {
			t.Fatalf("confirmEmail: %+v", confirmed)
		}
		for _, spelling := range []string{
			ada.Email, strings.ToUpper(ada.Email), strings.ToLower(ada.Email), key, strings.ToUpper(key),
		} {
			a := testenv.Post(t, s.URL(), loginRequest(spelling, ada.Password, ada.Client))
			if got := a.Payload(t, "login"); got.Tokens == nil || got.User.ID != confirmed.User.ID {
				t.Errorf("login by %q: %s", spelling, a.Body)
			}
			eve := testenv.Newcomer()
			eve.Email = spelling
			before := len(s.Mails(t, kept))
			mustSay(t, testenv.Post(t, s.URL(), registerRequest(eve)), "register")
			testenv.Await(t, patience, "the mail to be decided on", func() bool {
				return count(t, s, `SELECT count(*) FROM outbox WHERE recipient_key = $1`, key) == 0
			})
			for _, mail := range s.Mails(t, kept)[:len(s.Mails(t, kept))-before] {
				if mail.To != kept || mail.Subject != "You already have an account" {
					t.Errorf("a mail to %q: %q", mail.To, mail.Subject)
				}
			}
		}
		if n := count(t, s, `SELECT count(*) FROM users WHERE email_key = $1`, key); n != 1 {
			t.Errorf("%d accounts, want 1", n)
		}
		// What some step elsewhere would make the same is another here, or none.
		for _, spelling := range []string{
			"ada.love\u017face@" + ada.Username + ".xn--bcher-kva.example", "ada.lovelace@" + strings.Replace(ada.Username, "u", "\uff55", 1) + ".xn--bcher-kva.example",
			"ada.lovelace@" + ada.Username + ".bu\u0308cher.example", "ada.lovelace@" + ada.Username + "。bücher．example",
		} {
			eve := testenv.Newcomer()
			eve.Email = spelling
			mustSay(t, testenv.Post(t, s.URL(), registerRequest(eve)), "register", "EMAIL_INVALID")
			mustSay(t, testenv.Post(t, s.URL(), loginRequest(spelling, ada.Password, testenv.ClientAddress())), "login", "INVALID_CREDENTIALS")
		}
	})
}

// A username is of plain letters and is one whatever its case, also for who takes
// it later; nothing that looks like it or like an address is one.
func TestUsernames_B3_B4(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada, bob := s.Join(t), s.Join(t)
		wants := func(username string, want ...string) {
			t.Helper()
			eve := testenv.Newcomer()
			eve.Username = username
			mustSay(t, testenv.Post(t, s.URL(), registerRequest(eve)), "register", want...)
			if len(want) > 0 {
				mustSay(t, testenv.Post(t, s.URL(), asking("changeUsername", bob.Access, bob.Client, "username", username)), "changeUsername", want...)
			}
		}
		for _, like := range []string{
			strings.Replace(ada.Username, "u", "\uff55", 1), ada.Username + "\u200b", ada.Username + "\u0301", ada.Username[:8] + "\u202e" + ada.Username[8:],
			ada.Username[:8] + " " + ada.Username[8:], ada.Username + ".", "-" + ada.Username, "_" + ada.Username,
			"\u0430da", "\u212aarl", "\u017fam", "ada@example", ada.Email, "ada/../bob", "ada%2e", "<b>ada</b>", "{{.}}", "a b", "ab", times(33, "a"), "",
		} {
			wants(like, "USERNAME_INVALID")
		}
		for _, taken := range []string{ada.Username, ada.Username + " ", " " + ada.Username, ada.Username + "\n", strings.ToUpper(ada.Username), strings.ToUpper(ada.Username[:1]) + ada.Username[1:]} {
			wants(taken, "USERNAME_TAKEN")
		}
		for _, reserved := range []string{"admin", "Admin", "ROOT", "support", "system", "me", "null", "latchkey"} {
			eve := testenv.Newcomer()
			eve.Username = reserved
			a := testenv.Post(t, s.URL(), registerRequest(eve))
			if got := codes(a.Payload(t, "register")); len(got) != 1 || got[0] != "USERNAME_TAKEN" && got[0] != "USERNAME_INVALID" {
				t.Errorf("register as %s: %s", reserved, a.Body)
			}
		}
		wants(testenv.Username()[:19] + ".-_x")
		for _, login := range []string{strings.Replace(ada.Username, "u", "\uff55", 1), ada.Username[:8] + " " + ada.Username[8:], ada.Username + "\u200b", ada.Username + "."} {
			mustSay(t, testenv.Post(t, s.URL(), loginRequest(login, ada.Password, testenv.ClientAddress())), "login", "INVALID_CREDENTIALS")
		}
		a := testenv.Post(t, s.URL(), loginRequest(strings.ToUpper(ada.Username), ada.Password, ada.Client))
		if got := a.Payload(t, "login"); got.Tokens == nil || got.User.ID != ada.ID {
			t.Errorf("login in capitals: %s", a.Body)
		}
	})
}
