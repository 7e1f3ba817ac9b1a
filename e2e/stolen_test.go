package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// listedDevice is a session in the list of devices, with its last refresh.
type listedDevice struct {
	ID, DeviceName string
	Current        bool
	LastRefresh    *struct{ At, UserAgent, IPAddress, Device string }
}

// devicesOf is the list that somebody sees.
func devicesOf(t *testing.T, s *testenv.Stack, access string) (list []listedDevice) {
	t.Helper()
	a := testenv.Post(t, s.URL(), testenv.Request{Query: `{ me { sessions { id deviceName current lastRefresh { at userAgent ipAddress device } } } }`, Bearer: access})
	var me struct{ Sessions []listedDevice }
	a.Into(t, "me", &me)
	return me.Sessions
}

// A refresh token that is used by another program elsewhere shows in the list of devices,
// in the mailbox of its owner and in the account's history; and the owner ends it by the
// link of the mail.
func TestStolenTokenIsSeen_A8(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		const curl = "curl/8.14.1"
		for way, steal := range map[string]func(ada *testenv.Person, thief string) (access string){
			"the API": func(ada *testenv.Person, thief string) string {
				r := refreshRequest(ada.Refresh)
				r.Client, r.Header = thief, map[string]string{"User-Agent": curl}
				return testenv.Post(t, s.URL(), r).Payload(t, "refresh").Tokens.AccessToken
			},
			"the token endpoint": func(ada *testenv.Person, thief string) string {
				return speak(t, s, tokenPath, refreshForm(ada.Refresh), thief, "User-Agent", curl).text("access_token")
			},
		} {
			ada, thief := s.Join(t), testenv.ClientAddress()
			if list := devicesOf(t, s, ada.Access); len(list) != 1 || list[0].LastRefresh != nil {
				t.Fatalf("%s: the devices before are %+v", way, list)
			}
			before := len(s.Mails(t, ada.Email))
			stolen := steal(ada, thief)
			list := devicesOf(t, s, ada.Access)
			if len(list) != 1 || list[0].LastRefresh == nil {
				t.Fatalf("%s: the devices are %+v", way, list)
			}
			if r := list[0].LastRefresh; r.UserAgent != curl || r.IPAddress != thief || r.Device != "curl" || r.At == "" {
				t.Errorf("%s: the last refresh is %+v", way, r)
			}
			m := awaitMail(t, s, ada.Email, "Another device uses your login", before)
			if !strings.Contains(m.Text, "Device: curl") || !strings.Contains(m.Text, thief) {
				t.Errorf("%s: the mail says\n%s", way, m.Text)
			}
			own := history(t, s, ada.Access, ada.ID)
			if e := own[len(own)-1]; e.Kind != "SESSION_MOVED" || *e.Device != "curl" || *e.SessionID != list[0].ID {
				t.Errorf("%s: the newest event is %+v", way, e)
			}
			mustBe(t, s.URL(), stolen, ada.ID)
			browse(t, s.URL(), http.MethodGet, m.Links[0]).press(t, s.URL(), ada.Client, "undo", "").mustShow(t, http.StatusOK, "yours again")
			mustBeRevoked(t, s.URL(), stolen)
			mustBeRevoked(t, s.URL(), ada.Access)
		}
	})
}

// Who makes an administrator, or takes that away, is told to the user and to all
// administrators, by the API and from the shell.
func TestRoleIsTold_A9(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		eve, bob := s.Join(t), s.Join(t) // eve stands for an administrator's stolen access token
		_, root := makeAdmin(t, s)
		setRole(t, s, root, eve.ID, "ADMIN")
		awaitMail(t, s, eve.Email, "Your role was changed", 0)
		expects := func(what, to, subject string, parts ...string) {
			t.Helper()
			testenv.Await(t, patience, what+", to "+subject, func() bool {
				for _, m := range s.Mails(t, to) {
					if m.Subject != subject {
						continue
					}
					all := true
					for _, part := range parts {
						all = all && strings.Contains(m.Text, part)
					}
					if all {
						return true
					}
				}
				return false
			})
		}
		setRole(t, s, eve.Access, bob.ID, "ADMIN")
		expects("a promotion", bob.Email, "Your role was changed", "is an administrator now", "An administrator did this.")
		expects("a promotion", eve.Email, "The administrators changed", bob.Username+" is an administrator now", eve.Username+" did this")
		userCommand(t, s, "set-role", bob.ID, "USER")
		expects("a demotion", bob.Email, "Your role was changed", "no longer", "by a command on the server")
		expects("a demotion", eve.Email, "The administrators changed", bob.Username+" is an administrator no longer", "by a command on the server")
		made := testenv.Newcomer()
		a := testenv.Post(t, s.URL(), asking("createUser", eve.Access, "", "email", made.Email, "username", made.Username, "role", "ADMIN"))
		mustSay(t, a, "createUser")
		expects("a new account", made.Email, "Your role was changed", "is an administrator now")
		expects("a new account", eve.Email, "The administrators changed", made.Username+" is an administrator now", eve.Username+" did this")
		for _, m := range s.Mails(t, bob.Email) {
			if m.Subject == "Your role was changed" && strings.Contains(m.Text, eve.Username) {
				t.Errorf("bob is told who it was:\n%s", m.Text)
			}
		}
	})
}
