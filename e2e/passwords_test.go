package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// eachHash runs f on both stacks under both kinds of hashes.
func eachHash(t *testing.T, f func(t *testing.T, s *testenv.Stack, kind string)) {
	t.Helper()
	t.Run("argon2id", func(t *testing.T) {
		t.Parallel()
		onEach(t, func(t *testing.T, s *testenv.Stack) { f(t, s, "argon2id") })
	})
	t.Run("bcrypt", func(t *testing.T) {
		t.Parallel()
		testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) { f(t, s, "bcrypt") }, "PASSWORD_HASH=bcrypt")
	})
}

// resetToken asks for a reset and returns the token of its mail.
func resetToken(t *testing.T, s *testenv.Stack, p *testenv.Person) string {
	t.Helper()
	n := len(s.Mails(t, p.Email))
	mustSay(t, testenv.Post(t, s.URL(), asking("requestPasswordReset", "", p.Client, "email", p.Email)), "requestPasswordReset")
	return testenv.LinkToken(t, awaitMail(t, s, p.Email, "Set a new password", n).Links[0])
}

// The same passwords are refused for the same reason wherever one is set, and the
// reset's link is there still.
func TestRefusedPasswords_A1_A2_A3_A4(t *testing.T) {
	t.Parallel()
	eachHash(t, func(t *testing.T, s *testenv.Stack, kind string) {
		ada := s.Join(t)
		token := resetToken(t, s, ada)
		bcrypt := ""
		if kind == "bcrypt" {
			bcrypt = "PASSWORD_TOO_LONG"
		}
		for name, c := range map[string]struct{ password, want string }{
			"seven":                          {"sevenxy", "PASSWORD_TOO_SHORT"},
			"seven emoji":                    {times(7, "🔑"), "PASSWORD_TOO_SHORT"},
			"seven, each of two code points": {times(7, "e\u0301"), "PASSWORD_TOO_SHORT"},
			"129":                            {times(129, "x"), "PASSWORD_TOO_LONG"},
			"129 emoji":                      {times(129, "🔑"), "PASSWORD_TOO_LONG"},
			"90 KiB":                         {times(90<<10, "x"), "PASSWORD_TOO_LONG"},
			"a tab":                          {"correct\thorse", "PASSWORD_INVALID"},
			"a line break":                   {"correct horse\r\n", "PASSWORD_INVALID"},
			"DEL":                            {"correct horse\x7f", "PASSWORD_INVALID"},
			"a C1 control":                   {"correct horse\u0085", "PASSWORD_INVALID"},
			"a common one":                   {"password1", "PASSWORD_TOO_COMMON"},
			"a common one in other cases":    {"PassWord1", "PASSWORD_TOO_COMMON"},
			"a row of digits":                {"987654321", "PASSWORD_TOO_COMMON"},
			"one digit":                      {"00000000", "PASSWORD_TOO_COMMON"},
			"digits over and over":           {"123123123", "PASSWORD_TOO_COMMON"},
			"two digits over and over":       {"12121212", "PASSWORD_TOO_COMMON"},
			"the alphabet":                   {"abcdefgh", "PASSWORD_TOO_COMMON"},
			"a day":                          {"24.12.1985", "PASSWORD_TOO_COMMON"},
			"a common one with digits in it": {"p@ssw0rd1", "PASSWORD_TOO_COMMON"},
			"a common one and a mark":        {"password1!", "PASSWORD_TOO_COMMON"},
			"a common one, wide and hidden":  {"\uff30assw\u200bord1", "PASSWORD_TOO_COMMON"},
			"the service":                    {"latchkey", "PASSWORD_TOO_COMMON"},
			"the username":                   {ada.Username, "PASSWORD_TOO_COMMON"},
			"the username in capitals":       {strings.ToUpper(ada.Username), "PASSWORD_TOO_COMMON"},
			"the address":                    {ada.Email, "PASSWORD_TOO_COMMON"},
			"the address before the @":       {strings.Split(ada.Email, "@")[0], "PASSWORD_TOO_COMMON"},
			"73 bytes":                       {times(73, "y"), bcrypt},
			"64 emoji":                       {times(64, "🔑"), bcrypt},
		} {
			if c.want == "" {
				continue // TestAcceptedPasswords sets them
			}
			p := *ada
			p.Client = testenv.ClientAddress()
			wants := func(field string, a *testenv.Answer) {
				t.Helper()
				got := codes(a.Payload(t, field))
				got = slices.DeleteFunc(got, func(code string) bool { return code == "USERNAME_TAKEN" })
				if !slices.Equal(got, []string{c.want}) {
					t.Errorf("%s: %s: got %s, want %s", name, field, cut(string(a.Body)), c.want)
				}
			}
			p.Password = c.password
			wants("register", testenv.Post(t, s.URL(), registerRequest(&p)))
			wants("changePassword", testenv.Post(t, s.URL(), asking("changePassword", ada.Access, p.Client, "currentPassword", ada.Password, "newPassword", c.password)))
			wants("resetPassword", testenv.Post(t, s.URL(), asking("resetPassword", "", p.Client, "token", token, "newPassword", c.password)))
		}
		mustBe(t, s.URL(), ada.Access, ada.ID)
		mustSay(t, testenv.Post(t, s.URL(), asking("resetPassword", "", ada.Client, "token", token, "newPassword", "a fine new horse")), "resetPassword")
	})
}

