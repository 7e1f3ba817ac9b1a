package e2e_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// Operations of administrators.
const (
	usersOp = `query ($first: Int, $after: String, $last: Int, $before: String, $search: String, $match: UserMatch! = CONTAINS, $role: Role, $disabled: Boolean) {
		users(first: $first, after: $after, last: $last, before: $before, search: $search, match: $match, role: $role, disabled: $disabled) {
			edges { cursor node { id username email role disabledAt sessions { id } } } nodes { id }
			pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }`
	setRoleOp    = `mutation ($i: SetUserRoleInput!) { setUserRole(input: $i) { user { id username email role } errors { code message field } } }`
	disableOp    = `mutation ($i: DisableUserInput!) { disableUser(input: $i) { user { id username email disabledAt sessions { id } } errors { code message field } } }`
	enableOp     = `mutation ($i: EnableUserInput!) { enableUser(input: $i) { user { id username email disabledAt } errors { code message field } } }`
	revokeUserOp = `mutation ($i: RevokeUserSessionsInput!) { revokeUserSessions(input: $i) { count user { id username email sessions { id } } errors { code message field } } }`
	deleteUserOp = `mutation ($i: DeleteUserInput!) { deleteUser(input: $i) { deletedUserId errors { code message field } } }`
	sendResetOp  = `mutation ($i: SendPasswordResetInput!) { sendPasswordReset(input: $i) { user { id username email } errors { code message field } } }`
	deleteSelfOp = `mutation ($i: DeleteAccountInput!) { deleteAccount(input: $i) { deletedUserId errors { code message field } } }`
)

// nobodysID is the id of no user.
const nobodysID = "01a2119f-fef2-73b3-a8bc-7a56e97f1506"

// administration is every mutation of administrators about one user.
var administration = []struct{ field, query string }{
	{"setUserRole", setRoleOp}, {"disableUser", disableOp}, {"enableUser", enableOp}, {"revokeUserSessions", revokeUserOp}, {"deleteUser", deleteUserOp},
	{"sendPasswordReset", sendResetOp},
}

// administer is the request that does to a user what the field says.
func administer(field, access, id string) testenv.Request {
	for _, op := range administration {
		if op.field == field {
			in := testenv.Input("userId", id)
			if field == "setUserRole" {
				in = testenv.Input("userId", id, "role", "USER")
			}
			return testenv.Request{Query: op.query, Variables: in, Bearer: access}
		}
	}
	panic(field)
}

// setRole gives a user a role as an administrator.
func setRole(t *testing.T, s *testenv.Stack, access, id, role string) {
	t.Helper()
	a := testenv.Post(t, s.URL(), testenv.Request{Query: setRoleOp, Variables: testenv.Input("userId", id, "role", role), Bearer: access})
	mustSay(t, a, "setUserRole")
}

// userPage is a page of the list of users.
type userPage struct {
	Edges []struct {
		Cursor string
		Node   person
	}
	Nodes    []struct{ ID string }
	PageInfo struct {
		HasNextPage, HasPreviousPage bool
		StartCursor, EndCursor       *string
	}
	TotalCount int
}

// pageOfUsers asks for a page as an administrator.
func pageOfUsers(t *testing.T, s *testenv.Stack, access string, variables map[string]any) (p userPage) {
	t.Helper()
	a := testenv.Post(t, s.URL(), testenv.Request{Query: usersOp, Variables: variables, Bearer: access})
	if a.Into(t, "users", &p); len(a.Errors) > 0 {
		t.Fatalf("users: %s", a.Body)
	}
	return p
}

