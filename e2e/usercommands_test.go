package e2e_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// userCommand runs a command on users that must be done, and returns what it printed.
func userCommand(t *testing.T, s *testenv.Stack, args ...string) string {
	t.Helper()
	out, errOut, code := shell(t, s, "", append([]string{"user"}, args...)...)
	if code != 0 {
		t.Fatalf("user %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, errOut)
	}
	return out
}

// listed are the usernames that user list prints as JSON.
func listed(t *testing.T, s *testenv.Stack, args ...string) []string {
	t.Helper()
	names := []string{}
	lines := json.NewDecoder(strings.NewReader(userCommand(t, s, append([]string{"list", "--json"}, args...)...)))
	for lines.More() {
		var p person
		if err := lines.Decode(&p); err != nil {
			t.Fatal(err)
		}
		names = append(names, p.Username)
	}
	return names
}

// What administrators do goes from the shell too, beside running servers, which
// notice at once.
func TestUserCommands(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		p := newcomerAt(domain())
		token := s.Register(t, p)
		got := testenv.Post(t, s.URL(), confirmRequest(token, "", p.Client)).Payload(t, "confirmEmail")
		p.ID, p.Access = got.User.ID, got.Tokens.AccessToken

		for _, text := range []string{p.ID, p.Username, strings.ToUpper(p.Username), p.Email} {
			if out := userCommand(t, s, "show", text); !strings.Contains(out, p.ID) || !strings.Contains(out, p.Email) || !strings.Contains(out, "LAST USED") {
				t.Errorf("user show %s:\n%s", text, out)
			}
		}
		var shown person
		if err := json.Unmarshal([]byte(userCommand(t, s, "show", p.Email, "--json")), &shown); err != nil || shown.ID != p.ID || *shown.Role != "USER" ||
			len(shown.Sessions) != 1 || shown.Sessions[0].ExpiresAt.IsZero() {
			t.Errorf("user show --json: %v, %+v", err, shown)
		}

		userCommand(t, s, "set-role", p.Username, "admin")
		if a := testenv.Post(t, s.URL(), testenv.Request{Query: `{ users(first: 1) { totalCount } }`, Bearer: p.Access}); len(a.Errors) > 0 {
			t.Errorf("users of a new administrator: %s", a.Body)
		}
		makeAdmin(t, s) // so that p is not the last
		userCommand(t, s, "set-role", p.Email, "USER")
		mustFail(t, "users", testenv.Post(t, s.URL(), testenv.Request{Query: usersOp, Bearer: p.Access}), "FORBIDDEN", "ROLE")

		if out := userCommand(t, s, "revoke-sessions", p.ID); !strings.HasPrefix(out, "1 session ") {
			t.Errorf("user revoke-sessions: %s", out)
		}
		mustBeRevoked(t, s.URL(), p.Access)
		access := s.Login(t, p).Tokens.AccessToken
		userCommand(t, s, "disable", p.Username)
		mustBeRevoked(t, s.URL(), access)
		if out, errOut, code := shell(t, s, "", "user", "reset-password", p.Username, "--print-link"); code != 1 || out != "" || !strings.Contains(errOut, "disabled") {
			t.Errorf("a reset of a disabled user: exit code %d, %q, %q", code, out, errOut)
		}
		userCommand(t, s, "enable", p.Username)
		if got := s.Login(t, p); got.Tokens == nil {
			t.Errorf("login once enabled: %+v", got)
		}

		for _, args := range [][]string{{}, {"--json"}} { // nobody is there to be asked
			out, errOut, code := shell(t, s, "y\n", append([]string{"user", "delete", p.Username}, args...)...)
			if code != 2 || out != "" {
				t.Errorf("user delete without --yes: exit code %d, %q, %q", code, out, errOut)
			}
		}
		userCommand(t, s, "show", p.ID)
		userCommand(t, s, "delete", p.Username, "--yes")
		if out, errOut, code := shell(t, s, "", "user", "show", p.ID); code != 1 || out != "" || !strings.Contains(errOut, "no user has this") {
			t.Errorf("show a deleted user: exit code %d, %q, %q", code, out, errOut)
		}
	})
}

// An operator's link sets a password, and the first that is used kills the others.
func TestResetPasswordCommand_D3(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		p := s.Join(t)
		userCommand(t, s, "reset-password", p.Username)
		testenv.LinkToken(t, awaitMail(t, s, p.Email, "Set a new password", 0).Links[0])
		var links []string
		for range 2 {
			links = append(links, strings.TrimSpace(userCommand(t, s, "reset-password", p.ID, "--print-link")))
		}
		for i, want := range [][]string{{}, {"TOKEN_INVALID"}} {
			a := testenv.Post(t, s.URL(), testenv.Request{
				Query:     `mutation ($i: ResetPasswordInput!) { resetPassword(input: $i) { user { id username } errors { code } } }`,
				Variables: testenv.Input("token", testenv.LinkToken(t, links[i]), "newPassword", p.Password+"!"), Client: p.Client,
			})
			if !slices.Equal(codes(a.Payload(t, "resetPassword")), want) {
				t.Errorf("link %d: %s, want %v", i, a.Body, want)
			}
		}
		mustBeRevoked(t, s.URL(), p.Access)
	})
}

// user list filters and stops where it is told to.
func TestUserListCommand(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		at, names := domain(), []string{}
		for i := range 3 {
			p := newcomerAt(at)
			args := []string{"user", "create", "--email", p.Email, "--username", p.Username}
			if i == 0 {
				args = append(args, "--admin")
			}
			if out, errOut, code := shell(t, s, p.Password+"\n", args...); code != 0 {
				t.Fatalf("user create: exit code %d\n%s%s", code, out, errOut)
			}
			names = append([]string{p.Username}, names...)
		}
		userCommand(t, s, "disable", names[0])
		for _, c := range []struct {
			args []string
			want []string
		}{
			{[]string{}, names},
			{[]string{"--limit", "0"}, names},
			{[]string{"--limit", "2"}, names[:2]},
			{[]string{"--role", "ADMIN"}, names[2:]},
			{[]string{"--role", "user"}, names[:2]},
			{[]string{"--disabled"}, names[:1]},
			{[]string{"--disabled=false"}, names[1:]},
			{[]string{"--disabled", "--role", "ADMIN"}, nil},
		} {
			if got := listed(t, s, append(c.args, "--contains", "--search", "@"+strings.ToUpper(at))...); !slices.Equal(got, c.want) {
				t.Errorf("user list %v: got %v, want %v", c.args, got, c.want)
			}
		}
		out, errOut, code := shell(t, s, "", "user", "list", "--search", at, "--contains", "--limit", "1")
		if lines := strings.Split(strings.TrimSpace(out), "\n"); code != 0 || len(lines) != 2 || !strings.HasPrefix(lines[0], "ID ") ||
			!strings.Contains(lines[1], names[0]) || !strings.Contains(errOut, "--limit") {
			t.Errorf("user list: exit code %d\n%s%s", code, out, errOut)
		}
	})
}
