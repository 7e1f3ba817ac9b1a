package graph_test

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/link"
	"latchkey/internal/redisstore"
	"latchkey/internal/testenv"
	"latchkey/internal/throttle"
)

// What an operation asks of the database and of Redis, which decides how fast it is. One
// more is a failure, and one less wants its line here changed. Each change of an account has
// one statement more than it needs, the row of its history; login and logout write theirs in
// the one round trip that they have anyhow. Who claims a username has one more, the guard of
// names that look alike, and who deletes an account the hold of its name. Who registers looks
// whether they did so already.
func TestStatements(t *testing.T) {
	t.Parallel()
	testenv.Each(t, func(t *testing.T, d db.DB) {
		sql := &testenv.Counting{DB: d}
		testCosts(t, setup(t, sql), sql, nil)
	})
	t.Run("postgresql with redis", func(t *testing.T) {
		t.Parallel()
		client, err := redisstore.Open(testenv.StartRedis(t).URL) // one of its own, which nobody makes forget the scripts
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		shared := redisstore.New(client, redisstore.Prefix)
		bring(t, shared)
		commands := new(testenv.CountingRedis)
		client.AddHook(commands)
		sql := &testenv.Counting{DB: testenv.Postgres(t)}
		testCosts(t, setupWith(t, sql, shared), sql, commands)
	})
}

// bring sends Redis the scripts that count, which it knows from then on.
func bring(t *testing.T, c interface {
	throttle.Counters
	throttle.Giver
}) {
	t.Helper()
	counts := []throttle.Count{{Key: "x", Limit: throttle.Limit{N: 1, Window: time.Hour}}, {Key: "x", Limit: throttle.Limit{N: 1, Every: time.Hour}}}
	_, _, err := c.Take(t.Context(), t0, counts...)
	if err = errors.Join(err, c.GiveBack(t.Context(), t0, counts...)); err != nil {
		t.Fatal(err)
	}
}

// cost is what an operation asks: of the database, and of Redis where that is used.
type cost struct{ Statements, RoundTrips, Commands, RedisTrips int64 }

