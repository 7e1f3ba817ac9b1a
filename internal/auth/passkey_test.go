package auth_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// A passkey counts once it was made by what its session was offered, on the page that asks,
// within ten minutes and once.
func TestAddPasskey_J9_K2(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		f.user("eve")
		l, other := f.login("ada", client(1)), f.login("ada", client(2))
		eve := f.login("eve", client(3))
		me := as(f.of(l), client(1))
		offer, err := f.StartPasskey(t.Context(), me)
		must(t, err)
		k := f.newKey()
		text := k.makes(offer.Options)
		add := func(a auth.Actor, challenge, text, origin string) error {
			_, err := f.AddPasskey(t.Context(), a, auth.AddPasskeyInput{Challenge: challenge, Passkey: text, Name: new(" Phone\t"), Origin: origin})
			return err
		}
		others, err := f.StartPasskey(t.Context(), as(f.of(eve), client(3)))
		must(t, err)
		login := f.passkeyLogin()
		elsewhere := f.newKey()
		elsewhere.rp.Origin = "https://evil.example.org"
		unverified := f.newKey()
		unverified.Options.UserNotVerified = true
		expect(t, "another session", add(as(f.viewer(other), client(2)), offer.Challenge, text, keyPage), "CHALLENGE_INVALID")
		expect(t, "another user", add(as(f.of(eve), client(3)), offer.Challenge, text, keyPage), "CHALLENGE_INVALID")
		expect(t, "another user's challenge", add(me, others.Challenge, text, keyPage), "CHALLENGE_INVALID")
		expect(t, "a challenge for a login", add(me, login.Challenge, text, keyPage), "CHALLENGE_INVALID")
		expect(t, "no challenge", add(me, "", text, keyPage), "CHALLENGE_INVALID")
		expect(t, "what another was offered", add(me, offer.Challenge, k.makes(others.Options), keyPage), "PASSKEY_INVALID")
		expect(t, "from another page", add(me, offer.Challenge, text, "https://other.example.org"), "PASSKEY_INVALID")
		expect(t, "from two pages", add(me, offer.Challenge, text, keyPage+" "+keyPage), "PASSKEY_INVALID")
		expect(t, "made elsewhere", add(me, offer.Challenge, elsewhere.makes(offer.Options), elsewhere.rp.Origin), "PASSKEY_INVALID")
		expect(t, "not verified", add(me, offer.Challenge, unverified.makes(offer.Options), keyPage), "PASSKEY_INVALID")
		for _, text := range []string{"", "{}", "null", "[", `{"id":1}`, strings.Repeat("x", 20<<10), k.makes(offer.Options)[1:]} {
			expect(t, "broken", add(me, offer.Challenge, text, keyPage), "PASSKEY_INVALID")
		}
		if got := f.ways(u.ID); got != "password" {
			t.Errorf("before it was added the account has %s", got)
		}

		all := parallel(20, func(int) error { return patient(func() error { return add(me, offer.Challenge, text, keyPage) }) })
		expectAll(t, "the right one, twenty times", all, 1, "CHALLENGE_INVALID")
		if got := f.ways(u.ID); got != "password, passkey Phone" {
			t.Errorf("the account has %s", got)
		}
		if got := f.shown(l); got != "[PASSWORD PASSKEY]" {
			t.Errorf("the session that added it says %s", got)
		}
		expect(t, "a login by password asks for no more", f.try("ada", goodPassword, client(1)), "ok")
		f.newest("ada@example.org", store.MailPasskeyAdded)

		late, err := f.StartPasskey(t.Context(), as(f.of(l), client(1)))
		must(t, err)
		f.pass(10*time.Minute + time.Second)
		expect(t, "after ten minutes", add(as(f.of(l), client(1)), late.Challenge, f.newKey().makes(late.Options), keyPage), "CHALLENGE_INVALID")
	})
}