// Pages walked from both ends over the replicas meet every user once, in one
// order, although some of them are of one moment.
func TestUsers_O2(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		_, admin := makeAdmin(t, s)
		at := domain()
		ids := []string{}
		for range 7 {
			p := newcomerAt(at)
			out, errOut, code := shell(t, s, p.Password+"\n", "user", "create", "--email", p.Email, "--username", p.Username, "--json")
			var made person
			if err := json.Unmarshal([]byte(out), &made); err != nil || code != 0 || made.Username != p.Username || *made.Email != p.Email {
				t.Fatalf("user create: %v, exit code %d\n%s%s", err, code, out, errOut)
			}
			ids = append(ids, made.ID)
		}
		slices.Reverse(ids)
		if _, err := s.DB(t).Exec(t.Context(), `UPDATE users SET created_at = (SELECT created_at FROM users WHERE id = $1) WHERE id IN ($1, $2, $3)`, ids[2], ids[3], ids[4]); err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{1, 2, 3, 7} {
			got, v := []string{}, map[string]any{"search": "@" + at, "first": size}
			for more := true; more; {
				p := pageOfUsers(t, s, admin, v)
				for i, e := range p.Edges {
					if got = append(got, e.Node.ID); p.Nodes[i].ID != e.Node.ID || e.Node.Email == nil || len(e.Node.Sessions) != 0 {
						t.Errorf("%+v, %+v", e, p.Nodes[i])
					}
				}
				if p.TotalCount != len(ids) || p.PageInfo.HasPreviousPage != (v["after"] != nil) {
					t.Errorf("%+v", p)
				}
				v["after"], more = p.PageInfo.EndCursor, p.PageInfo.HasNextPage
			}
			if !slices.Equal(got, ids) {
				t.Errorf("forward by %d: got %v, want %v", size, got, ids)
			}
			got, v = []string{}, map[string]any{"search": "@" + at, "last": size}
			for more := true; more; {
				p := pageOfUsers(t, s, admin, v)
				for _, e := range slices.Backward(p.Edges) {
					got = append(got, e.Node.ID)
				}
				v["before"], more = p.PageInfo.StartCursor, p.PageInfo.HasPreviousPage
			}
			if slices.Reverse(got); !slices.Equal(got, ids) {
				t.Errorf("backward by %d: got %v, want %v", size, got, ids)
			}
		}
		const search = `query ($search: String) { users(first: 1, search: $search) { nodes { username } totalCount totalCountIsExact } }`
		for text, n := range map[string]int{"%": 0, "_": 0, "@": 0, strings.Repeat("x", 10_000): 0, at[:1]: -1} {
			var p struct {
				Nodes             []person
				TotalCount        int
				TotalCountIsExact bool
			}
			a := testenv.Post(t, s.URL(), testenv.Request{Query: search, Variables: map[string]any{"search": text}, Bearer: admin})
			a.Into(t, "users", &p)
			if len(a.Errors) > 0 || n >= 0 && (len(p.Nodes) != n || p.TotalCount != n || !p.TotalCountIsExact) {
				t.Errorf("search %.20q: %s", text, cut(string(a.Body)))
			}
		}
		for name, v := range map[string]map[string]any{
			"both": {"first": 1, "last": 1}, "negative": {"first": -1}, "too many": {"last": 101}, "no cursor": {"after": ""},
			"not ours": {"before": "MTIz"}, "NUL": {"search": "a\x00b"}, "half a surrogate pair": {"search": json.RawMessage(`"\ud800"`)},
		} {
			a := testenv.Post(t, s.URL(), testenv.Request{Query: usersOp, Variables: v, Bearer: admin})
			if a.Code() != "BAD_USER_INPUT" {
				t.Errorf("%s: got %s, want BAD_USER_INPUT", name, cut(string(a.Body)))
			}
		}
	})
}

// Only administrators do what administrators do, and each mutation says who is
// not there.
func TestAdministrationNeedsRole_E5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada, bob := s.Join(t), s.Join(t)
		adminID, admin := makeAdmin(t, s)
		mustFail(t, "users", testenv.Post(t, s.URL(), testenv.Request{Query: usersOp}), "UNAUTHENTICATED", "MISSING")
		mustFail(t, "users", testenv.Post(t, s.URL(), testenv.Request{Query: usersOp, Bearer: "x"}), "UNAUTHENTICATED", "INVALID")
		mustFail(t, "users", testenv.Post(t, s.URL(), testenv.Request{Query: usersOp, Bearer: ada.Access}), "FORBIDDEN", "ROLE")
		for _, op := range administration {
			mustFail(t, op.field, testenv.Post(t, s.URL(), administer(op.field, "", bob.ID)), "UNAUTHENTICATED", "MISSING")
			mustFail(t, op.field, testenv.Post(t, s.URL(), administer(op.field, ada.Access, bob.ID)), "FORBIDDEN", "ROLE")
			a := testenv.Post(t, s.URL(), administer(op.field, admin, nobodysID))
			mustSay(t, a, op.field, "NOT_FOUND")
			if field := a.Payload(t, op.field).Errors[0].Field; !slices.Equal(field, []string{"input", "userId"}) {
				t.Errorf("%s: the field is %v", op.field, field)
			}
		}
		mustBe(t, s.URL(), bob.Access, bob.ID)
		// A demotion counts on the next request, and so does a promotion.
		setRole(t, s, admin, ada.ID, "ADMIN")
		setRole(t, s, ada.Access, adminID, "USER")
		mustFail(t, "users of a demoted administrator", testenv.Post(t, s.URL(), testenv.Request{Query: usersOp, Bearer: admin}), "FORBIDDEN", "ROLE")
		for _, op := range administration {
			mustFail(t, op.field+" of a demoted administrator", testenv.Post(t, s.URL(), administer(op.field, admin, bob.ID)), "FORBIDDEN", "ROLE")
		}
		mustBe(t, s.URL(), admin, adminID)
	})
}

