package main

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"latchkey/internal/config"
	"latchkey/internal/password"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// Links are made by one and used at the other, once. One of an hour lasts longer or
// shorter by the difference, so the one that is behind takes it in any case.
func skewedLinks(t *testing.T, s *testenv.Stack, behind, first *replica) {
	t.Helper()
	var p *testenv.Person
	for at, other := range map[*replica]*replica{behind: first, first: behind} {
		p = testenv.Newcomer()
		ask(t, at, testenv.RegisterOp, p.Client, "email", p.Email, "username", p.Username, "password", p.Password)
		token := testenv.LinkToken(t, s.AwaitMails(t, p.Email, 1)[0].Links[0])
		if a := ask(t, other, testenv.ConfirmOp, p.Client, "token", token); a.Payload(t, "confirmEmail").Tokens == nil {
			t.Errorf("confirmEmail: %s", a.Body)
		}
		if a := ask(t, at, testenv.ConfirmOp, p.Client, "token", token); a.Payload(t, "confirmEmail").Tokens != nil {
			t.Error("a link of a registration worked twice")
		}
	}
	mails := len(s.Mails(t, p.Email))
	ask(t, first, `mutation ($i: RequestPasswordResetInput!) { requestPasswordReset(input: $i) { errors { code } } }`, p.Client, "email", p.Email)
	token := testenv.LinkToken(t, s.AwaitMails(t, p.Email, mails+1)[0].Links[0])
	reset := func(r *replica) int {
		a := ask(t, r, resetOp, p.Client, "token", token, "newPassword", "next horse "+p.Username)
		return len(a.Payload(t, "resetPassword").Errors)
	}
	if reset(behind) != 0 || reset(first) != 1 || reset(behind) != 1 {
		t.Error("a reset link does not work once")
	}
}

// Every mail goes, at most twice and then under one Message-ID, also if a replica
// whose clock is ahead wrote it and ended.
func skewedMail(t *testing.T, s *testenv.Stack, right, wrong *replica) {
	t.Helper()
	domain := testenv.Username() + ".example.org"
	const n = 4
	for i := range n {
		p := testenv.Newcomer()
		p.Email = p.Username + "@" + domain
		r := []*replica{right, wrong}[i%2]
		ask(t, r, testenv.RegisterOp, p.Client, "email", p.Email, "username", p.Username, "password", p.Password)
	}
	empty := func() bool {
		var waiting int
		if err := s.DB(t).QueryRow(t.Context(), `SELECT count(*) FROM outbox`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		return waiting == 0
	}
	testenv.Await(t, time.Minute, "the outbox to be empty", empty)
	deliveries := s.Deliveries(t, domain)
	for _, ids := range deliveries {
		if len(ids) > 2 || len(slices.Compact(ids)) != 1 {
			t.Errorf("deliveries of one mail: %v", ids)
		}
	}
	if len(deliveries) != n {
		t.Errorf("mails for %d of %d", len(deliveries), n)
	}

	right.end()
	wrong.end()
	late := &store.Mail{
		ID: uuid.Must(uuid.NewV7()).String(), Kind: store.MailAccountDeleted, RecipientKey: "late@" + domain, Admitted: true,
		CreatedAt: store.Moment(wrong.now()), Details: store.MailDetails{To: "late@" + domain, Username: "late", At: wrong.now()},
	}
	if err := store.New(s.DB(t)).EnqueueMail(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	start(t, s, 0)
	testenv.Await(t, time.Minute, "what a clock ahead wrote", empty)
	if got := len(s.Deliveries(t, domain)["late@"+domain]); got != 1 {
		t.Errorf("%d deliveries, want 1", got)
	}
}

// What is good by the right clock stays; what is not goes, whoever sweeps.
func skewedSweep(t *testing.T, s *testenv.Stack, right, wrong *replica) {
	t.Helper()
	fresh := func(clock func() time.Time) *app { // the others have ended
		cfg, _, err := config.Load(s.Env, "")
		if err != nil {
			t.Fatal(err)
		}
		a, err := build(cfg, zerolog.Nop(), clock, password.Here(1))
		if err != nil {
			t.Fatal(err)
		}
		a.gate.Open()
		t.Cleanup(a.close)
		return a
	}
	registrations := func() (n int) {
		if err := s.DB(t).QueryRow(t.Context(), `SELECT count(*) FROM registrations`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := registrations()
	for i, left := range []time.Duration{time.Minute, -4 * time.Hour} {
		if _, err := s.DB(t).Exec(t.Context(), `UPDATE registrations SET expires_at = $1`, time.Now().UTC().Truncate(time.Microsecond).Add(left)); err != nil {
			t.Fatal(err)
		}
		for _, clock := range []func() time.Time{right.now, wrong.now} {
			if _, err := fresh(clock).sweepOnce(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := registrations(); i == 0 && n != before {
				t.Errorf("%d of %d registrations are left that are good for a minute", n, before)
			}
		}
	}
	if n := registrations(); n != 0 || before == 0 {
		t.Errorf("%d registrations of %d are left that are long over", n, before)
	}
}

const resetOp = `mutation ($i: ResetPasswordInput!) { resetPassword(input: $i) { errors { code message field } } }`