// A passkey belongs to one account: to the one that had it first, after it was removed too;
// and an account has twenty.
func TestPasskeyIsTaken_K5(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ada := f.user("ada")
		f.user("eve")
		l, eve := f.login("ada", client(1)), f.login("eve", client(3))
		k := f.added(l, client(1))
		expect(t, "once more", f.add(k, l, client(1)), "PASSKEY_TAKEN")
		expect(t, "by another", f.add(k, eve, client(3)), "PASSKEY_TAKEN")
		stolen := f.newKey() // with a key of its own
		stolen.Credential.ID = k.Credential.ID
		expect(t, "its id, by another", f.add(stolen, eve, client(3)), "PASSKEY_TAKEN")
		k.Options.UserHandle = f.handle(ada.ID)
		expect(t, "it still works", f.enters(k, client(1)), "ok")
		must(t, f.removes(l, k.id))
		expect(t, "after it was removed", f.add(k, l, client(1)), "PASSKEY_TAKEN")
		expect(t, "by another, after it was removed", f.add(k, eve, client(3)), "PASSKEY_TAKEN")

		for i := range 20 {
			f.pass(3 * time.Minute)
			if i%3 == 0 {
				must(t, f.stepsUpBy(l, goodPassword))
			}
			f.added(l, client(1))
			f.exec(`UPDATE sessions SET proofs = 'PASSWORD'`)
			if i%10 == 0 {
				f.pass(25 * time.Hour) // twenty changes a day
				must(t, f.stepsUpBy(l, goodPassword))
			}
		}
		must(t, f.stepsUpBy(l, goodPassword))
		_, err := f.StartPasskey(t.Context(), as(f.of(l), client(1)))
		expect(t, "one more", err, "TOO_MANY")
		// Of two who began at nineteen, one is late.
		all, err := f.FactorsOf(t.Context(), []store.User{*ada})
		must(t, err)
		f.pass(25 * time.Hour)
		must(t, f.stepsUpBy(l, goodPassword))
		must(t, f.removes(l, all[ada.ID].List[3].(*store.Passkey).ID))
		me := as(f.of(l), client(1))
		first, err := f.StartPasskey(t.Context(), me)
		must(t, err)
		f.added(l, client(1))
		_, err = f.AddPasskey(t.Context(), as(f.of(l), client(1)), auth.AddPasskeyInput{Challenge: first.Challenge, Passkey: f.newKey().makes(first.Options), Origin: keyPage})
		expect(t, "the late one", err, "TOO_MANY")
		if n := f.count(`passkeys WHERE user_id = $1 AND removed_seq IS NULL`, ada.ID); n != 20 {
			t.Errorf("there are %d passkeys", n)
		}
	})
}

func (f *fixture) stepsUpBy(l *auth.Login, typed string) error {
	_, err := f.stepsUp(l, auth.StepUpAnswer{Password: &typed}, client(1))
	return err
}

// handle is what passkeys know a user by.
func (f *fixture) handle(userID string) []byte {
	f.t.Helper()
	var id []byte
	for _, r := range strings.ReplaceAll(userID, "-", "") {
		id = append(id, byte(strings.IndexRune("0123456789abcdef", r)))
	}
	handle := make([]byte, 16)
	for i := range handle {
		handle[i] = id[2*i]<<4 | id[2*i+1]
	}
	return handle
}

// A login by passkey names nobody, writes nothing before it is right, and is as good as two
// factors. What is wrong with an answer is said in one word, and nothing of it counts.
func TestPasskeyLogin_J2_K2_K3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l := f.login("ada", client(1))
		k := f.added(l, client(1))
		f.user("eve")
		eve := f.added(f.login("eve", client(3)), client(3))
		f.enrol(l, client(1)) // which a passkey need not show
		creation, err := f.StartPasskey(t.Context(), as(f.of(l), client(1)))
		must(t, err)
		f.exec(`DELETE FROM sessions`)
		before := f.rows()

		offer := f.passkeyLogin()
		var options map[string]any
		must(t, json.Unmarshal([]byte(offer.Options), &options))
		if options["allowCredentials"] != nil || options["userVerification"] != "required" || options["rpId"] != keyDomain {
			t.Errorf("the options are %s", offer.Options)
		}
		other := f.passkeyLogin()
		wrong := func(change func(k *key)) string {
			other := *k
			change(&other)
			return other.shows(offer.Options)
		}
		for what, text := range map[string]string{
			"another challenge":         k.shows(other.Options),
			"another origin":            wrong(func(k *key) { k.rp.Origin = "https://evil.example.org" }),
			"another domain":            wrong(func(k *key) { k.rp.ID = "evil.example" }),
			"not verified":              wrong(func(k *key) { k.Options.UserNotVerified = true }),
			"nobody there":              wrong(func(k *key) { k.Options.UserNotPresent = true }),
			"another's handle":          wrong(func(k *key) { k.Options.UserHandle = eve.Options.UserHandle }),
			"no handle":                 wrong(func(k *key) { k.Options.UserHandle = nil }),
			"another's passkey as hers": wrong(func(k *key) { k.Credential = eve.Credential }),
			"another key":               wrong(func(k *key) { k.Key = eve.Key }),
			"the answer of a creation":  k.makes(creation.Options),
			"nothing":                   "",
			"no JSON":                   "{",
			"large":                     strings.Repeat(" ", 16<<10) + k.shows(offer.Options),
		} {
			k.Options.UserHandle = f.handle(u.ID)
			expect(t, what, f.answers(f.Service, offer.Challenge, text, client(66)), "PASSKEY_INVALID")
		}
		stranger := f.newKey()
		stranger.Options.UserHandle = f.handle(u.ID)
		expect(t, "a passkey of nobody", f.answers(f.Service, offer.Challenge, stranger.shows(offer.Options), client(66)), "PASSKEY_UNKNOWN")
		expect(t, "a code", f.shows(offer.Challenge, "123456", client(66)), "CHALLENGE_INVALID")
		expect(t, "another's challenge", f.answers(f.Service, "lkc_x", k.shows(offer.Options), client(66)), "CHALLENGE_INVALID")
		if got := f.rows(); got != before {
			t.Errorf("logins that came to nothing left %s, before there were %s", got, before)
		}

		in, err := f.answer(f.Service, offer.Challenge, auth.LoginAnswer{Passkey: new(k.shows(offer.Options))}, client(2))
		must(t, err)
		c, err := f.keys.Verify(in.Tokens.AccessToken, f.Now())
		must(t, err)
		if c.Level != "aal2" || c.Methods != "mfa pop user" || in.User.ID != u.ID || f.shown(in) != "[PASSKEY]" {
			t.Errorf("the login is of %s, at %s by %s", in.User.Username, c.Level, c.Methods)
		}
		late := f.passkeyLogin()
		f.pass(15*time.Minute + time.Second)
		expect(t, "after a quarter of an hour", f.answers(f.Service, late.Challenge, k.shows(late.Options), client(2)), "CHALLENGE_INVALID")
		_, err = f.DisableUser(t.Context(), shell, auth.DisableUserInput{UserID: u.ID})
		must(t, err)
		expect(t, "while disabled", f.enters(k, client(2)), "ACCOUNT_DISABLED")
		k.Key = eve.Key
		expect(t, "while disabled, with another key", f.enters(k, client(2)), "PASSKEY_INVALID")
	})
}