// Who is disabled is out at once and stays out until they are enabled.
func TestDisableUser_E5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		bob := s.Join(t)
		_, admin := makeAdmin(t, s)
		var got struct{ User person }
		a := testenv.Post(t, s.URL(), administer("disableUser", admin, bob.ID))
		if a.Into(t, "disableUser", &got); len(a.Errors) > 0 || got.User.DisabledAt == nil || len(got.User.Sessions) != 0 {
			t.Fatalf("disableUser: %s", a.Body)
		}
		for _, r := range s.Replicas {
			mustBeRevoked(t, r.URL, bob.Access)
		}
		mustSay(t, testenv.Post(t, s.URL(), refreshRequest(bob.Refresh)), "refresh", "TOKEN_INVALID")
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(bob.Username, bob.Password, bob.Client)), "login", "ACCOUNT_DISABLED")
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(bob.Username, "wrong", bob.Client)), "login", "INVALID_CREDENTIALS")
		if p := pageOfUsers(t, s, admin, map[string]any{"search": bob.Email, "disabled": true}); len(p.Edges) != 1 || p.Edges[0].Node.ID != bob.ID {
			t.Errorf("disabled users: %+v", p)
		}
		var again struct{ User person }
		a = testenv.Post(t, s.URL(), administer("disableUser", admin, bob.ID))
		if a.Into(t, "disableUser", &again); *again.User.DisabledAt != *got.User.DisabledAt {
			t.Errorf("disabled again: %s", a.Body)
		}
		awaitMail(t, s, bob.Email, "Your account was disabled", 0)
		for range 2 {
			var got struct{ User person }
			a := testenv.Post(t, s.URL(), administer("enableUser", admin, bob.ID))
			if a.Into(t, "enableUser", &got); len(a.Errors) > 0 || got.User.ID != bob.ID || got.User.DisabledAt != nil {
				t.Fatalf("enableUser: %s", a.Body)
			}
		}
		if got := s.Login(t, bob); got.Tokens == nil {
			t.Errorf("login once enabled: %+v", got)
		}
		mustBeRevoked(t, s.URL(), bob.Access)
	})
}

// A user is logged out everywhere, and a deleted one is gone.
func TestRevokeAndDeleteUser_E5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		bob := s.Join(t)
		second := s.Login(t, bob).Tokens.AccessToken
		_, admin := makeAdmin(t, s)
		for _, want := range []int{2, 0} {
			var got struct {
				Count *int
				User  person
			}
			a := testenv.Post(t, s.URL(), administer("revokeUserSessions", admin, bob.ID))
			if a.Into(t, "revokeUserSessions", &got); len(a.Errors) > 0 || got.Count == nil || *got.Count != want || got.User.ID != bob.ID || len(got.User.Sessions) != 0 {
				t.Errorf("revokeUserSessions: got %s, want %d", a.Body, want)
			}
		}
		mustBeRevoked(t, s.URL(), bob.Access)
		mustBeRevoked(t, s.URL(), second)
		access := s.Login(t, bob).Tokens.AccessToken
		var got struct{ DeletedUserID *string }
		a := testenv.Post(t, s.URL(), administer("deleteUser", admin, bob.ID))
		if a.Into(t, "deleteUser", &got); len(a.Errors) > 0 || got.DeletedUserID == nil || *got.DeletedUserID != bob.ID {
			t.Fatalf("deleteUser: %s", a.Body)
		}
		mustBeRevoked(t, s.URL(), access)
		mustSay(t, testenv.Post(t, s.URL(), administer("deleteUser", admin, bob.ID)), "deleteUser", "NOT_FOUND")
		awaitMail(t, s, bob.Email, "Your account was deleted", 0)
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(bob.Username, bob.Password, bob.Client)), "login", "INVALID_CREDENTIALS")
		for _, table := range []string{"users WHERE id", "sessions WHERE user_id", "usernames WHERE user_id"} {
			if n := count(t, s, fmt.Sprintf(`SELECT count(*) FROM %s = $1`, table), bob.ID); n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
	})
}
