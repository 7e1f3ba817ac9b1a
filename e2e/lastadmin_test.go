package e2e_test

import (
	"encoding/hex"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/testenv"
)

// enabledAdmins counts the administrators who could do something.
func enabledAdmins(t *testing.T, s *testenv.Stack) int {
	t.Helper()
	return count(t, s, `SELECT count(*) FROM users WHERE role = 'ADMIN' AND disabled_at IS NULL`)
}

// adminLike makes an administrator who can log in, behind the service's back, with
// another's password.
func adminLike(t *testing.T, s *testenv.Stack, model *testenv.Person) *testenv.Person {
	t.Helper()
	p := newcomerAt(domain())
	p.Password = model.Password
	d := s.DB(t)
	p.ID = nobodysID[:len(nobodysID)-12] + hex.EncodeToString(sum(p.Username))[:12]
	if _, err := d.Exec(t.Context(), `
		INSERT INTO users (id, email, email_key, username, password_hash, role, security_version, created_at, updated_at)
		SELECT $1, $2, $2, $3, password_hash, 'ADMIN', 1, created_at, created_at FROM users WHERE id = $4`, p.ID, p.Email, p.Username, model.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Exec(t.Context(), `INSERT INTO usernames (key, user_id) VALUES ($1, $2)`, p.Username, p.ID); err != nil {
		t.Fatal(err)
	}
	got := s.Login(t, p)
	if got.Tokens == nil {
		t.Fatalf("login: %+v", got)
	}
	p.Access = got.Tokens.AccessToken
	return p
}

// The last enabled administrator cannot be taken away, by any way, and is told
// so; a disabled one does not count.
func TestLastAdministrator_E6(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		model := s.Join(t)
		ada, bob := adminLike(t, s, model), adminLike(t, s, model)
		mustSay(t, testenv.Post(t, s.URL(), administer("disableUser", ada.Access, bob.ID)), "disableUser")
		for _, field := range []string{"setUserRole", "disableUser", "deleteUser"} {
			mustSay(t, testenv.Post(t, s.URL(), administer(field, ada.Access, ada.ID)), field, "LAST_ADMIN")
		}
		a := testenv.Post(t, s.URL(), testenv.Request{Query: deleteSelfOp, Variables: testenv.Input("password", ada.Password), Bearer: ada.Access, Client: ada.Client})
		mustSay(t, a, "deleteAccount", "LAST_ADMIN")
		for _, args := range [][]string{{"set-role", ada.Username, "USER"}, {"disable", ada.Email}, {"delete", ada.ID, "--yes"}} {
			out, errOut, code := shell(t, s, "", append([]string{"user"}, args...)...)
			if code != 1 || out != "" || !strings.Contains(errOut, "last administrator") {
				t.Errorf("user %s: exit code %d, %q, %q", args[0], code, out, errOut)
			}
		}
		mustBe(t, s.URL(), ada.Access, ada.ID)
		mustSay(t, testenv.Post(t, s.URL(), administer("enableUser", ada.Access, bob.ID)), "enableUser")
		mustSay(t, testenv.Post(t, s.URL(), administer("deleteUser", ada.Access, ada.ID)), "deleteUser")
		if n := enabledAdmins(t, s); n != 1 {
			t.Errorf("%d administrators are left, want 1", n)
		}
	})
}

// Two administrators take each other and themselves away at once, by every way
// and over two replicas: one is left, always.
func TestLastAdministratorRaces_E6(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		races, all int
		start      func(testing.TB, ...string) *testenv.Stack
	}{"embedded": {20, 30, testenv.Embedded}, "production": {30, 100, testenv.Production}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := c.start(t)
			model := s.Join(t)
			told := 0
			for race := range testenv.Repeats(t, c.races, c.all) {
				if _, err := s.DB(t).Exec(t.Context(), `DELETE FROM users WHERE id <> $1`, model.ID); err != nil {
					t.Fatal(err)
				}
				two := []*testenv.Person{adminLike(t, s, model), adminLike(t, s, model)}
				ways := []string{"setUserRole", "disableUser", "deleteUser"}
				var shells sync.WaitGroup
				if race%10 == 9 { // a process takes long to start
					shells.Go(func() {
						args := [][]string{{"set-role", two[0].ID, "USER"}, {"disable", two[0].ID}, {"delete", two[0].ID, "--yes"}}[race/10%3]
						if _, errOut, code := shell(t, s, "", append([]string{"user"}, args...)...); code != 0 && code != 1 {
							t.Errorf("user %s: exit code %d, %s", args[0], code, errOut)
						}
					})
				}
				answers := together(t, 2+race%4, alternating(s), func(i int) testenv.Request {
					switch me, other := two[i%2], two[1-i%2]; {
					case i < 2 && race%5 == 4: // a hash comes first: of both, or the other way has long won
						return testenv.Request{
							Query: deleteSelfOp, Variables: testenv.Input("password", me.Password), Bearer: me.Access, Client: me.Client,
						}
					case i < 2: // each other
						return administer(ways[(race+i)%3], me.Access, other.ID)
					default: // oneself
						return administer(ways[(race+i)%3], me.Access, me.ID)
					}
				})
				shells.Wait()
				for _, a := range answers {
					switch code := a.Code(); code {
					case "", "UNAUTHENTICATED", "FORBIDDEN", "UNAVAILABLE":
					default:
						t.Errorf("race %d: %s", race, a.Body)
					}
					if strings.Contains(string(a.Body), "LAST_ADMIN") {
						told++
					}
				}
				if n := enabledAdmins(t, s); n < 1 {
					t.Fatalf("race %d: no administrator is left", race)
				}
			}
			if told == 0 {
				t.Error("nobody was told LAST_ADMIN: this proves nothing")
			}
		})
	}
}