// rows says how many there are in each table that a login writes to.
func (f *fixture) rows() string {
	f.t.Helper()
	var list []string
	for _, table := range []string{"sessions", "familiar", "used", "outbox", "factor_tries"} {
		list = append(list, fmt.Sprint(table, " ", f.count(table)))
	}
	return strings.Join(list, ", ")
}

// However often an answer comes, and wherever, it makes one session: at a login, also where
// another step follows, and at a step-up.
func TestPasskeyAnswerIsUsedOnce_K1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l := f.login("ada", client(1))
		k := f.added(l, client(1))
		f.exec(`DELETE FROM sessions WHERE id <> $1`, l.Session.ID)
		replicas := []*auth.Service{f.Service, f.replica(f.cfg)}
		offer := f.passkeyLogin()
		text := k.shows(offer.Options)
		fifty := func() []error {
			return parallel(50, func(i int) error {
				return patient(func() error { return f.answers(replicas[i%2], offer.Challenge, text, client(1)) })
			})
		}
		expectAll(t, "one answer fifty times", fifty(), 1, "CHALLENGE_INVALID")
		if n := f.count(`sessions WHERE user_id = $1`, u.ID); n != 2 {
			t.Errorf("there are %d sessions, want the one before and one more", n)
		}
		expect(t, "another answer to the same challenge", f.answers(f.Service, offer.Challenge, k.shows(offer.Options), client(1)), "CHALLENGE_INVALID")

		f.exec(`UPDATE users SET must_change_password = TRUE`)
		offer = f.passkeyLogin()
		text = k.shows(offer.Options)
		steps := fifty()
		let, challenge := 0, ""
		for _, err := range steps {
			if step, ok := asStep(err); ok {
				let, challenge = let+1, f.challenge(step)
			} else if got := outcome(err); got != "PASSKEY_INVALID" {
				t.Errorf("an answer that was used: %s", got)
			}
		}
		if let != 1 {
			t.Fatalf("%d of fifty came to the next step", let)
		}
		_, err := f.answer(f.Service, challenge, auth.LoginAnswer{NewPassword: new(newPassword)}, client(1))
		must(t, err)
	})
}

