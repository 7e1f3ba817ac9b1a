package e2e_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

const historyOp = `query ($id: ID!) { user(id: $id) { securityEvents(first: 100) {
	nodes { id at kind outcome actor actorId way sessionId client device requestId from to count } pageInfo { hasNextPage } } } }`

// happened is an event as the API shows it.
type happened struct {
	Kind, Outcome, Actor, Way                     string
	ActorID, SessionID, Client, Device, RequestID *string
	From, To                                      *string
	Count                                         int
}

// history is what a viewer sees of a user's, the oldest first; nil if nothing.
func history(t *testing.T, s *testenv.Stack, bearer, id string) []happened {
	t.Helper()
	a := testenv.Post(t, s.URL(), testenv.Request{Query: historyOp, Variables: map[string]any{"id": id}, Bearer: bearer})
	var got struct {
		SecurityEvents *struct{ Nodes []happened }
	}
	if a.Into(t, "user", &got); len(a.Errors) > 0 {
		t.Fatalf("history: %s", a.Body)
	}
	if got.SecurityEvents == nil {
		return nil
	}
	slices.Reverse(got.SecurityEvents.Nodes)
	return got.SecurityEvents.Nodes
}

// What happens to an account is written down with who did it, how and by which
// request; its user sees it, and of administrators only that it was one.
func TestSecurityEvents_O4(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		bob, eve := s.Join(t), s.Join(t)
		rootID, root := makeAdmin(t, s)
		phone := s.Login(t, bob).Tokens
		renamed := testenv.Post(t, s.URL(), testenv.Request{
			Query: `mutation ($i: ChangeUsernameInput!) { changeUsername(input: $i) { errors { code } } }`, Variables: testenv.Input("username", testenv.Username()),
			Bearer: bob.Access, Client: bob.Client,
		})
		mustSay(t, renamed, "changeUsername")
		mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input("refreshToken", phone.RefreshToken)}), "logout")
		setRole(t, s, root, bob.ID, "ADMIN")
		setRole(t, s, root, bob.ID, "USER")
		userCommand(t, s, "disable", bob.ID)
		mustSay(t, testenv.Post(t, s.URL(), administer("enableUser", root, bob.ID)), "enableUser")
		bob.Username = bob.Email
		bob.Access = s.Login(t, bob).Tokens.AccessToken

		var kinds []string
		own := history(t, s, bob.Access, bob.ID)
		for _, e := range own {
			kinds = append(kinds, e.Kind+" "+e.Actor)
		}
		want := []string{
			"ACCOUNT_CREATED NOBODY", "LOGIN USER", "LOGIN USER", "USERNAME_CHANGED USER", "LOGOUT USER", "ROLE_CHANGED ADMIN", "ROLE_CHANGED ADMIN",
			"ACCOUNT_DISABLED SHELL", "ACCOUNT_ENABLED ADMIN", "LOGIN USER",
		}
		if !slices.Equal(kinds, want) {
			t.Fatalf("bob sees\n%s\nwant\n%s", strings.Join(kinds, "\n"), strings.Join(want, "\n"))
		}
		id := renamed.Header.Get("X-Request-Id")
		if e := own[3]; *e.RequestID != id || *e.ActorID != bob.ID || e.Way != "API" || e.Outcome != "SUCCESS" || !strings.HasSuffix(*e.Client, ".0/24") || strings.HasPrefix(*e.Client, bob.Client) {
			t.Errorf("the rename: %+v, of request %s from %s", e, id, bob.Client)
		}
		if e := own[5]; *e.From != "USER" || *e.To != "ADMIN" {
			t.Errorf("the promotion: %+v", e)
		}
		all := history(t, s, root, bob.ID)
		for i, e := range own {
			byOther := e.Actor == "ADMIN" || e.Actor == "SHELL"
			if byOther && (e.ActorID != nil || e.Client != nil || e.Device != nil || e.RequestID != nil || e.SessionID != nil) {
				t.Errorf("bob is told of another: %+v", e)
			}
			if who := all[i].ActorID; e.Actor == "ADMIN" && (who == nil || *who != rootID) || e.Actor == "SHELL" && (who == nil || !strings.Contains(*who, "@")) {
				t.Errorf("an administrator is not told who: %+v", all[i])
			}
		}
		if seen := history(t, s, eve.Access, bob.ID); seen != nil {
			t.Errorf("a stranger sees %+v", seen)
		}
		testenv.Await(t, patience, "the rename in the log", func() bool {
			for line := range strings.Lines(s.Log()) {
				var l struct {
					Event     string
					UserID    string `json:"user_id"`
					RequestID string `json:"request_id"`
				}
				if json.Unmarshal([]byte(line), &l) == nil && l.Event == "USERNAME_CHANGED" && l.UserID == bob.ID && l.RequestID == id {
					return true
				}
			}
			return false
		})
		// It outlives its user, without a name or an address.
		mustSay(t, testenv.Post(t, s.URL(), administer("deleteUser", root, bob.ID)), "deleteUser")
		if n := count(t, s, `SELECT count(*) FROM security_events WHERE user_id = $1`, bob.ID); n != len(own)+1 {
			t.Errorf("%d rows are left, want %d", n, len(own)+1)
		}
	})
}