func testCosts(t *testing.T, f *fixture, sql *testenv.Counting, commands *testenv.CountingRedis) {
	t.Helper()
	l := f.ada(t)
	bearer := []string{"Authorization", "Bearer " + l.Tokens.AccessToken}
	elsewhere := []string{"User-Agent", "x"}
	admin := []string{"Authorization", "Bearer " + f.admin(t, "root1").Tokens.AccessToken}
	eve := map[string]any{"id": f.admin(t, "eve").User.ID}
	w := &world{made: map[string]string{}}
	w.enrolled(t, f)
	app := []string{"Authorization", "Bearer " + w.made["$token of app"]}
	keeper := []string{"Authorization", "Bearer " + w.made["$token of keeper"]}
	right := map[string]any{"p": "correct horse battery"}
	confirmation := map[string]any{} // of bob's registration, as soon as he has one
	for _, tt := range []struct {
		name, query string
		variables   map[string]any
		header      []string
		want        cost
	}{
		{"nothing", `{ __typename }`, nil, bearer, cost{0, 0, 0, 0}},
		{"me", `{ me { id username email role createdAt updatedAt lastLoginAt disabledAt } }`, nil, bearer, cost{1, 1, 0, 0}},
		{"me with sessions", `{ me { id sessions { id current deviceName } } }`, nil, bearer, cost{2, 2, 0, 0}},
		{"user", `query ($id: ID!) { user(id: $id) { username email } }`, map[string]any{"id": l.User.ID}, bearer, cost{2, 2, 0, 0}},
		{"refresh", `mutation ($t: String) { refresh(input: {refreshToken: $t}) { user { email } tokens { accessToken } errors { code } } }`,
			map[string]any{"t": *l.Tokens.RefreshToken}, bearer, cost{2, 2, 0, 0}},
		{"refresh, which is told", `mutation ($t: String) { refresh(input: {refreshToken: $t}) { user { email } tokens { accessToken } errors { code } } }`,
			map[string]any{"t": *l.Tokens.RefreshToken}, elsewhere, cost{7, 9, 0, 0}},
		{"login", `mutation ($p: String!) { login(input: {login: "ada", password: $p}) { user { email } tokens { accessToken } errors { code } } }`,
			right, nil, cost{6, 2, 12, 3}},
		{"login with an app, first step", `mutation ($p: String!) { login(input: {login: "app", password: $p}) { step { challenge } errors { code } } }`,
			right, nil, cost{1, 1, 12, 3}},
		{"login with an app, second step", `mutation ($c: String!, $t: String!) { continueLogin(input: {challenge: $c, answer: {totpCode: $t}}) { tokens { accessToken } errors { code } } }`,
			map[string]any{"c": w.made["$step of app"], "t": w.made["$code of app"]}, nil, cost{12, 3, 0, 0}},
		{"startPasskeyLogin", `mutation { startPasskeyLogin { challenge passkeyOptions errors { code } } }`, nil, bearer, cost{0, 0, 0, 0}},
		{"login by passkey", `mutation ($c: String!, $p: String!) { continueLogin(input: {challenge: $c, answer: {passkey: $p}}) { tokens { accessToken } errors { code } } }`,
			map[string]any{"c": w.made["$passkey login"], "p": w.made["$keeper's passkey"]}, nil, cost{11, 3, 2, 2}},
		{"startPasskey", `mutation { startPasskey { challenge errors { code } } }`, nil, app, cost{2, 2, 0, 0}},
		{"startStepUp with passkeys", `mutation { startStepUp { challenge proofs errors { code } } }`, nil, keeper, cost{3, 3, 0, 0}},
		{"stepUp by passkey", `mutation ($c: String!, $p: String!) { stepUp(input: {challenge: $c, answer: {passkey: $p}}) { tokens { accessToken } errors { code } } }`,
			map[string]any{"c": w.made["$step-up"], "p": w.made["$step-up by passkey"]}, keeper, cost{9, 11, 2, 2}},
		{"startTotp", `mutation { startTotp { challenge errors { code } } }`, nil, app, cost{1, 1, 1, 1}},
		{"stepUp by password", `mutation ($p: String!) { stepUp(input: {answer: {password: $p}}) { tokens { accessToken } errors { code } } }`,
			right, []string{"Authorization", "Bearer " + w.made["$token of enrol"]}, cost{6, 8, 12, 3}},
		{"me with factors", `{ me { factors { name } recoveryCodes { left } secondFactorRequired } }`, nil, app, cost{4, 4, 0, 0}},
		{"users with factors", `{ users { nodes { factors { name } recoveryCodes { left } secondFactorRequired hasPassword } } }`, nil, admin, cost{5, 5, 0, 0}},
		{"wrong login", `mutation ($p: String!) { login(input: {login: "ada", password: $p}) { errors { code } } }`,
			map[string]any{"p": "wrong"}, nil, cost{2, 2, 8, 2}}, // looks for a registration too, as where there is no such user
		{"register", `mutation ($p: String!) { register(input: {email: "bob@example.org", username: "bob", password: $p}) { errors { code } } }`,
			right, nil, cost{7, 9, 1, 1}},
		{"register again", `mutation ($p: String!) { register(input: {email: "bob@example.org", username: "bob", password: $p}) { errors { code } } }`,
			right, nil, cost{6, 8, 13, 4}},
		{"confirmEmail", `mutation ($t: String!) { confirmEmail(input: {token: $t}) { user { username } errors { code } } }`, confirmation, nil, cost{16, 18, 2, 2}},
		{"changeUsername", `mutation { changeUsername(input: {username: "countess"}) { user { username } errors { code } } }`, nil, bearer, cost{11, 13, 2, 1}},
		{"changeEmail", `mutation ($p: String!) { changeEmail(input: {email: "new@example.org", password: $p}) { user { pendingEmail } errors { code } } }`,
			right, bearer, cost{8, 10, 13, 4}},
		{"changePassword", `mutation ($p: String!) { changePassword(input: {currentPassword: $p, newPassword: $p}) { user { username } errors { code } } }`,
			right, bearer, cost{8, 10, 13, 4}},
		{"requestPasswordReset", `mutation { requestPasswordReset(input: {email: "ada@example.org"}) { errors { code } } }`, nil, nil, cost{1, 1, 1, 1}},
		{"resetPassword, dead link", `mutation { resetPassword(input: {token: "lko_x", newPassword: "another horse"}) { errors { code } } }`, nil, nil, cost{0, 0, 0, 0}},
		{"deleteAccount, wrong password", `mutation { deleteAccount(input: {password: "wrong"}) { errors { code } } }`, nil, bearer, cost{2, 2, 8, 2}},
		{"users", `{ users { nodes { id username email role } pageInfo { endCursor } } }`, nil, admin, cost{2, 2, 0, 0}},
		{"users with sessions", `{ users { edges { node { username sessions { id current } } } nodes { sessions { id } } } }`, nil, admin, cost{3, 3, 0, 0}},
		{"users with their history", `{ users { nodes { securityEvents(first: 3) { nodes { kind } } } edges { node { securityEvents(first: 3) { pageInfo { endCursor } } } } } }`, nil, admin, cost{3, 3, 0, 0}},
		{"me with history", `{ me { securityEvents { nodes { kind } } } }`, nil, bearer, cost{2, 2, 0, 0}},
		{"events of all", `{ securityEvents(first: 20) { nodes { kind actor user { username } actorUser { username } } edges { node { user { id } } } } }`, nil, admin, cost{3, 3, 0, 0}},
		{"events and what their users have", `{ securityEvents(first: 20) { nodes { user { sessions { id } factors { id } } actorUser { sessions { id } } } } }`, nil, admin, cost{7, 7, 0, 0}},
		{"events by kind", `{ securityEvents(kinds: [LOGIN, ROLE_CHANGED], actor: ADMIN) { nodes { at } } }`, nil, admin, cost{2, 2, 0, 0}},
		{"statistics", `{ statistics { days { day logins } } }`, nil, admin, cost{2, 2, 0, 0}},
		{"statistics of now", `{ statistics(days: 1) { days { day } now { mailsWaiting users } } }`, nil, admin, cost{6, 6, 0, 0}},
		{"statistics of now, again", `{ statistics(days: 1) { now { mailsWaiting users } } }`, nil, admin, cost{4, 4, 0, 0}},
		{"mails", `{ mails { nodes { id } } }`, nil, admin, cost{2, 2, 0, 0}},
		{"users with a count", `{ users { nodes { id } totalCount } }`, nil, admin, cost{3, 3, 0, 0}},
		// What administrators do to others reads once more whether they have a second factor.
		{"setUserRole, a demotion", `mutation ($id: ID!) { setUserRole(input: {userId: $id, role: USER}) { user { role } errors { code } } }`, eve, admin, cost{11, 13, 0, 0}}, // three of them for the mails, to however many administrators
		{"setUserRole", `mutation ($id: ID!) { setUserRole(input: {userId: $id, role: ADMIN}) { user { role } errors { code } } }`, eve, admin, cost{9, 11, 0, 0}},
		{"setUserRole, as before", `mutation ($id: ID!) { setUserRole(input: {userId: $id, role: ADMIN}) { user { role } errors { code } } }`, eve, admin, cost{3, 5, 0, 0}},
		{"disableUser", `mutation ($id: ID!) { disableUser(input: {userId: $id}) { user { disabledAt } errors { code } } }`, eve, admin, cost{10, 12, 0, 0}},
		{"enableUser", `mutation ($id: ID!) { enableUser(input: {userId: $id}) { user { disabledAt } errors { code } } }`, eve, admin, cost{6, 8, 0, 0}},
		{"revokeUserSessions", `mutation ($id: ID!) { revokeUserSessions(input: {userId: $id}) { count user { id } errors { code } } }`, eve, admin, cost{4, 6, 0, 0}},
		{"inviteUser", `mutation { inviteUser(input: {email: "gwen@example.org", username: "gwen"}) { user { invitedUntil } errors { code } } }`, nil, admin, cost{11, 13, 0, 0}},
		{"server", `{ server { version revision schema settings { name value secret source description } findings { check verdict text advice } } }`, nil, admin, cost{1, 1, 0, 0}},
		{"users who were invited", `{ users(invited: true) { nodes { id invitedUntil } } }`, nil, admin, cost{2, 2, 0, 0}},
		{"cancelAllMails", `mutation { cancelAllMails { count errors { code } } }`, nil, admin, cost{3, 5, 0, 0}},
		{"deleteUser", `mutation ($id: ID!) { deleteUser(input: {userId: $id}) { deletedUserId errors { code } } }`, eve, admin, cost{19, 21, 0, 0}},
		{"logout", `mutation { logout { errors { code } } }`, nil, bearer, cost{3, 1, 0, 0}},
	} {
		if tt.name == "confirmEmail" {
			confirmation["t"] = f.confirmation(t, "bob@example.org")
		}
		before := costs(sql, commands)
		w := f.post(t, tt.query, tt.variables, tt.header...)
		after := costs(sql, commands)
		body, refused := w.Body.String(), regexp.MustCompile(`wrong|dead|first step`).MatchString(tt.name)
		if strings.Contains(body, `"extensions"`) || strings.Contains(body, `"code"`) != refused || !strings.Contains(body, `"data"`) {
			t.Fatalf("%s: %s", tt.name, body)
		}
		got := cost{after.Statements - before.Statements, after.RoundTrips - before.RoundTrips, after.Commands - before.Commands, after.RedisTrips - before.RedisTrips}
		want := tt.want
		if commands == nil {
			want.Commands, want.RedisTrips = 0, 0
		}
		if got != want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, want)
		}
	}
}

func costs(sql *testenv.Counting, commands *testenv.CountingRedis) cost {
	c := cost{Statements: sql.Statements.Load(), RoundTrips: sql.RoundTrips.Load()}
	if commands != nil {
		c.Commands, c.RedisTrips = commands.Commands.Load(), commands.RoundTrips.Load()
	}
	return c
}

// confirmation returns the token of the mail that asks to confirm a registration.
func (f *fixture) confirmation(t *testing.T, emailKey string) string {
	t.Helper()
	waiting, err := f.store.RegistrationsByEmail(t.Context(), emailKey, "", t0, 1)
	if err != nil || len(waiting) != 1 {
		t.Fatal(waiting, err)
	}
	made, err := f.links.Make(t.Context(), link.Target{Purpose: link.ConfirmRegistration, Registration: &waiting[0]})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(made.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("token")
}