// A passkey is a second factor where its owner wants that: its authenticator need not know
// them then, and it is asked for those of the account alone.
func TestPasskeyAsSecondFactor_K1_K2(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		l := f.login("ada", client(1))
		expect(t, "without one", f.wants(l, true), "FACTOR_MISSING")
		k := f.added(l, client(1))
		f.user("eve")
		eve := f.added(f.login("eve", client(3)), client(3))
		must(t, f.wants(l, true))
		step := f.second("ada", client(2))
		if fmt.Sprint(step.Factors) != "[PASSKEY]" || step.PasskeyOptions == nil {
			t.Fatalf("the step asks for %v", step.Factors)
		}
		var options struct {
			UserVerification string
			AllowCredentials []struct{ ID string }
		}
		must(t, json.Unmarshal([]byte(*step.PasskeyOptions), &options))
		if options.UserVerification != "discouraged" || len(options.AllowCredentials) != 1 {
			t.Errorf("the options are %s", *step.PasskeyOptions)
		}
		offer := f.passkeyLogin()
		expect(t, "another's", f.answers(f.Service, step.Challenge, eve.shows(*step.PasskeyOptions), client(2)), "PASSKEY_INVALID")
		expect(t, "nobody's", f.answers(f.Service, step.Challenge, f.newKey().shows(*step.PasskeyOptions), client(2)), "PASSKEY_INVALID")
		expect(t, "an answer to another challenge", f.answers(f.Service, step.Challenge, k.shows(offer.Options), client(2)), "PASSKEY_INVALID")
		expect(t, "an answer to this at another", f.answers(f.Service, offer.Challenge, k.shows(*step.PasskeyOptions), client(2)), "PASSKEY_INVALID")
		k.Options.UserNotVerified = true
		text := k.shows(*step.PasskeyOptions)
		errs := parallel(20, func(int) error {
			return patient(func() error { return f.answers(f.Service, step.Challenge, text, client(2)) })
		})
		expectAll(t, "the right one, twenty times", errs, 1, "CHALLENGE_INVALID")
		step = f.second("ada", client(2))
		k.Options.UserHandle = nil // which an authenticator may leave out here
		in, err := f.answer(f.Service, step.Challenge, auth.LoginAnswer{Passkey: new(k.shows(*step.PasskeyOptions))}, client(2))
		must(t, err)
		if got := f.shown(in); got != "[PASSWORD PASSKEY]" {
			t.Errorf("the session says %s", got)
		}
		if got := f.fresh(in); got != "fresh" {
			t.Errorf("the session is %s", got)
		}

		// What was used last comes first, and what is of no use here does not come at all.
		a := f.enrol(in, client(2))
		orders := []string{fmt.Sprint(f.second("ada", client(2)).Factors)}
		f.loginWith(a, "ada", client(2))
		orders = append(orders, fmt.Sprint(f.second("ada", client(2)).Factors))
		f.exec(`UPDATE passkeys SET rp_id = 'example.com'`)
		step = f.second("ada", client(2))
		orders = append(orders, fmt.Sprint(step.Factors, step.PasskeyOptions))
		if want := "[[PASSKEY TOTP RECOVERY_CODE] [TOTP PASSKEY RECOVERY_CODE] [TOTP RECOVERY_CODE] <nil>]"; fmt.Sprint(orders) != want {
			t.Errorf("the steps ask for %v, want %s", orders, want)
		}
		f.exec(`UPDATE passkeys SET rp_id = $1`, keyDomain)

		// Whoever takes the last passkey off is not asked for the next one by itself.
		f.exec(`DELETE FROM totps`)
		must(t, f.removes(in, k.id))
		f.added(in, client(2))
		expect(t, "with another passkey", f.try("ada", goodPassword, client(2)), "ok")
	})
}

// Where an account has to have a second factor and has none, a login ends with a new passkey,
// which is asked for from then on.
func TestEnrolByPasskey_J9_K5(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		f.user("eve")
		taken := f.added(f.login("eve", client(3)), client(3))
		f.exec(`UPDATE users SET must_enrol = TRUE WHERE id = $1`, u.ID)
		enrolment := func() *auth.EnrolmentStep {
			return stepOf[*auth.EnrolmentStep](f, f.try("ada", goodPassword, client(1)))
		}
		answer := func(step *auth.EnrolmentStep, text, origin string) (*auth.Login, error) {
			return f.ContinueLogin(t.Context(), client(1), auth.ContinueLoginInput{Challenge: step.Challenge, Answer: auth.LoginAnswer{Passkey: &text}, Origin: origin})
		}
		step, other := enrolment(), enrolment()
		k := f.newKey()
		_, err := answer(step, k.makes(*other.PasskeyOptions), keyPage)
		expect(t, "an answer to another challenge", err, "PASSKEY_INVALID")
		_, err = answer(step, k.makes(*step.PasskeyOptions), "https://other.example.org")
		expect(t, "another page's", err, "PASSKEY_INVALID")
		_, err = answer(step, taken.makes(*step.PasskeyOptions), keyPage)
		expect(t, "another's", err, "PASSKEY_TAKEN")
		l, err := answer(step, k.makes(*step.PasskeyOptions), keyPage)
		must(t, err)
		if len(l.RecoveryCodes) != 8 || f.shown(l) != "[PASSWORD PASSKEY]" {
			t.Errorf("the session says %s, with %d recovery codes", f.shown(l), len(l.RecoveryCodes))
		}
		_, err = answer(other, f.newKey().makes(*other.PasskeyOptions), keyPage)
		if got := outcome(err); got != "CHALLENGE_INVALID" && got != "ok" {
			t.Errorf("at an enrolment that began before: %s", got)
		}
		second := f.second("ada", client(1))
		expect(t, "from then on", f.answers(f.Service, second.Challenge, k.shows(*second.PasskeyOptions), client(1)), "ok")
		f.newest("ada@example.org", store.MailPasskeyAdded)

		// The same where the duty is done in a session.
		f.user("bob")
		bob := f.login("bob", client(4))
		f.exec(`UPDATE users SET must_enrol = TRUE WHERE username = 'bob'`)
		must(t, f.add(f.newKey(), bob, client(4)))
		f.second("bob", client(4))

		// Who has not shown the second factor that an account has got since adds no other.
		f.user("carol")
		stale := f.login("carol", client(5))
		me := as(f.of(stale), client(5))
		offer, err := f.StartPasskey(t.Context(), me)
		must(t, err)
		f.enrol(f.login("carol", client(5)), client(5))
		_, err = f.AddPasskey(t.Context(), me, auth.AddPasskeyInput{Challenge: offer.Challenge, Passkey: f.newKey().makes(offer.Options), Origin: keyPage})
		expect(t, "an offer of before there was an app", err, "CHALLENGE_INVALID")
	})
}

