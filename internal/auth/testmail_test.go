package auth_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// A test mail goes to whoever asks for it and to nobody else; what the server says comes back
// and is kept nowhere.
func TestTestMail_I7(t *testing.T) {
	t.Parallel()
	answer, to := "", ""
	each(t, func(t *testing.T, f *fixture) {
		ada := f.administrators("ada")[0]
		l := f.login("ada", client(1))
		a := as(&auth.Viewer{User: l.User, Session: l.Session}, client(1))
		answer, to = "", ""
		got, err := f.SendTestMail(t.Context(), a)
		if err != nil || got != ada.Email || to != ada.Email {
			t.Errorf("sent to %q, says %q: %v", to, got, err)
		}
		answer = "mail.example.org:25. The server said: 550 no such user ada@example.org"
		_, err = f.SendTestMail(t.Context(), a)
		mistakes, _ := errors.AsType[auth.UserErrors](err)
		if outcome(err) != "MAIL_NOT_SENT" || !strings.Contains(mistakes[0].Message, "550 no such user") {
			t.Errorf("refused: %v", mistakes)
		}
		c, err := f.SecurityEvents(t.Context(), shell, ada.ID, auth.PageQuery{})
		must(t, err)
		if c.Nodes[0].Kind != store.EventMailTested || c.Nodes[0].Outcome != store.OutcomeRefused || c.Nodes[1].Outcome != store.OutcomeSuccess {
			t.Errorf("history: %+v", c.Nodes[:2])
		}
		if n := f.count(`security_events WHERE details LIKE '%550%'`) + f.count(`outbox WHERE kind = 'test'`); n != 0 {
			t.Errorf("%d rows of it are kept", n)
		}
		for range 18 {
			_, err = f.SendTestMail(t.Context(), a)
			expect(t, "another", err, "MAIL_NOT_SENT")
		}
		_, err = f.SendTestMail(t.Context(), a)
		expect(t, "too many", err, "RATE_LIMITED")
		f.pass(2 * time.Hour)
		_, err = f.SendTestMail(t.Context(), a)
		expect(t, "later", err, "MAIL_NOT_SENT")
	}, func(f *fixture) {
		f.deps.TestMail = func(_ context.Context, address string) (string, bool) {
			to = address
			return answer, answer == ""
		}
	})
}
