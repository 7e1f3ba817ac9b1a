package auth_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// What concerns no one account is one event, with who did it and a count, and is not done if
// it cannot be written: neither is what administrators and the shell do to mails.
func TestActsOfNoAccount_O4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		ada := f.user("ada")
		root := f.user("rooty")
		f.exec(`UPDATE users SET role = 'ADMIN' WHERE id = $1`, root.ID)
		admin := as(f.viewer(f.login("rooty", client(9))), client(9))
		givenUp := func(id string) string {
			f.exec(`INSERT INTO outbox (id, kind, recipient_key, client, user_id, details, admitted, attempts, last_error, created_at, due_at, failed_at, place)
				VALUES ($1, 'account_disabled', 'x', '', $2, '{}', TRUE, 1, 'x', $3, $3, $3, 0)`, id, ada.ID, noon)
			return id
		}
		importing := func() error {
			return f.ImportUsers(ctx, shell, strings.NewReader(`{"email":"bob@example.org","username":"bob"}`+"\n"), &auth.Import{})
		}
		acts := []struct {
			name string
			do   func() error
			want string
		}{
			{"an import", importing, "USERS_IMPORTED SHELL x1"},
			{"an export", func() error { _, err := f.ExportUsers(ctx, shell, new(strings.Builder), true); return err }, "USERS_EXPORTED SHELL x3 factors"},
			{"a mail retried", func() error { _, err := f.RetryMail(ctx, admin, auth.RetryMailInput{MailID: givenUp("a")}); return err }, "MAIL_RETRIED ADMIN x1 of ada"},
			{"mails retried", func() error { givenUp("b"); givenUp("c"); _, err := f.RetryAllMails(ctx, shell); return err }, "MAIL_RETRIED SHELL x5"},
			{"a mail cancelled", func() error { return f.CancelMail(ctx, admin, auth.CancelMailInput{MailID: givenUp("d")}) }, "MAIL_CANCELLED ADMIN x1 of ada"},
			{"mails allowed", func() error { return f.AllowMailsTo(ctx, shell, "ada@example.org") }, "MAILS_ALLOWED SHELL x1"},
			{"all sessions", func() error { _, err := f.EndAllSessions(ctx, shell, time.Now().Add(time.Hour)); return err }, "SESSIONS_REVOKED SHELL x2"},
		}
		f.login("ada", client(1))
		var want []string
		for _, a := range acts {
			must(t, a.do())
			want = append(want, a.want)
			f.pass(time.Second)
		}
		list, err := f.AllSecurityEvents(ctx, shell, auth.EventList{From: new(noon), First: new(100)})
		must(t, err)
		var got []string
		for _, e := range slices.Backward(list.Nodes) {
			if e.Kind == store.EventAccountCreated || e.Kind == store.EventLogin || e.Kind == store.EventNewDevice {
				continue
			}
			text := string(e.Kind) + " " + string(e.Actor) + " x" + string(rune('0'+e.Count))
			if e.UserID != nil {
				text += " of " + map[string]string{ada.ID: "ada"}[*e.UserID]
			}
			got = append(got, strings.TrimSpace(text+" "+e.Details.Reason))
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}

		// Without history none of it is done.
		f.exec(`ALTER TABLE security_events RENAME TO elsewhere`)
		must(t, f.store.InTx(ctx, func(tx *store.Store) error { return nil }))
		f.exec(`DELETE FROM users WHERE username = 'bob'`)
		f.exec(`DELETE FROM outbox`)
		for _, a := range acts {
			users, failed := f.count(`users`), 0
			if strings.Contains(a.name, "sessions") {
				continue // there is none left to end
			}
			err := a.do()
			if failed = f.count(`outbox WHERE failed_at IS NOT NULL`); err == nil || f.count(`users`) != users {
				t.Errorf("%s was done: %v", a.name, err)
			}
			if strings.Contains(a.name, "retried") && failed == 0 {
				t.Errorf("%s: the mails go", a.name)
			}
			f.exec(`DELETE FROM outbox`)
		}
	})
}

// Numbers of the last days have no gaps, and those of now are counted once in a while.
func TestStatistics(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.user("ada")
		f.login("ada", client(1))
		must(t, f.store.AddDays(ctx, []store.DayCount{
			{Day: "2026-11-25", Kind: store.DayLogins, N: 3}, {Day: "2026-11-23", Kind: store.DayRefusedLogins, N: 4}, {Day: "2026-11-25", Kind: store.DayRegistrations, N: 1},
			{Day: "2026-11-22", Kind: store.DayMailsSent, N: 9}, {Day: "2026-11-24", Kind: store.DayMailsGivenUp, N: 2}, {Day: "2026-11-25", Kind: store.DayLogins, N: 4},
		}))
		all, err := f.Statistics(ctx, 3)
		must(t, err)
		want := []auth.DayStatistics{{Day: "2026-11-23", RefusedLogins: 4}, {Day: "2026-11-24", MailsGivenUp: 2}, {Day: "2026-11-25", Logins: 7, Registrations: 1}}
		if !slices.Equal(all.Days, want) {
			t.Errorf("got %+v, want %+v", all.Days, want)
		}
		now, err := all.Now(ctx)
		must(t, err)
		if now.Users != 1 || now.Sessions != 1 || now.MailsWaiting != 1 || now.OldestMailAt == nil || !now.OldestMailAt.Equal(noon) {
			t.Errorf("now: %+v", now)
		}
		f.user("bob")
		if again, err := all.Now(ctx); err != nil || again.Users != 1 { // not counted anew so soon
			t.Errorf("again: %+v, %v", again, err)
		}
		for _, days := range []int{0, -1, 401} {
			if _, err := f.Statistics(ctx, days); auth.AsError(err).Code != auth.BadUserInput {
				t.Errorf("%d days: %v", days, err)
			}
		}
		if all, err := f.Statistics(ctx, 400); err != nil || len(all.Days) != 400 || all.Days[0].Day != "2025-10-22" {
			t.Errorf("400 days: %v", err)
		}
	})
}