// What only the shell could do, administrators can do too.
func TestAdministratorsHelp_C6_E5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		_, root := makeAdmin(t, s)
		p := testenv.Newcomer()
		create := testenv.Request{Query: `mutation ($i: CreateUserInput!) { createUser(input: $i) { user { id username email role } errors { code field } } }`,
			Variables: testenv.Input("email", p.Email, "username", p.Username)}
		mustFail(t, "createUser", testenv.Post(t, s.URL(), create), "UNAUTHENTICATED", "MISSING")
		create.Bearer = ada.Access
		mustFail(t, "createUser", testenv.Post(t, s.URL(), create), "FORBIDDEN", "ROLE")
		create.Bearer = root
		a := testenv.Post(t, s.URL(), create)
		var made struct{ User person }
		if a.Into(t, "createUser", &made); len(a.Errors) > 0 || made.User.Username != p.Username || *made.User.Role != "USER" {
			t.Fatalf("createUser: %s", a.Body)
		}
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(p.Username, "", p.Client)), "login", "INVALID_CREDENTIALS") // there is no password
		link := testenv.LinkToken(t, s.AwaitMails(t, p.Email, 1)[0].Links[0])
		mustSay(t, testenv.Post(t, s.URL(), testenv.Request{
			Query:     `mutation ($i: ResetPasswordInput!) { resetPassword(input: $i) { errors { code } } }`,
			Variables: testenv.Input("token", link, "newPassword", p.Password),
		}), "resetPassword")
		if got := s.Login(t, p); got.Tokens == nil || got.User.ID != made.User.ID {
			t.Errorf("login: %+v", got)
		}

		send := administer("sendPasswordReset", root, p.ID)
		send.Variables = testenv.Input("userId", made.User.ID)
		before := len(s.Mails(t, p.Email))
		mustSay(t, testenv.Post(t, s.URL(), send), "sendPasswordReset")
		s.AwaitMails(t, p.Email, before+1)

		for _, bearer := range []string{ada.Access, root} {
			a := testenv.Post(t, s.URL(), testenv.Request{Query: `{ mails(first: 5) { nodes { id kind to state tries dueAt lastError createdAt } pageInfo { hasNextPage endCursor } } }`, Bearer: bearer})
			if bearer == root {
				if len(a.Errors) > 0 || !strings.Contains(string(a.Body), `"nodes":[`) {
					t.Errorf("mails: %s", a.Body)
				}
				continue
			}
			mustFail(t, "mails", a, "FORBIDDEN", "ROLE")
		}
		for _, op := range []string{"retryMail", "cancelMail"} {
			r := testenv.Request{
				Query:     `mutation ($i: ` + strings.ToUpper(op[:1]) + op[1:] + `Input!) { ` + op + `(input: $i) { errors { code field } } }`,
				Variables: testenv.Input("mailId", nobodysID), Bearer: ada.Access,
			}
			mustFail(t, op, testenv.Post(t, s.URL(), r), "FORBIDDEN", "ROLE")
			r.Bearer = root
			mustSay(t, testenv.Post(t, s.URL(), r), op, "NOT_FOUND")
		}
		mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: `mutation { retryAllMails { count errors { code } } }`, Bearer: root}), "retryAllMails")
	})
}