// A step-up by passkey is good in the session that asked for it, and asks the authenticator
// to know its owner.
func TestStepUpByPasskey_K1_M1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		l := f.login("ada", client(1))
		k := f.added(l, client(1))
		none, err := f.StartStepUp(t.Context(), as(f.of(f.login("ada", client(2))), client(2)))
		must(t, err)
		if fmt.Sprint(none.Proofs) != "[PASSWORD PASSKEY]" {
			t.Errorf("a step-up takes %v", none.Proofs)
		}
		f.pass(time.Hour)
		other := f.login("ada", client(2))
		f.pass(time.Hour)
		offer, err := f.StartStepUp(t.Context(), as(f.of(l), client(1)))
		must(t, err)
		up := func(l *auth.Login, challenge *string, text string) error {
			_, err := f.StepUp(t.Context(), as(f.of(l), client(1)), auth.StepUpInput{Challenge: challenge, Answer: auth.StepUpAnswer{Passkey: &text}})
			return err
		}
		login := f.passkeyLogin()
		expect(t, "without a challenge", up(l, nil, k.shows(offer.Passkey.Options)), "CHALLENGE_INVALID")
		expect(t, "a challenge for a login", up(l, &login.Challenge, k.shows(login.Options)), "CHALLENGE_INVALID")
		expect(t, "in another session", up(other, &offer.Passkey.Challenge, k.shows(offer.Passkey.Options)), "CHALLENGE_INVALID")
		expect(t, "an answer to a login", up(l, &offer.Passkey.Challenge, k.shows(login.Options)), "PASSKEY_INVALID")
		k.Options.UserNotVerified = true
		expect(t, "not verified", up(l, &offer.Passkey.Challenge, k.shows(offer.Passkey.Options)), "PASSKEY_INVALID")
		k.Options.UserNotVerified = false
		if got := f.fresh(l); got != "FORBIDDEN STEP_UP aal1" {
			t.Errorf("before it the session is %s", got)
		}
		text := k.shows(offer.Passkey.Options)
		errs := parallel(20, func(int) error { return patient(func() error { return up(l, &offer.Passkey.Challenge, text) }) })
		expectAll(t, "twenty times", errs, 1, "PASSKEY_INVALID")
		if got := f.fresh(l) + f.shown(l); got != "fresh[PASSWORD PASSKEY]" {
			t.Errorf("after it the session is %s", got)
		}
	})
}

