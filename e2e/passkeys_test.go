package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// The same answer, fifty times at once at two replicas: one session.
func TestPasskeyRace_K1(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		p := s.Join(t)
		key := hasPasskey(t, s, p.Access)
		begun := ask(t, s, beginOp, "startPasskeyLogin", "")
		text := key.shows(t, begun.PasskeyOptions)
		before := count(t, s, `SELECT count(*) FROM sessions WHERE user_id = $1`, p.ID)
		answers := togetherUntilServed(t, 50, alternating(s), func(int) testenv.Request { return continueRequest(begun.Challenge, text, p.Client) })
		let := 0
		for _, a := range answers {
			switch got := a.Payload(t, "continueLogin"); {
			case got.Tokens != nil && got.User.ID == p.ID:
				let++
			case !slices.Equal(codes(got), []string{"CHALLENGE_INVALID"}):
				t.Errorf("it ended with %s", a.Body)
			}
		}
		if n := count(t, s, `SELECT count(*) FROM sessions WHERE user_id = $1`, p.ID) - before; let != 1 || n != 1 {
			t.Errorf("%d were let in, and there are %d sessions more", let, n)
		}
		mustSay(t, testenv.Post(t, s.URL(), continueRequest(begun.Challenge, key.shows(t, begun.PasskeyOptions), p.Client)), "continueLogin", "CHALLENGE_INVALID")
	})
}

