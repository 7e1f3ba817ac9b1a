package graph_test

import (
	"strings"
	"testing"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
)

// What an operation asks of the database, which decides how fast it is. The
// bounds are goals that were reached: raise one with a reason only. Each change of
// an account has one statement more than it needs, the row of its history; login
// and logout write theirs in the one round trip that they have anyhow. Who claims a
// username has one more, the guard of names that look alike, and who deletes an account
// the hold of its name. Who registers looks whether they did so already.
func TestStatements(t *testing.T) {
	t.Parallel()
	testenv.Each(t, func(t *testing.T, d db.DB) {
		counting := &testenv.Counting{DB: d}
		f := setup(t, counting)
		l := f.ada(t)
		bearer := []string{"Authorization", "Bearer " + l.Tokens.AccessToken}
		elsewhere := []string{"User-Agent", "x"}
		admin := []string{"Authorization", "Bearer " + f.admin(t, "root1").Tokens.AccessToken}
		eve := map[string]any{"id": f.admin(t, "eve").User.ID}
		tests := []struct {
			name, query            string
			variables              map[string]any
			header                 []string
			statements, roundTrips int64
		}{
			{"nothing", `{ __typename }`, nil, bearer, 0, 0},
			{"me", `{ me { id username email role createdAt updatedAt lastLoginAt disabledAt } }`, nil, bearer, 1, 1},
			{"me with sessions", `{ me { id sessions { id current deviceName } } }`, nil, bearer, 2, 2},
			{"user", `query ($id: ID!) { user(id: $id) { username email } }`, map[string]any{"id": l.User.ID}, bearer, 2, 2},
			{"refresh", `mutation ($t: String) { refresh(input: {refreshToken: $t}) { user { email } tokens { accessToken } errors { code } } }`,
				map[string]any{"t": *l.Tokens.RefreshToken}, bearer, 2, 2},
			{"refresh, which is told", `mutation ($t: String) { refresh(input: {refreshToken: $t}) { user { email } tokens { accessToken } errors { code } } }`,
				map[string]any{"t": *l.Tokens.RefreshToken}, elsewhere, 7, 9},
			{"login", `mutation ($p: String!) { login(input: {login: "ada", password: $p}) { user { email } tokens { accessToken } errors { code } } }`,
				map[string]any{"p": "correct horse battery"}, nil, 6, 2},
			{"wrong login", `mutation ($p: String!) { login(input: {login: "ada", password: $p}) { errors { code } } }`,
				map[string]any{"p": "wrong"}, nil, 2, 2}, // looks for a registration too, as where there is no such user
			{"register", `mutation ($p: String!) { register(input: {email: "bob@example.org", username: "bob", password: $p}) { errors { code } } }`,
				map[string]any{"p": "correct horse battery"}, nil, 7, 9},
			{"register again", `mutation ($p: String!) { register(input: {email: "bob@example.org", username: "bob", password: $p}) { errors { code } } }`,
				map[string]any{"p": "correct horse battery"}, nil, 7, 9},
			{"changeUsername", `mutation { changeUsername(input: {username: "countess"}) { user { username } errors { code } } }`, nil, bearer, 11, 13},
			{"changeEmail", `mutation ($p: String!) { changeEmail(input: {email: "new@example.org", password: $p}) { user { pendingEmail } errors { code } } }`,
				map[string]any{"p": "correct horse battery"}, bearer, 8, 10},
			{"changePassword", `mutation ($p: String!) { changePassword(input: {currentPassword: $p, newPassword: $p}) { user { username } errors { code } } }`,
				map[string]any{"p": "correct horse battery"}, bearer, 8, 10},
			{"requestPasswordReset", `mutation { requestPasswordReset(input: {email: "ada@example.org"}) { errors { code } } }`, nil, nil, 1, 1},
			{"resetPassword, dead link", `mutation { resetPassword(input: {token: "lko_x", newPassword: "another horse"}) { errors { code } } }`, nil, nil, 0, 0},
			{"deleteAccount, wrong password", `mutation { deleteAccount(input: {password: "wrong"}) { errors { code } } }`, nil, bearer, 2, 2},
			{"users", `{ users { nodes { id username email role } pageInfo { endCursor } } }`, nil, admin, 2, 2},
			{"users with sessions", `{ users { edges { node { username sessions { id current } } } nodes { sessions { id } } } }`, nil, admin, 3, 3},
			{"users with their history", `{ users { nodes { securityEvents(first: 3) { nodes { kind } } } edges { node { securityEvents(first: 3) { pageInfo { endCursor } } } } } }`, nil, admin, 3, 3},
			{"me with history", `{ me { securityEvents { nodes { kind } } } }`, nil, bearer, 2, 2},
			{"mails", `{ mails { nodes { id } } }`, nil, admin, 2, 2},
			{"users with a count", `{ users { nodes { id } totalCount } }`, nil, admin, 3, 3},
			{"setUserRole, a demotion", `mutation ($id: ID!) { setUserRole(input: {userId: $id, role: USER}) { user { role } errors { code } } }`, eve, admin, 10, 12}, // three of them for the mails, to however many administrators
			{"setUserRole", `mutation ($id: ID!) { setUserRole(input: {userId: $id, role: ADMIN}) { user { role } errors { code } } }`, eve, admin, 8, 10},
			{"setUserRole, as before", `mutation ($id: ID!) { setUserRole(input: {userId: $id, role: ADMIN}) { user { role } errors { code } } }`, eve, admin, 2, 4},
			{"disableUser", `mutation ($id: ID!) { disableUser(input: {userId: $id}) { user { disabledAt } errors { code } } }`, eve, admin, 9, 11},
			{"enableUser", `mutation ($id: ID!) { enableUser(input: {userId: $id}) { user { disabledAt } errors { code } } }`, eve, admin, 5, 7},
			{"revokeUserSessions", `mutation ($id: ID!) { revokeUserSessions(input: {userId: $id}) { count user { id } errors { code } } }`, eve, admin, 3, 5},
			{"deleteUser", `mutation ($id: ID!) { deleteUser(input: {userId: $id}) { deletedUserId errors { code } } }`, eve, admin, 9, 11},
			{"logout", `mutation { logout { errors { code } } }`, nil, bearer, 3, 1},
		}
		for _, tt := range tests {
			counting.Statements.Store(0)
			counting.RoundTrips.Store(0)
			w := f.post(t, tt.query, tt.variables, tt.header...)
			if body := w.Body.String(); strings.Contains(body, `"extensions"`) || !strings.Contains(body, `"data"`) {
				t.Fatalf("%s: %s", tt.name, body)
			}
			s, r := counting.Statements.Load(), counting.RoundTrips.Load()
			t.Logf("| %s | %d | %d |", tt.name, s, r)
			if s > tt.statements || r > tt.roundTrips {
				t.Errorf("%s: %d statements in %d round trips, want at most %d in %d", tt.name, s, r, tt.statements, tt.roundTrips)
			}
		}
	})
}