// A passkey that its provider begins or stops to copy goes on working, and history has it.
// One that cannot be copied counts its uses: one that does not is refused, in races too, and
// its owner is told once a day.
func TestBackupAndCounter_K4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l := f.login("ada", client(1))
		k := f.newKey()
		k.Options.BackupEligible, k.Options.BackupState, k.Credential.Counter = false, false, 5
		must(t, f.add(k, l, client(1)))
		for _, tt := range []struct {
			counter uint32
			want    string
		}{{6, "ok"}, {6, "PASSKEY_INVALID"}, {5, "PASSKEY_INVALID"}, {0, "PASSKEY_INVALID"}, {8, "ok"}, {7, "PASSKEY_INVALID"}} {
			k.Credential.Counter = tt.counter
			expect(t, fmt.Sprint("counter ", tt.counter), f.enters(k, client(1)), tt.want)
		}
		if n, mails := f.events(u.ID, store.EventPasskeyCounterRefused), len(f.kinds("ada@example.org", store.MailPasskeyRefused)); n != 4 || mails != 1 {
			t.Errorf("%d events and %d mails, want 4 and 1", n, mails)
		}
		f.pass(25 * time.Hour)
		expect(t, "the day after", f.enters(k, client(1)), "PASSKEY_INVALID")
		if mails := len(f.kinds("ada@example.org", store.MailPasskeyRefused)); mails != 2 {
			t.Errorf("%d mails, want 2", mails)
		}

		// Two that have the same key, and have counted as far.
		f.exec(`DELETE FROM sessions`)
		k.Credential.Counter = 20
		challenges, texts := make([]string, 20), make([]string, 20)
		for i := range texts {
			offer := f.passkeyLogin()
			challenges[i], texts[i] = offer.Challenge, k.shows(offer.Options)
		}
		errs := parallel(len(texts), func(i int) error {
			return patient(func() error { return f.answers(f.Service, challenges[i], texts[i], client(1)) })
		})
		expectAll(t, "one counter at twenty logins", errs, 1, "PASSKEY_INVALID")
		if n := f.count(`sessions`); n != 1 {
			t.Errorf("there are %d sessions", n)
		}

		changes := func() int { return f.events(u.ID, store.EventPasskeyBackupChanged) }
		for i, eligible := range []bool{true, true, false, true} {
			k.Credential.Counter++
			k.Options.BackupEligible, k.Options.BackupState = eligible, eligible
			if i == 1 {
				k.Credential.Counter = 0 // and counts no more
			}
			expect(t, fmt.Sprint("copied: ", eligible), f.enters(k, client(1)), "ok")
			if want := []int{1, 1, 2, 3}[i]; changes() != want {
				t.Errorf("history has %d changes, want %d", changes(), want)
			}
			if n := f.count(`passkeys WHERE backup_eligible = $1 AND backed_up = $1`, eligible); n != 1 {
				t.Errorf("%v is not stored", eligible)
			}
		}
	})
}

// Passkey's answers count on their client; beyond the limit those get in who are known there.
func TestPasskeyAnswersAreCounted_C5_C7(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		k := f.added(f.login("ada", client(1)), client(1))
		offer := f.passkeyLogin()
		for range 3 {
			expect(t, "a right one", f.enters(k, client(1)), "ok") // and counts nothing
		}
		for _, c := range []auth.Actor{client(1), client(2)} {
			n := 0
			for ; outcome(f.answers(f.Service, offer.Challenge, "x", c)) == "PASSKEY_INVALID"; n++ {
			}
			if n != 300 {
				t.Errorf("%d wrong ones", n)
			}
		}
		expect(t, "a wrong one", f.answers(f.Service, offer.Challenge, "x", client(1)), "RATE_LIMITED")
		expect(t, "the owner where they are known", f.enters(k, client(1)), "ok")
		expect(t, "where they are not", f.enters(k, client(2)), "RATE_LIMITED")
		expect(t, "elsewhere", f.enters(k, client(3)), "ok")
		f.pass(10*time.Minute + time.Second)
		expect(t, "later", f.enters(k, client(2)), "ok")
	})
}

// A passkey that was made for another domain stands in for nothing: it is none to be asked for,
// and none that another factor could be removed beside.
func TestPasskeyOfAnotherDomain_M5(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l := f.login("ada", client(1))
		f.added(l, client(1))
		f.enrol(l, client(1))
		f.exec(`UPDATE passkeys SET rp_id = 'example.com'`)
		expect(t, "to be asked for", f.wants(l, true), "FACTOR_MISSING")
		f.exec(`UPDATE users SET must_enrol = TRUE WHERE id = $1`, u.ID)
		all, err := f.FactorsOf(t.Context(), []store.User{*u})
		must(t, err)
		app := all[u.ID].List[0].(*store.TOTP).ID
		expect(t, "the app beside it", f.removes(l, app), "LAST_FACTOR")
		f.exec(`UPDATE passkeys SET rp_id = $1`, keyDomain)
		expect(t, "the app beside one of this domain", f.removes(l, app), "ok")
	})
}

