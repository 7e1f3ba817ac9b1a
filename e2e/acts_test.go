package e2e_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
)

// An act is something that somebody does, and the rows of history that it leaves: the kind,
// the outcome where it is not SUCCESS, who did it, to whom, and the count beyond one.
type act struct {
	name string // "mutation login", "command user create", "form confirm", "call /auth/token"
	do   func()
	want []string
}

// actors are the people and the service of the acts.
type actors struct {
	t     *testing.T
	s     *testenv.Stack
	names map[string]string // of ids
	seen  map[string]bool   // rows of before
	ada   *testenv.Person   // does most of it
	root  string            // an administrator's access token

	rootName string
	dir      string
}

// known calls a person by a name from now on.
func (w *actors) known(name string, p *testenv.Person) *testenv.Person {
	w.names[p.ID] = name
	return p
}

// mark has what happened until now be no part of the act.
func (w *actors) mark() { w.news(w.s.DB(w.t)) }

// summed tells rows that count from those that tell of one act.
const summed = `kind IN ('LOGIN_REFUSED', 'THROTTLED', 'TOKEN_REFUSED', 'LINK_REFUSED', 'ACCESS_REFUSED', 'REQUEST_REFUSED', 'REGISTERED', 'MAIL_REQUESTED', 'MAILS_REFUSED')
	OR kind = 'MAILS_ALLOWED' AND actor_kind = 'NOBODY'`