// An answer of a passkey is taken if all of it is what was asked for: at a login, as second
// factor, and when it is added. Whatever else comes is one code, and never INTERNAL.
func TestWrongPasskeys_K2(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		p, q := s.Join(t), s.Join(t)
		key, theirs := hasPasskey(t, s, p.Access), hasPasskey(t, s, q.Access)
		mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: requireSecondOp, Variables: testenv.Input("required", true), Bearer: p.Access}), "requireSecondFactor")
		login := testenv.Post(t, s.URL(), testenv.Request{Query: stepLoginOp, Variables: testenv.Input("login", p.Username, "password", p.Password), Client: p.Client})
		mustSay(t, login, "login", "SECOND_FACTOR_NEEDED")
		step := stepOf(t, login, "login")
		begun, other := ask(t, s, beginOp, "startPasskeyLogin", ""), ask(t, s, beginOp, "startPasskeyLogin", "")
		offer := ask(t, s, startPasskeyOp, "startPasskey", p.Access)
		wrong := map[string]*authenticator{
			"at another page":       key.with(func(a *authenticator) { a.rp.Origin = "https://evil.example" }),
			"at a page beside":      key.with(func(a *authenticator) { a.rp.Origin = strings.Replace(a.rp.Origin, "//", "//other.", 1) }),
			"for another domain":    key.with(func(a *authenticator) { a.rp.ID = "evil.example" }),
			"of another user":       key.with(func(a *authenticator) { a.Options.UserHandle = theirs.Options.UserHandle }),
			"with another key":      key.with(func(a *authenticator) { a.Key = theirs.Key }),
			"with nobody there":     key.with(func(a *authenticator) { a.Options.UserNotPresent = true }),
			"copied, and cannot be": key.with(func(a *authenticator) { a.Options.BackupState = true }),
		}
		client := testenv.ClientAddress()
		refuses := func(what, challenge, text string, want string) {
			t.Helper()
			a := testenv.Post(t, s.URL(), continueRequest(challenge, text, client))
			if got := a.Payload(t, "continueLogin"); len(a.Errors) > 0 || !slices.Equal(codes(got), []string{want}) {
				t.Errorf("%s: %s, want %s", what, cut(string(a.Body)), want)
			}
		}
		for what, a := range wrong {
			refuses("a login "+what, begun.Challenge, a.shows(t, begun.PasskeyOptions), "PASSKEY_INVALID")
			refuses("a second factor "+what, step.Challenge, a.shows(t, step.PasskeyOptions), "PASSKEY_INVALID")
		}
		unverified := key.with(func(a *authenticator) { a.Options.UserNotVerified = true })
		refuses("a login, unverified", begun.Challenge, unverified.shows(t, begun.PasskeyOptions), "PASSKEY_INVALID")
		refuses("a login by what answers another", begun.Challenge, key.shows(t, other.PasskeyOptions), "PASSKEY_INVALID")
		refuses("a login by what answers a step", begun.Challenge, key.shows(t, step.PasskeyOptions), "PASSKEY_INVALID")
		refuses("a second factor by what answers a login", step.Challenge, key.shows(t, begun.PasskeyOptions), "PASSKEY_INVALID")
		refuses("another's as second factor", step.Challenge, theirs.shows(t, step.PasskeyOptions), "PASSKEY_INVALID")
		refuses("a challenge for adding", offer.Challenge, key.shows(t, begun.PasskeyOptions), "CHALLENGE_INVALID")
		refuses("a challenge that was altered", begun.Challenge[:40]+"A"+begun.Challenge[41:], key.shows(t, begun.PasskeyOptions), "CHALLENGE_INVALID")
		refuses("nobody's", begun.Challenge, newAuthenticator(t, s).shows(t, begun.PasskeyOptions), "PASSKEY_UNKNOWN")
		for _, text := range []string{
			"", "{}", "null", "[]", "\u0000", `{"id":"x"}`, strings.Repeat("[", 9000), strings.Repeat("x", 16<<10+1), key.shows(t, begun.PasskeyOptions)[:200],
			strings.Replace(key.shows(t, begun.PasskeyOptions), `"signature":"`, `"signature":"A`, 1), bomb(key),
		} {
			if strings.ContainsRune(text, 0) {
				mustFail(t, "NUL", testenv.Post(t, s.URL(), continueRequest(begun.Challenge, text, client)), "BAD_USER_INPUT", "")
				continue
			}
			refuses("broken", begun.Challenge, text, "PASSKEY_INVALID")
			mustSay(t, testenv.Post(t, s.URL(), addRequest(p.Access, offer.Challenge, text, key.rp.Origin)), "addPasskey", "PASSKEY_INVALID")
		}
		refuses("what would be added", begun.Challenge, key.makes(t, offer.PasskeyOptions), "PASSKEY_INVALID")
		fresh := newAuthenticator(t, s)
		for what, a := range map[string]*authenticator{
			"at another page": fresh.with(func(a *authenticator) { a.rp.Origin = "https://evil.example" }), "for another domain": fresh.with(func(a *authenticator) { a.rp.ID = "evil.example" }),
			"unverified": fresh.with(func(a *authenticator) { a.Options.UserNotVerified = true }),
		} {
			a := testenv.Post(t, s.URL(), addRequest(p.Access, offer.Challenge, a.makes(t, offer.PasskeyOptions), a.rp.Origin))
			if !slices.Equal(codes(a.Payload(t, "addPasskey")), []string{"PASSKEY_INVALID"}) {
				t.Errorf("adding one %s: %s", what, a.Body)
			}
		}
		text := fresh.makes(t, offer.PasskeyOptions)
		mustSay(t, testenv.Post(t, s.URL(), addRequest(p.Access, offer.Challenge, text, "https://evil.example")), "addPasskey", "PASSKEY_INVALID")
		mustSay(t, testenv.Post(t, s.URL(), addRequest(q.Access, offer.Challenge, text, fresh.rp.Origin)), "addPasskey", "CHALLENGE_INVALID")
		mustSay(t, testenv.Post(t, s.URL(), addRequest(p.Access, begun.Challenge, text, fresh.rp.Origin)), "addPasskey", "CHALLENGE_INVALID")
		mustSay(t, testenv.Post(t, s.URL(), addRequest(p.Access, offer.Challenge, text, "")), "addPasskey") // an app has no page

		// With nothing wrong they are taken: as second factor the authenticator need not know its owner.
		answer := testenv.Post(t, s.URL(), continueRequest(step.Challenge, unverified.shows(t, step.PasskeyOptions), client))
		if answer.Payload(t, "continueLogin").Tokens == nil {
			t.Errorf("the right one as second factor: %s", answer.Body)
		}
		key.Options.UserHandle = handleOf(t, s, p.Access)
		if a := testenv.Post(t, s.URL(), continueRequest(begun.Challenge, key.shows(t, begun.PasskeyOptions), client)); a.Payload(t, "continueLogin").Tokens == nil {
			t.Errorf("the right one: %s", a.Body)
		}
	})
}