// An account without a password opens by its passkeys alone, changes what others change by a
// fresh proof, and gets a password again.
func TestWithoutPassword_M1_M5(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l, other := f.login("ada", client(1)), f.login("ada", client(2))
		expect(t, "without a passkey", f.forgetsPassword(l), "LAST_WAY_IN")
		f.enrol(l, client(1))
		expect(t, "an app opens nothing by itself", f.forgetsPassword(l), "LAST_WAY_IN")
		k := f.added(l, client(1))
		f.exec(`UPDATE passkeys SET rp_id = 'example.com'`)
		expect(t, "a passkey of another domain", f.forgetsPassword(l), "LAST_WAY_IN")
		f.exec(`UPDATE passkeys SET rp_id = $1`, keyDomain)
		must(t, f.forgetsPassword(l))
		expect(t, "again", f.forgetsPassword(l), "ok")
		if got := f.ways(u.ID); !strings.HasPrefix(got, "Firefox on Linux, passkey Firefox on Linux") {
			t.Errorf("then the account has %s", got)
		}
		expect(t, "a login by the old password", f.try("ada", goodPassword, client(1)), "INVALID_CREDENTIALS")
		expect(t, "a login by none", f.try("ada", "", client(1)), "INVALID_CREDENTIALS")
		if _, err := f.Refresh(t.Context(), client(2), *other.Tokens.RefreshToken); outcome(err) != "TOKEN_INVALID" {
			t.Errorf("the other session: %s", outcome(err))
		}
		f.newest("ada@example.org", store.MailPasswordRemoved)
		in := f.enter(k, client(1))
		expect(t, "the last passkey", f.removes(in, k.id), "LAST_WAY_IN")

		f.pass(11 * time.Minute)
		v := f.of(in)
		email := func(v *auth.Viewer) error {
			_, err := f.ChangeEmail(t.Context(), as(v, client(1)), auth.ChangeEmailInput{Email: "new@example.org"})
			return err
		}
		sets := func(v *auth.Viewer) error {
			_, err := f.ChangePassword(t.Context(), as(v, client(1)), auth.ChangePasswordInput{NewPassword: newPassword})
			return err
		}
		deletes := func(v *auth.Viewer) error {
			return f.DeleteAccount(t.Context(), as(v, client(1)), auth.DeleteAccountInput{})
		}
		for what, change := range map[string]func(*auth.Viewer) error{"an address": email, "a password": sets, "a deletion": deletes} {
			expect(t, what+", not fresh", change(v), "FORBIDDEN STEP_UP")
		}
		in = f.enter(k, client(1))
		expect(t, "an address", email(f.of(in)), "ok")
		expect(t, "a password", sets(f.of(in)), "ok")
		expect(t, "a deletion without the password", deletes(f.of(in)), "WRONG_PASSWORD")
		must(t, f.forgetsPassword(in))
		must(t, f.reset(f.asks("ada@example.org", client(1)), newPassword+"!", client(1)))
		if got := f.ways(u.ID); !strings.HasPrefix(got, "password, ") {
			t.Errorf("after a reset the account has %s", got)
		}
		in = f.enter(k, client(1))
		must(t, f.forgetsPassword(in))
		expect(t, "a deletion", deletes(f.of(in)), "ok")
		expect(t, "then", f.enters(k, client(1)), "PASSKEY_UNKNOWN")
	})
}

// However a password and passkeys are taken off at once, one of them is left.
func TestSomethingIsLeft_M5(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l := f.login("ada", client(1))
		for range 5 {
			k, second := f.added(l, client(1)), f.added(l, client(1))
			errs := parallel(9, func(i int) error {
				return patient(func() error {
					switch i % 3 {
					case 0:
						return f.removes(l, k.id)
					case 1:
						return f.removes(l, second.id)
					}
					return f.forgetsPassword(l)
				})
			})
			for _, err := range errs {
				if got := outcome(err); got != "ok" && got != "LAST_WAY_IN" && got != "NOT_FOUND" && got != "UNAVAILABLE" {
					t.Errorf("it ended with %s", got)
				}
			}
			if got := f.ways(u.ID); got == "" {
				t.Fatal("nothing opens the account any more")
			}
			f.exec(`DELETE FROM passkeys`)
			f.exec(`UPDATE users SET password_hash = 'x'`)
			f.pass(25 * time.Hour)
			f.exec(`UPDATE sessions SET authenticated_at = $1, expires_at = $2`, f.Now(), f.Now().Add(30*day))
		}
	})
}

// "This was not me" leaves exactly the passkeys of before the event, removed ones too, which
// no browser was told to forget meanwhile.
func TestNotMeAndPasskeys_J12(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l := f.login("ada", client(1))
		k := f.added(l, client(1))
		must(t, f.wants(l, true))
		f.pass(100 * time.Hour)
		thief := at(client(66).Client.Addr, chrome)
		stolen := f.enter(k, thief)
		told := f.token("ada@example.org", store.MailNewDevice)
		theirs := f.added(stolen, thief)
		must(t, f.removes(stolen, k.id))
		must(t, f.forgetsPassword(stolen))
		expect(t, "the owner's passkey", f.enters(k, client(1)), "PASSKEY_INVALID")
		expect(t, "the thief's", f.enters(theirs, thief), "ok")
		must(t, f.notMe(told))
		expect(t, "the thief's, then", f.enters(theirs, thief), "PASSKEY_UNKNOWN")
		expect(t, "the owner's, then", f.enters(k, client(1)), "ok")
		u, err := f.store.UserByID(t.Context(), u.ID)
		must(t, err)
		if got := f.ways(u.ID); got != "passkey Firefox on Linux" || !u.WantsSecondFactor {
			t.Errorf("the account has %s, wanted as second factor: %v", got, u.WantsSecondFactor)
		}
		// What was removed is kept while it may come back.
		in := f.enter(k, client(1))
		other := f.added(in, client(1))
		must(t, f.removes(in, k.id))
		f.pass(4*day + time.Minute)
		_, err = f.store.Sweep(t.Context(), f.Now(), 90*day)
		must(t, err)
		expect(t, "four days later", f.enters(k, client(1)), "PASSKEY_UNKNOWN")
		expect(t, "the other", f.enters(other, client(1)), "ok")
	})
}