// What is accepted counts as it was typed, to the last character, and is stored as
// a hash of the parameters in force.
func TestAcceptedPasswords_A1_A4_A5(t *testing.T) {
	t.Parallel()
	eachHash(t, func(t *testing.T, s *testenv.Stack, kind string) {
		ada := s.Join(t)
		type accepted struct{ name, password, wrong string }
		long := []accepted{
			{"64 emoji", times(64, "🔑"), times(63, "🔑") + "🔒"},
			{"128 characters", times(127, "x") + "y", times(127, "x") + "z"},
		}
		if kind == "bcrypt" {
			long = []accepted{{"72 bytes", times(71, "x") + "y", times(71, "x") + "yz"}} // garbage behind
		}
		for _, c := range append(long,
			accepted{"eight", "a quick ", "a quick"},
			accepted{"spaces around", "  correct horse ", "correct horse"},
			accepted{"cases", "Correct Horse", "correct horse"},
			accepted{"any characters", "пароль 密码 \u200d ☃", "пароль 密码 ☃"},
			accepted{"one character in two ways", "caf\u00e9 au lait", "cafe au lait"},
		) {
			mustSay(t, testenv.Post(t, s.URL(), asking("changePassword", ada.Access, ada.Client, "currentPassword", ada.Password, "newPassword", c.password)), "changePassword")
			ada.Password = c.password
			mustSay(t, testenv.Post(t, s.URL(), loginRequest(ada.Username, c.wrong, testenv.ClientAddress())), "login", "INVALID_CREDENTIALS")
			if got := s.Login(t, ada); got.Tokens == nil {
				t.Errorf("%s: login: %+v", c.name, got)
			}
		}
		typedElsewhere := *ada
		typedElsewhere.Password = "cafe\u0301 au lait" // another keyboard
		if got := s.Login(t, &typedElsewhere); got.Tokens == nil {
			t.Errorf("the same characters composed: %+v", got)
		}
		want := map[string]string{"argon2id": "$argon2id$v=19$m=19456,t=2,p=1$", "bcrypt": "$2a$12$"}[kind]
		var hash string
		if err := s.DB(t).QueryRow(t.Context(), `SELECT password_hash FROM users WHERE id = $1`, ada.ID).Scan(&hash); err != nil || !strings.HasPrefix(hash, want) {
			t.Errorf("stored as %.35s…, %v; want %s…", hash, err, want)
		}
	})
}

// Wrong and right: 10 MB of password are refused by their size before anything
// looks at them, and the server is as quick as before.
func TestHugePassword_A1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		for _, field := range []string{"login", "register"} {
			r := loginRequest("ada", times(10<<20, "x"), testenv.ClientAddress())
			if field == "register" {
				p := testenv.Newcomer()
				p.Password = times(10<<20, "x")
				r = registerRequest(p)
			}
			a := answered(exchange(t, http.MethodPost, s.URL()+"/graphql", variablesBody(r), "Content-Type", "application/json"))
			mustRefuse(t, field, a, http.StatusRequestEntityTooLarge, badInput)
		}
		// As much as one body holds is a wrong password like any other.
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(testenv.Username(), times(98<<10, "x"), testenv.ClientAddress())), "login", "INVALID_CREDENTIALS")
	})
}

// Password, address and the end of the account need the current password: wrong
// ones change nothing, and count together with each other.
func TestCurrentPassword_A6_C7(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, s *counted) {
		ada := s.Join(t)
		ways := []func(typed, client string) (string, *testenv.Answer){
			func(typed, client string) (string, *testenv.Answer) {
				return "changePassword", testenv.Post(t, s.URL(), asking("changePassword", ada.Access, client, "currentPassword", typed, "newPassword", "a fine new horse"))
			},
			func(typed, client string) (string, *testenv.Answer) {
				return "changeEmail", testenv.Post(t, s.URL(), asking("changeEmail", ada.Access, client, "password", typed, "email", testenv.Address()))
			},
			func(typed, client string) (string, *testenv.Answer) {
				return "deleteAccount", testenv.Post(t, s.URL(), asking("deleteAccount", ada.Access, client, "password", typed))
			},
		}
		client := testenv.ClientAddress()
		s.mustStopAfter(t, "the three together", pairTries, pairWait, func(i int) *testenv.Answer {
			field, a := ways[i%3](typed, client)
			if a.Code() == "" {
				mustSay(t, a, field, "WRONG_PASSWORD")
			}
			return a
		})
		for _, way := range ways {
			_, a := way(ada.Password, client)
			s.mustRefuse(t, "the right one", a, pairWait)
		}
		if s.disturbed() {
			return // one of them may have gone through
		}
		mustBe(t, s.URL(), ada.Access, ada.ID)
		for _, typed := range []string{"", " " + ada.Password, strings.ToUpper(ada.Password), ada.Password + "\n"} {
			field, a := ways[0](typed, testenv.ClientAddress())
			mustSay(t, a, field, "WRONG_PASSWORD")
		}
		if got := s.Login(t, ada); got.Tokens == nil {
			t.Errorf("login with the old password: %+v", got)
		}
		for _, mail := range s.Mails(t, ada.Email) {
			if mail.Subject != "Confirm your email" && !strings.Contains(mail.Subject, "logged in") {
				t.Errorf("a mail about a change that was refused: %q", mail.Subject)
			}
		}
	})
}