// bomb is an answer whose authenticator data claim to hold far more than is there.
func bomb(key *authenticator) string {
	data := append(bytes.Repeat([]byte{0xff}, 37), 0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	id := base64.RawURLEncoding.EncodeToString(key.Credential.ID)
	return fmt.Sprintf(`{"id":%q,"rawId":%q,"type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":%q,"signature":"AAAA"}}`,
		id, id, base64.RawURLEncoding.EncodeToString(data))
}

// handleOf is what passkeys know a user by.
func handleOf(t *testing.T, s *testenv.Stack, access string) []byte {
	t.Helper()
	var me struct{ PasskeyUserID string }
	testenv.Post(t, s.URL(), testenv.Request{Query: waysInOp, Bearer: access}).Into(t, "me", &me)
	handle, err := base64.RawURLEncoding.DecodeString(me.PasskeyUserID)
	if err != nil || len(handle) != 16 {
		t.Fatalf("passkeyUserId %q: %v", me.PasskeyUserID, err)
	}
	return handle
}

// begins is how many logins by passkey a test begins.
const begins = 10_000

// However many logins by passkey begin, no row is written, in any table; and their answers
// differ in the challenge alone, whoever there is.
func TestBegunPasskeyLogins_K3(t *testing.T) {
	t.Parallel()
	for _, s := range []*testenv.Stack{testenv.NewEmbedded(t), testenv.NewProduction(t)} {
		s.Plain = true // it is 10,000 requests
		s.Add(t)
		s.AwaitReady(t)
		key := hasPasskey(t, s, s.Join(t).Access)
		testenv.Await(t, patience, "the mail about it", func() bool { return count(t, s, `SELECT count(*) FROM outbox`) == 0 })
		tables := tablesOf(t, s)
		shapes := map[string]int{}
		var mu sync.Mutex
		var next atomic.Int64
		client := testenv.ClientAddress()
		begin := func() error {
			for next.Add(1) <= begins {
				a, err := testenv.Insist(s.URL(), testenv.Request{Query: beginOp, Client: client})
				if err != nil {
					return err
				}
				var got asked
				if err := json.Unmarshal(a.Data["startPasskeyLogin"], &got); err != nil || got.Challenge == "" {
					return fmt.Errorf("%s, %v", a.Body, err)
				}
				shape := shapeOf(string(a.Body), got)
				mu.Lock()
				shapes[shape]++
				mu.Unlock()
			}
			return nil
		}
		before := rowsOf(t, s, tables)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := begin(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if after := rowsOf(t, s, tables); after != before {
			t.Errorf("after %d begun logins there are %s, before there were %s", begins, after, before)
		}
		if len(shapes) != 1 {
			t.Errorf("the answers differ: %v", shapes)
		}
		if a := enter(t, s, key, client); a.Payload(t, "continueLogin").Tokens == nil {
			t.Errorf("and no limit was used up: %s", a.Body)
		}
	}
}

// shapeOf is an answer without its challenge, what is made of that, and the time.
func shapeOf(body string, got asked) string {
	var all struct {
		Data struct {
			StartPasskeyLogin struct{ ExpiresAt string }
		}
	}
	_ = json.Unmarshal([]byte(body), &all) // it was read before
	var options struct{ Challenge string }
	_ = json.Unmarshal([]byte(got.PasskeyOptions), &options)
	return strings.NewReplacer(got.Challenge, "CHALLENGE", options.Challenge, "OPTION", all.Data.StartPasskeyLogin.ExpiresAt, "TIME").Replace(body)
}

// tablesOf are the tables of a stack's database.
func tablesOf(t *testing.T, s *testenv.Stack) []string {
	t.Helper()
	sql := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name`
	if s.Setting("DATABASE_URL") != "" {
		sql = `SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename`
	}
	rows, err := s.DB(t).Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		list = append(list, name)
	}
	if len(list) < 10 {
		t.Fatalf("only the tables %v", list)
	}
	return list
}

// rowsOf says how many rows there are in each table.
func rowsOf(t *testing.T, s *testenv.Stack, tables []string) string {
	t.Helper()
	var list []string
	for _, table := range tables {
		list = append(list, fmt.Sprint(table, " ", count(t, s, `SELECT count(*) FROM `+table)))
	}
	return strings.Join(list, ", ")
}

// A passkey that begins to be copied goes on working; one that cannot be copied and whose
// counter does not rise is refused, and its owner is told.
func TestCounterAndBackup_K4(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		p := s.Join(t)
		key := hasPasskey(t, s, p.Access)
		enters := func(what string, want ...string) {
			t.Helper()
			a := enter(t, s, key, p.Client)
			if got := a.Payload(t, "continueLogin"); !slices.Equal(codes(got), want) || (got.Tokens != nil) != (len(want) == 0) {
				t.Errorf("%s: %s", what, a.Body)
			}
		}
		key.Credential.Counter = 3
		enters("counter 3")
		key.Credential.Counter = 3
		enters("counter 3 again", "PASSKEY_INVALID")
		key.Credential.Counter = 2
		enters("counter 2", "PASSKEY_INVALID")
		awaitMail(t, s, p.Email, "A passkey may have been copied", 0)
		key.Credential.Counter = 4
		key.Options.BackupEligible, key.Options.BackupState = true, true
		enters("copied from now on")
		key.Credential.Counter = 0
		enters("copied, and counts nothing")
		key.Options.BackupEligible, key.Options.BackupState = false, false
		enters("copied no more")
		history := testenv.Post(t, s.URL(), testenv.Request{Query: `{ me { securityEvents { nodes { kind outcome } } } }`, Bearer: p.Access})
		for kind, want := range map[string]int{`"PASSKEY_COUNTER_REFUSED","outcome":"REFUSED"`: 2, `"PASSKEY_BACKUP_CHANGED","outcome":"SUCCESS"`: 2} {
			if n := strings.Count(string(history.Body), kind); n != want {
				t.Errorf("history has %s %d times, want %d: %s", kind, n, want, history.Body)
			}
		}
	})
}

// A credential has one account: nobody else's, and not once more, also after it was removed.
func TestPasskeyOfAnother_K5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		p, q := s.Join(t), s.Join(t)
		key := hasPasskey(t, s, p.Access)
		add := func(access string) []string {
			t.Helper()
			offer := ask(t, s, startPasskeyOp, "startPasskey", access)
			other := *key
			a := testenv.Post(t, s.URL(), addRequest(access, offer.Challenge, other.makes(t, offer.PasskeyOptions), key.rp.Origin))
			return codes(a.Payload(t, "addPasskey"))
		}
		for what, access := range map[string]string{"once more": p.Access, "by another": q.Access} {
			if got := add(access); !slices.Equal(got, []string{"PASSKEY_TAKEN"}) {
				t.Errorf("%s: %v", what, got)
			}
		}
		if a := enter(t, s, key, p.Client); a.Payload(t, "continueLogin").User.ID != p.ID {
			t.Errorf("then it is of another: %s", a.Body)
		}
		mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: removeFactorOp, Variables: testenv.Input("factorId", key.id), Bearer: p.Access}), "removeFactor")
		for what, access := range map[string]string{"once more, removed": p.Access, "by another, removed": q.Access} {
			if got := add(access); !slices.Equal(got, []string{"PASSKEY_TAKEN"}) {
				t.Errorf("%s: %v", what, got)
			}
		}
		mustSay(t, enter(t, s, key, p.Client), "continueLogin", "PASSKEY_INVALID")

		// Of many accounts that add one at once, one has it.
		people := []*testenv.Person{p, q, s.Join(t), s.Join(t)}
		fresh := newAuthenticator(t, s)
		requests := make([]testenv.Request, len(people))
		for i, one := range people {
			offer := ask(t, s, startPasskeyOp, "startPasskey", one.Access)
			requests[i] = addRequest(one.Access, offer.Challenge, fresh.makes(t, offer.PasskeyOptions), fresh.rp.Origin)
		}
		added := 0
		for _, a := range togetherUntilServed(t, len(people), alternating(s), func(i int) testenv.Request { return requests[i] }) {
			switch got := codes(a.Payload(t, "addPasskey")); {
			case len(got) == 0:
				added++
			case !slices.Equal(got, []string{"PASSKEY_TAKEN"}):
				t.Errorf("at once: %s", a.Body)
			}
		}
		if added != 1 {
			t.Errorf("%d accounts have the same passkey", added)
		}
	})
}

// Whoever takes off what opens an account, at once and at two replicas, leaves something; and
// an account without a password does all that others do.
func TestLastWayIn_M5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		for range 3 {
			p := s.Join(t)
			one, two := hasPasskey(t, s, p.Access), hasPasskey(t, s, p.Access)
			requests := []testenv.Request{
				{Query: removePasswordOp, Bearer: p.Access},
				{Query: removeFactorOp, Variables: testenv.Input("factorId", one.id), Bearer: p.Access},
				{Query: removeFactorOp, Variables: testenv.Input("factorId", two.id), Bearer: p.Access},
			}
			done := 0
			for i, a := range togetherUntilServed(t, 9, alternating(s), func(i int) testenv.Request { return requests[i%3] }) {
				field := []string{"removePassword", "removeFactor", "removeFactor"}[i%3]
				switch got := codes(a.Payload(t, field)); {
				case len(got) == 0:
					done++
				case !slices.Equal(got, []string{"LAST_WAY_IN"}) && !slices.Equal(got, []string{"NOT_FOUND"}):
					t.Errorf("%s: %s", field, a.Body)
				}
			}
			var me struct {
				HasPassword bool
				Factors     []struct{ ID string }
			}
			testenv.Post(t, s.URL(), testenv.Request{Query: waysInOp, Bearer: p.Access}).Into(t, "me", &me)
			if !me.HasPassword && len(me.Factors) == 0 {
				t.Fatal("nothing opens the account any more")
			}
			enters := map[string]bool{}
			for _, key := range []*authenticator{one, two} {
				enters[key.id] = enter(t, s, key, p.Client).Payload(t, "continueLogin").Tokens != nil
			}
			if password := s.Login(t, p).Tokens != nil; password != me.HasPassword || !password && !enters[one.id] && !enters[two.id] {
				t.Errorf("by password %v, by passkeys %v, after %d removals", password, enters, done)
			}
		}
	})
}

func TestAccountWithoutPassword_M1_M5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		p := s.Join(t)
		post := func(access, op string, input ...any) *testenv.Answer {
			t.Helper()
			r := testenv.Request{Query: op, Bearer: access, Client: p.Client}
			if len(input) > 0 {
				r.Variables = testenv.Input(input...)
			}
			return testenv.Post(t, s.URL(), r)
		}
		mustSay(t, post(p.Access, removePasswordOp), "removePassword", "LAST_WAY_IN")
		key := hasPasskey(t, s, p.Access)
		if out, errOut, code := shell(t, s, "", "user", "show", "--json", p.Username); code != 0 || !strings.Contains(out, `"PASSKEY"`) || !strings.Contains(out, key.id) {
			t.Errorf("user show: exit code %d\n%s%s", code, out, errOut)
		}
		mustSay(t, post(p.Access, removePasswordOp), "removePassword")
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(p.Username, p.Password, p.Client)), "login", "INVALID_CREDENTIALS")
		access := enter(t, s, key, p.Client).Payload(t, "continueLogin").Tokens.AccessToken
		mustSay(t, post(access, removeFactorOp, "factorId", key.id), "removeFactor", "LAST_WAY_IN")
		email := `mutation ($i: ChangeEmailInput!) { changeEmail(input: $i) { user { pendingEmail } errors { code } } }`
		password := `mutation ($i: ChangePasswordInput!) { changePassword(input: $i) { user { id } errors { code } } }`
		deletion := `mutation ($i: DeleteAccountInput!) { deleteAccount(input: $i) { deletedUserId errors { code } } }`

		changes := []struct {
			field, op string
			input     []any
		}{
			{"changeEmail", email, []any{"email", testenv.Address()}}, {"changePassword", password, []any{"newPassword", p.Password + "!"}},
			{"deleteAccount", deletion, []any{"password", nil}},
		}
		// An hour later each of them asks for a fresh proof, and a passkey is one.
		change(t, s, `UPDATE sessions SET authenticated_at = $2 WHERE user_id = $1`, p.ID, time.Now().Add(-time.Hour).UTC())
		for _, c := range changes {
			mustFail(t, c.field, post(access, c.op, c.input...), "FORBIDDEN", "STEP_UP")
		}
		up := ask(t, s, `mutation { startStepUp { challenge passkeyOptions errors { code } } }`, "startStepUp", access)
		mustSay(t, post(access, stepUpOp, "challenge", up.Challenge, "answer", map[string]any{"passkey": key.shows(t, up.PasskeyOptions)}), "stepUp")
		mustSay(t, post(access, email, "email", testenv.Address()), "changeEmail")
		mustSay(t, post(access, password, "newPassword", p.Password+"!"), "changePassword")
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(p.Username, p.Password+"!", p.Client)), "login")
		mustSay(t, post(access, deletion, "password", nil), "deleteAccount", "WRONG_PASSWORD")
		mustSay(t, post(access, removePasswordOp), "removePassword")
		mustSay(t, post(access, deletion, "password", nil), "deleteAccount")
		mustSay(t, enter(t, s, key, p.Client), "continueLogin", "PASSKEY_UNKNOWN")
	})
}

// Where there are no passkeys the service says so, and its start and the doctor count those
// that are of no use.
func TestPasskeyDomainMoved(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t)
	p := s.Join(t)
	hasPasskey(t, s, p.Access)
	offered := func() bool {
		t.Helper()
		var methods struct{ Passkeys bool }
		testenv.Post(t, s.URL(), testenv.Request{Query: `{ loginMethods { passkeys } }`}).Into(t, "loginMethods", &methods)
		return methods.Passkeys
	}
	if !offered() {
		t.Error("loginMethods does not name passkeys")
	}
	s.Env = append(s.Env, "PUBLIC_URL=http://127.0.0.1:8080")
	s.Restart(t, 0)
	if offered() {
		t.Error("loginMethods names passkeys at an IP address")
	}
	a := testenv.Post(t, s.URL(), testenv.Request{Query: beginOp})
	mustFail(t, "a login at an IP address", a, "FORBIDDEN", "PASSKEYS_OFF")
	testenv.Await(t, patience, "the warning", func() bool { return strings.Contains(s.Log(), "passkeys are of no use: PUBLIC_URL") })
	s.Env = append(s.Env, "PUBLIC_URL=http://localhost:8080", "PASSKEY_DOMAIN=example.org", "CORS_ORIGINS=https://app.example.org")
	s.Restart(t, 0)
	testenv.Await(t, patience, "the warning", func() bool { return strings.Contains(s.Log(), "made for another domain than PASSKEY_DOMAIN") })
	out, _, _ := testenv.Command(t, s.Replicas[0].Dir, "", s.Env, "doctor", "--json")
	if !strings.Contains(out, "1 passkey in the database made for another domain than example.org") {
		t.Errorf("the doctor does not count them:\n%s", out)
	}
}