// A passkey has the name that it was given, and its user alone gives it another.
func TestRenamePasskey(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l := f.login("ada", client(1))
		k := f.added(l, client(1))
		f.user("eve")
		rename := func(l *auth.Login, id, name string) error {
			_, err := f.RenamePasskey(t.Context(), as(f.of(l), client(1)), auth.RenamePasskeyInput{PasskeyID: id, Name: name})
			return err
		}
		expect(t, "another's", rename(f.login("eve", client(3)), k.id, "x"), "NOT_FOUND")
		expect(t, "none", rename(l, "x", "x"), "NOT_FOUND")
		expect(t, "the own", rename(l, k.id, "\u202eKey\n"+strings.Repeat("x", 100)), "ok")
		if got := f.ways(u.ID); got != "password, passkey Key"+strings.Repeat("x", 61) {
			t.Errorf("then the account has %s", got)
		}
		must(t, f.removes(l, k.id))
		expect(t, "a removed one", rename(l, k.id, "x"), "NOT_FOUND")

		k = f.added(l, client(1))
		var err error
		for i := 0; i < 100 && err == nil; i++ {
			err = rename(l, k.id, fmt.Sprint(i))
		}
		expect(t, "as often as somebody likes", err, "RATE_LIMITED")
	})
}

// Without a domain there are no passkeys, and those of another domain are of no use.
func TestPasskeysOff(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		l := f.login("ada", client(1))
		k := f.added(l, client(1))
		me := as(f.of(l), client(1))
		offer := f.passkeyLogin()
		text := k.shows(offer.Options)
		f.deps.Passkeys = nil
		off := f.replica(f.cfg)
		_, err := off.StartPasskey(t.Context(), me)
		expect(t, "startPasskey", err, "FORBIDDEN PASSKEYS_OFF")
		_, err = off.AddPasskey(t.Context(), me, auth.AddPasskeyInput{})
		expect(t, "addPasskey", err, "FORBIDDEN PASSKEYS_OFF")
		_, err = off.StartPasskeyLogin(auth.StartPasskeyLoginInput{})
		expect(t, "startPasskeyLogin", err, "FORBIDDEN PASSKEYS_OFF")
		expect(t, "an answer", f.answers(off, offer.Challenge, text, client(1)), "FORBIDDEN PASSKEYS_OFF")
		if up, err := off.StartStepUp(t.Context(), me); err != nil || up.Passkey != nil || fmt.Sprint(up.Proofs) != "[PASSWORD]" {
			t.Errorf("a step-up takes %v, %v", up, err)
		}
		_, err = off.RemovePassword(t.Context(), me)
		expect(t, "removePassword", err, "LAST_WAY_IN")
		if off.LoginMethods().Passkeys || !f.LoginMethods().Passkeys {
			t.Error("loginMethods does not say so")
		}
		f.deps.Passkeys = passkeysOf(t, "example.com")
		moved := f.replica(f.cfg)
		expect(t, "at another domain", f.answers(moved, offer.Challenge, text, client(1)), "PASSKEY_INVALID")
		for domain, want := range map[string]int{keyDomain: 0, "example.com": 1, "zzz.example": 1, "": 1} {
			if n, err := f.store.ForeignPasskeys(t.Context(), domain); err != nil || n != want {
				t.Errorf("of another domain than %q: %d, %v", domain, n, err)
			}
		}
	})
}

// A long name of a device is cut before it goes into a challenge, which has little room.
func TestLongDeviceName_B5(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		l := f.login("ada", client(1))
		f.enrol(l, client(1))
		k := f.added(l, client(1))
		long := strings.Repeat("💻<", 20000)
		offer, err := f.StartPasskeyLogin(auth.StartPasskeyLoginInput{DeviceName: &long, Transport: auth.TransportBody})
		must(t, err)
		in, err := f.answer(f.Service, offer.Challenge, auth.LoginAnswer{Passkey: new(k.shows(offer.Options))}, client(1))
		must(t, err)
		if want := strings.Repeat("💻<", 32); in.Session.DeviceName != want {
			t.Errorf("the session is called %s", in.Session.DeviceName)
		}
		_, err = f.Login(t.Context(), client(1), auth.LoginInput{Login: "ada", Password: goodPassword, DeviceName: &long})
		stepOf[*auth.SecondFactorStep](f, err)
	})
}