// eventLine is what the log has of an event, or of a mail.
type eventLine struct {
	Event, Outcome, Actor, Way, By, Client, Device, Message, Kind, Proofs string
	Time                                                                  string
	UserID                                                                string `json:"user_id"`
	SessionID                                                             string `json:"session_id"`
	RequestID                                                             string `json:"request_id"`
	RegistrationID                                                        string `json:"registration_id"`
}

// eventLines are the lines of a log that have one of these.
func eventLines(log string, is func(eventLine) bool) (list []eventLine) {
	for line := range strings.Lines(log) {
		var l eventLine
		if json.Unmarshal([]byte(line), &l) == nil && is(l) {
			list = append(list, l)
		}
	}
	return list
}

// A line says when, from where, who, what, to whom and how it came out; and whose mail left.
func TestEventLines_O4(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		r := loginRequest(ada.Username, ada.Password, ada.Client)
		r.Header = map[string]string{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
		answer := testenv.Post(t, s.URL(), r)
		_, errOut, code := testenv.Command(t, s.Replicas[0].Dir, "", append([]string{"LOG_FORMAT=json"}, s.Env...), "user", "disable", ada.ID)
		if code != 0 {
			t.Fatalf("user disable: %s", errOut)
		}
		var login []eventLine
		testenv.Await(t, patience, "the line of the login", func() bool {
			login = eventLines(s.Log(), func(l eventLine) bool { return l.RequestID == answer.Header.Get("X-Request-Id") && l.Actor != "" })
			return len(login) > 0
		})
		parts := strings.Split(ada.Client, ".")
		want := eventLine{
			Event: "NEW_DEVICE", Outcome: "SUCCESS", Actor: "USER", Way: "API", Client: strings.Join(parts[:3], ".") + ".0/24", Device: "Firefox on Linux",
			Message: "login", Proofs: "PASSWORD", UserID: ada.ID, SessionID: login[0].SessionID, RequestID: login[0].RequestID, Time: login[0].Time,
		}
		if len(login) != 1 || login[0] != want || want.SessionID == "" || want.Time == "" {
			t.Errorf("the log has %+v, want %+v", login, want)
		}
		disabled := eventLines(errOut, func(l eventLine) bool { return l.Event == "ACCOUNT_DISABLED" })
		if len(disabled) != 1 || disabled[0].Actor != "SHELL" || !strings.Contains(disabled[0].By, "@") || disabled[0].UserID != ada.ID || disabled[0].Way != "SHELL" {
			t.Errorf("the command wrote %s", errOut)
		}
		for what, is := range map[string]func(eventLine) bool{
			"the notice": func(l eventLine) bool {
				return l.Message == "mail sent" && l.UserID == ada.ID && l.Kind == "new_device"
			},
			"the confirmation": func(l eventLine) bool {
				return l.Message == "mail sent" && l.RegistrationID != "" && l.Kind == "confirm_registration"
			},
			"the registration": func(l eventLine) bool {
				return l.Event == "REGISTERED" && l.RegistrationID != "" && l.Client == want.Client
			},
		} {
			testenv.Await(t, patience, "the line of "+what, func() bool { return len(eventLines(s.Log(), is)) > 0 })
		}
	})
}
