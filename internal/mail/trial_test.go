package mail

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// trial returns a trial by way of a server, in the name of auth@latchkey.example.
func trial(t *testing.T, sender Sender) func(ctx context.Context, to string) (string, bool) {
	t.Helper()
	templates, err := NewTemplates(App{Name: "Latchkey", Host: "auth.latchkey.example"})
	if err != nil {
		t.Fatal(err)
	}
	send, err := NewTrial(Config{Sender: sender, Templates: templates, From: "auth@latchkey.example", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return send
}

// A test mail arrives, or the server's own words come back, without the password even where the
// server repeats that.
func TestTrial_R3(t *testing.T) {
	f := newFaulty(t)
	secret := base64.StdEncoding.EncodeToString([]byte("\x00latchkey\x00right"))
	for name, c := range map[string]struct {
		faults faults
		want   string
	}{
		"nothing": {faults{}, ""},
		"the sender": {faults{mail: &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Sender address rejected: not owned by user"}},
			"It does not take the sender, auth@latchkey.example. The server said: 553 5.7.1 Sender address rejected: not owned by user"},
		"the recipient": {faults{rcpt: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no <ada@example.org>\there\x1b[31m"}},
			"It does not take the recipient, ada@example.org. The server said: 550 5.1.1 no <ada@example.org> here [31m"},
		"the content": {faults{data: &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "smells of " + secret + " and right"}},
			"It does not take the mail. The server said: 554 5.6.0 smells of … and …"},
	} {
		f.set(c.faults)
		answer, sent := trial(t, smtpTo(t, f.addr, f.roots, nil))(t.Context(), "ada@example.org")
		if answer != c.want || sent != (c.want == "") {
			t.Errorf("it refuses %s: %q, %t, want %q", name, answer, sent, c.want)
		}
	}
	f.set(faults{})
	_ = f.mails()
	if _, sent := trial(t, smtpTo(t, f.addr, f.roots, nil))(t.Context(), "ada@example.org"); !sent {
		t.Fatal("not sent")
	}
	got := f.mails()
	if len(got) != 1 || got[0].to != "ada@example.org" || !strings.Contains(got[0].raw, "Subject: A test mail") || !strings.Contains(got[0].raw, "SPF, DKIM") {
		t.Errorf("it got %+v", got)
	}

	f.set(faults{noLogin: true})
	answer, sent := trial(t, smtpTo(t, f.addr, f.roots, nil))(t.Context(), "ada@example.org")
	if sent || !strings.Contains(answer, "wrong user or password") || strings.Contains(answer, "right") {
		t.Errorf("a wrong password: %q", answer)
	}
	f.stop(t)
	if answer, sent = trial(t, smtpTo(t, f.addr, f.roots, nil))(t.Context(), "ada@example.org"); sent || answer != f.addr+": connection refused." {
		t.Errorf("nobody there: %q", answer)
	}
}

// A server that hangs is waited for as long as its timeout says, and what it says is cut.
func TestTrialIsBounded_R3(t *testing.T) {
	s := &SMTP{SMTPConfig{Password: "p"}}
	if got := s.repeat(strings.Repeat("é", 400)); len(got) > maxAnswer+len("…") || !strings.HasSuffix(got, "é…") {
		t.Errorf("%d bytes: %q", len(got), got)
	}
	f := newFaulty(t)
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	f.set(faults{hang: hang})
	server := smtpTo(t, f.addr, f.roots, func(c *SMTPConfig) { c.Timeout = 500 * time.Millisecond })
	start := time.Now()
	if answer, sent := trial(t, server)(t.Context(), "ada@example.org"); sent || time.Since(start) > trialTime {
		t.Errorf("after %v: %q, %t", time.Since(start), answer, sent)
	}
}