// news returns the rows that were not there before, in the order in which they were written.
func (w *actors) news(d db.DB) (list []string) {
	w.t.Helper()
	rows, err := d.Query(w.t.Context(), `SELECT id, kind, outcome, actor_kind, COALESCE(actor_id, ''), way, COALESCE(user_id, ''), count FROM security_events
		WHERE NOT (`+summed+`) ORDER BY rowid`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, kind, outcome, actor, actorID, way, userID string
		var n int
		if err := rows.Scan(&id, &kind, &outcome, &actor, &actorID, &way, &userID, &n); err != nil {
			w.t.Fatal(err)
		}
		if w.seen[id] {
			continue
		}
		w.seen[id] = true
		text := kind
		if outcome != "SUCCESS" {
			text += " " + outcome
		}
		text += " by " + actor
		switch name := w.names[actorID]; {
		case actorID == "":
		case name != "":
			text += " " + name
		case actor == "SHELL" && strings.Contains(actorID, "@"):
		default:
			text += " " + actorID
		}
		if userID == "" {
			text += " to none"
		} else if name := w.names[userID]; name != "" {
			text += " to " + name
		} else {
			text += " to somebody"
		}
		if n > 1 && kind != "USERS_EXPORTED" {
			text += fmt.Sprintf(" x%d", n)
		}
		list = append(list, text+" "+way)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return list
}

// run runs a mutation with an input, unless that is nil, and wants no mistake.
func (w *actors) run(mutation, access, client string, input ...any) *testenv.Answer {
	w.t.Helper()
	r := testenv.Request{Query: "mutation { " + mutation + " { errors { code } } }", Bearer: access, Client: client}
	if len(input) > 0 {
		name := strings.ToUpper(mutation[:1]) + mutation[1:]
		r.Query, r.Variables = "mutation ($i: "+name+"Input!) { "+mutation+"(input: $i) { errors { code } } }", testenv.Input(input...)
	}
	a := testenv.Post(w.t, w.s.URL(), r)
	mustSay(w.t, a, mutation)
	return a
}

// command runs a command beside the server.
func (w *actors) command(stdin string, args ...string) string {
	w.t.Helper()
	out, errOut, code := shell(w.t, w.s, stdin, args...)
	if code != 0 {
		w.t.Fatalf("latchkey %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, errOut)
	}
	return out
}

// Everything that anybody can do is in history with who did it, to whom and how it came out:
// each mutation, the forms behind links, the OAuth endpoints and each command. What is not
// here is found: a mutation of the schema, or a command, without a row fails the test.
func TestEveryAct_O4(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t, "EMAIL_LOGIN=on", "REFRESH_GRACE=0s", "TRUSTED_DEVICE_TTL=720h", "OAUTH_CLIENTS="+oauthClients)
	w := &actors{t: t, s: s, names: map[string]string{}, seen: map[string]bool{}, dir: t.TempDir()}
	rootID, root := makeAdmin(t, s)
	w.root, w.names[rootID] = root, "root"
	if err := s.DB(t).QueryRow(t.Context(), `SELECT username FROM users WHERE id = $1`, rootID).Scan(&w.rootName); err != nil {
		t.Fatal(err)
	}
	w.ada = w.known("ada", s.Join(t))
	w.mark()

	covered := map[string]bool{}
	check := func(a act, d func() db.DB) {
		t.Helper()
		covered[a.name] = true
		a.do()
		if got := w.news(d()); !slices.Equal(got, a.want) {
			t.Errorf("%s leaves\n\t%s\nwant\n\t%s", a.name, strings.Join(got, "\n\t"), strings.Join(a.want, "\n\t"))
		}
	}
	for _, a := range slices.Concat(w.mutations(), w.forms(), w.calls(), w.commands()) {
		check(a, func() db.DB { return s.DB(t) })
	}

	w.mustSum()
	w.mustShow()

	// What is done to a database that nobody serves.
	s.Replicas[0].Signal(t, syscall.SIGTERM)
	s.Replicas[0].Wait(t, time.Minute)
	other := filepath.Join(w.dir, "other")
	open := func(dir string) func() db.DB {
		return func() db.DB {
			d, err := db.OpenSQLite(filepath.Join(dir, "latchkey.db"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(d.Close)
			return d
		}
	}
	in := func(dir string, args ...string) {
		t.Helper()
		if out, errOut, code := testenv.Command(t, w.dir, "", append([]string{"DATA_DIR=" + dir}, s.Env...), args...); code != 0 {
			t.Fatalf("latchkey %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, errOut)
		}
	}
	check(act{"command migrate", func() { in(other, "migrate") },
		[]string{fmt.Sprintf("DATABASE_MIGRATED by SHELL to none x%d SHELL", steps(t))}}, open(other))
	check(act{"command admin-link", func() { in(other, "admin-link") }, []string{"ADMIN_LINK_MADE by SHELL to none SHELL"}}, open(other))
	third := filepath.Join(w.dir, "third")
	check(act{"command restore", func() { in(third, "restore", filepath.Join(w.dir, "backup.db")) }, []string{"BACKUP_RESTORED by SHELL to none SHELL"}}, open(third))

	for _, name := range slices.Sorted(maps.Keys(testenv.Documented())) {
		if !covered["mutation "+name] {
			t.Errorf("the mutation %s has no row here", name)
		}
	}
	for _, name := range everyCommand(t, nil) {
		if !covered["command "+name] {
			t.Errorf("the command %q has no row here", name)
		}
	}
}

// steps is how many migrations there are.
func steps(t *testing.T) int {
	t.Helper()
	files, err := filepath.Glob("../migrations/sqlite/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// everyCommand lists what can be done below a command, by what the program completes.
func everyCommand(t *testing.T, above []string) (all []string) {
	t.Helper()
	out, errOut, code := testenv.Command(t, t.TempDir(), "", nil, slices.Concat([]string{"__complete"}, above, []string{""})...)
	if code != 0 {
		t.Fatalf("__complete %v: %d %s", above, code, errOut)
	}
	for line := range strings.Lines(out) {
		name, about, isCommand := strings.Cut(strings.TrimSpace(line), "\t")
		if !isCommand || about == "" || strings.HasPrefix(name, "-") || name == "help" || name == "completion" {
			continue
		}
		path := append(slices.Clone(above), name)
		if below := everyCommand(t, path); len(below) > 0 {
			all = append(all, below...)
		} else {
			all = append(all, strings.Join(path, " "))
		}
	}
	return all
}

// mustSum ends the server, which writes its sums then, and looks at them.
func (w *actors) mustSum() {
	t, s := w.t, w.s
	t.Helper()
	s.Replicas[0].Signal(t, syscall.SIGTERM)
	s.Replicas[0].Wait(t, time.Minute)
	got := map[string]int{}
	rows, err := s.DB(t).Query(t.Context(), `SELECT kind, outcome, COALESCE(user_id, ''), COALESCE(actor_id, ''), details, count FROM security_events WHERE `+summed)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var kind, outcome, userID, actorID, details string
		var n int
		if err := rows.Scan(&kind, &outcome, &userID, &actorID, &details, &n); err != nil {
			t.Fatal(err)
		}
		got[strings.TrimSpace(fmt.Sprint(kind, " ", outcome, " ", details, " ", w.names[userID]))] += n
	}
	for name, least := range map[string]int{
		`LOGIN_REFUSED REFUSED {"reason":"wrong_passwords"} ada`: 1, `LOGIN_REFUSED REFUSED {"reason":"unknown_names"}`: 1,
		`TOKEN_REFUSED REFUSED {"reason":"dead_tokens"}`: 1, `LINK_REFUSED REFUSED {"reason":"dead_links"}`: 1,
		`REGISTERED SUCCESS {}`: 2, `MAIL_REQUESTED SUCCESS {"reason":"reset"}`: 1, `MAIL_REQUESTED SUCCESS {"reason":"resend"}`: 1,
		`MAIL_REQUESTED SUCCESS {"reason":"login_code"}`: 1, `MAILS_REFUSED SUCCESS {}`: 2, `MAILS_ALLOWED SUCCESS {}`: 1,
	} {
		if got[name] < least {
			t.Errorf("%s: %d, want %d", name, got[name], least)
		}
	}
	if t.Failed() {
		t.Logf("sums: %v", got)
	}
}

const auditOp = `query ($kinds: [SecurityEventKind!], $actor: SecurityActor, $actorId: ID, $userId: ID, $from: Time, $until: Time, $first: Int, $after: String) {
	securityEvents(kinds: $kinds, actor: $actor, actorId: $actorId, userId: $userId, from: $from, until: $until, first: $first, after: $after) {
		nodes { id at kind outcome actor actorId userId user { username } actorUser { username } reason proofs count } pageInfo { hasNextPage endCursor } } }`

// mustShow starts the server anew, and looks at what administrators see of all of it.
func (w *actors) mustShow() {
	t, s := w.t, w.s
	t.Helper()
	s.Restart(t, 0)
	_, root := makeAdmin(t, s)
	list := func(variables map[string]any) (kinds []string) {
		t.Helper()
		a := testenv.Post(t, s.URL(), testenv.Request{Query: auditOp, Variables: variables, Bearer: root})
		var got struct {
			Nodes []struct {
				Kind, Actor     string
				ActorID, UserID *string
				User, ActorUser *struct{ Username string }
				Proofs          []string
			}
		}
		if a.Into(t, "securityEvents", &got); len(a.Errors) > 0 {
			t.Fatalf("securityEvents: %s", a.Body)
		}
		for _, e := range got.Nodes {
			who := ""
			if e.User != nil {
				who = " " + e.User.Username
			}
			if e.ActorUser != nil && (e.User == nil || *e.ActorUser != *e.User) {
				who += " by " + e.ActorUser.Username
			}
			kinds = append(kinds, strings.Join(append([]string{e.Kind, e.Actor + who}, e.Proofs...), " "))
		}
		return kinds
	}
	if got := list(map[string]any{"kinds": []string{"USERS_EXPORTED"}}); !slices.Equal(got, []string{"USERS_EXPORTED SHELL"}) {
		t.Errorf("by kind: %v", got)
	}
	shellActs := list(map[string]any{"actor": "SHELL"})
	if len(shellActs) < 10 || slices.ContainsFunc(shellActs, func(s string) bool { return !strings.Contains(s, " SHELL") }) {
		t.Errorf("by actor: %v", shellActs)
	}
	if got := list(map[string]any{"actor": "CLIENT", "actorId": shopID}); !slices.Equal(got, []string{"LOGOUT CLIENT " + w.ada.Username}) {
		t.Errorf("by an OAuth client: %v", got)
	}
	if got := list(map[string]any{"userId": w.ada.ID, "kinds": []string{"LOGIN_REFUSED"}}); len(got) != 1 || got[0] != "LOGIN_REFUSED NOBODY "+w.ada.Username {
		t.Errorf("of ada: %v", got)
	}
	if got := list(map[string]any{"userId": w.ada.ID, "kinds": []string{"MAIL_CANCELLED"}, "actor": "ADMIN"}); !slices.Equal(got, []string{"MAIL_CANCELLED ADMIN " + w.ada.Username + " by " + w.rootName}) {
		t.Errorf("of mails to ada: %v", got)
	}
	if got := list(map[string]any{"userId": w.ada.ID, "actorId": w.ada.ID, "kinds": []string{"LOGIN"}}); !slices.Contains(got, "LOGIN USER "+w.ada.Username+" EMAIL_CODE") {
		t.Errorf("ada's logins: %v", got)
	}
	if got := list(map[string]any{"until": time.Now().Add(-time.Hour)}); len(got) != 0 {
		t.Errorf("an hour ago: %v", got)
	}
	mustFail(t, "securityEvents of a user", testenv.Post(t, s.URL(), testenv.Request{Query: auditOp, Bearer: s.Login(t, w.ada).Tokens.AccessToken}), "FORBIDDEN", "ROLE")

	a := testenv.Post(t, s.URL(), testenv.Request{Bearer: root, Query: `{ statistics(days: 2) { days { day registrations logins refusedLogins mailsSent mailsGivenUp }
		now { mailsWaiting oldestMailAt mailsGivenUp users sessions } } }`})
	var got struct {
		Days []struct {
			Day                                             string
			Registrations, Logins, RefusedLogins, MailsSent int
		}
		Now struct{ Users, Sessions int }
	}
	if a.Into(t, "statistics", &got); len(a.Errors) > 0 || len(got.Days) != 2 {
		t.Fatalf("statistics: %s", a.Body)
	}
	logins, refused, mails, registrations := 0, 0, 0, 0
	for _, d := range got.Days { // midnight may have been between
		logins, refused, mails, registrations = logins+d.Logins, refused+d.RefusedLogins, mails+d.MailsSent, registrations+d.Registrations
	}
	if n := count(t, s, `SELECT count(*) FROM security_events WHERE kind = 'ACCOUNT_CREATED' AND actor_kind = 'NOBODY'`); registrations != n {
		t.Errorf("%d registrations, want %d", registrations, n)
	}
	if logins < 20 || refused != 5 || mails < 20 || got.Now.Users != count(t, s, `SELECT count(*) FROM users`) || got.Now.Sessions < 1 {
		t.Errorf("statistics: %s", a.Body)
	}
}
