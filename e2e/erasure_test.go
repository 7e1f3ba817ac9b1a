package e2e_test

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/names"
	"latchkey/internal/testenv"
)

// Nothing of an account that was deleted can be found once its notice was sent and the sweep
// came by: neither its addresses nor its usernames, of now and of before, in any row, in
// Redis, in the log or in the bytes of SQLite's files. What is left are its id and what is
// reserved for a while, which nobody can read.
func TestErasure_O8(t *testing.T) {
	t.Parallel()
	for name, settings := range onSQL {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testenv.NewProduction(t, settings...)
			server := s.OwnMailpit(t)
			s.Add(t)
			s.AwaitReady(t)
			o := &story{s.Join(t), t, s}
			kept := o.leave(server)
			for _, name := range kept {
				if !found(t, s, name) {
					t.Fatalf("%s is not found while the account is there: the search proves nothing", name)
				}
			}

			invited := invitedOnce(t, s)
			gone := filepath.Join(t.TempDir(), "gone.txt")
			if err := os.WriteFile(gone, []byte(o.ID+"\n\n"+nobodysID+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			mustPrint(t, s, "", 0, []string{"1 deleted, 1 not there"}, "user", "delete", "--ids", gone)
			awaitMail(t, s, o.Email, "Your account was deleted", 0)
			testenv.Await(t, patience, "all mails to be gone", func() bool { return count(t, s, `SELECT count(*) FROM outbox`) == 0 })
			log := s.Log()
			s.Restart(t, 0) // which sweeps
			for _, name := range append(kept, invited...) {
				testenv.Await(t, patience, name+" to be gone", func() bool { return !found(t, s, name) })
				if strings.Contains(log+s.Log(), name) {
					t.Errorf("%s is in the log", name)
				}
			}
			if n := count(t, s, `SELECT count(*) FROM reservations`); n != 4 { // two usernames of before and the present one, and the address of before
				t.Errorf("%d names are reserved, want 4", n)
			}
			stranger := testenv.Newcomer()
			stranger.Username = o.Username
			mustSay(t, testenv.Post(t, s.URL(), registerRequest(stranger)), "register", "USERNAME_TAKEN")
			mustPrint(t, s, o.ID, 0, []string{"0 deleted, 1 not there"}, "user", "delete", "--ids", "-")
		})
	}
}

// leave has an account leave all that one can, and returns what is looked for then: its
// names, and those of before.
func (o *story) leave(server *testenv.Mail) (kept []string) {
	o.t.Helper()
	kept = append(kept, o.Username, o.Email)

	// A change of all three.
	o.Username = testenv.Username()
	o.ask("changeUsername", nil, "username", o.Username)
	old := o.Email
	o.Email = testenv.Address()
	o.ask("changeEmail", nil, "email", o.Email, "password", o.Password)
	o.open(awaitMail(o.t, o.s, o.Email, "Confirm your new email", 0)).press(o.t, o.s.URL(), o.Client, "confirm", "").mustShow(o.t, http.StatusOK, o.Email)
	awaitMail(o.t, o.s, old, "Your email was changed", 0)
	o.login(firefox)
	o.ask("changePassword", nil, "currentPassword", o.Password, "newPassword", "another horse "+o.Username)
	o.Password = "another horse " + o.Username
	kept = append(kept, o.Username, o.Email)

	// "This was not me".
	n := len(o.s.Mails(o.t, o.Email))
	taken := testenv.Username()
	o.ask("changeUsername", nil, "username", taken)
	o.open(awaitMail(o.t, o.s, o.Email, "Your username was changed", n)).press(o.t, o.s.URL(), o.Client, "undo", "").mustShow(o.t, http.StatusOK, "yours again")
	set := testenv.LinkToken(o.t, awaitMail(o.t, o.s, o.Email, "Set a new password", n).Links[0])
	o.Access, o.Password = "", "the last horse "+o.Username
	o.ask("resetPassword", nil, "token", set, "newPassword", o.Password)
	kept = append(kept, taken)

	// A change that waits for its confirmation, and links that nobody followed.
	o.login(firefox)
	pending := testenv.Address()
	o.ask("changeEmail", nil, "email", pending, "password", o.Password)
	awaitMail(o.t, o.s, pending, "Confirm your new email", 0)
	n = len(o.s.Mails(o.t, o.Email))
	o.ask("requestPasswordReset", nil, "email", o.Email)
	awaitMail(o.t, o.s, o.Email, "Set a new password", n)
	kept = append(kept, pending)

	// Tries at the password, by each name.
	for _, login := range []string{o.Username, o.Email} {
		mustSay(o.t, testenv.Post(o.t, o.s.URL(), loginRequest(login, "wrong horse", o.Client)), "login", "INVALID_CREDENTIALS")
	}

	// A mail that was given up.
	server.Answer(o.t, 550)
	loginWith(o.t, o.s, o.Person, o.Username, iphone, "")
	testenv.Await(o.t, patience, "a mail that is given up", func() bool {
		return count(o.t, o.s, `SELECT count(*) FROM outbox WHERE failed_at IS NOT NULL`) > 0
	})
	server.Answer(o.t, 0)

	for i, name := range kept { // the part before the @ says as much
		kept[i], _, _ = strings.Cut(name, "@")
	}
	return kept
}

// invitedOnce has somebody be invited whose time is over, and returns what is looked for.
func invitedOnce(t *testing.T, s *testenv.Stack) []string {
	t.Helper()
	_, admin := makeAdmin(t, s)
	email, username := testenv.Address(), testenv.Username()
	mustSay(t, testenv.Post(t, s.URL(), asking("inviteUser", admin, testenv.ClientAddress(), "email", email, "username", username)), "inviteUser")
	awaitMail(t, s, email, "You are invited: choose a password", 0)
	if !found(t, s, username) {
		t.Fatal("who was invited is not found: the search proves nothing")
	}
	past := time.Now().UTC().Add(-73 * time.Hour).Truncate(time.Microsecond)
	for _, sql := range []string{`UPDATE users SET invited_until = $1 WHERE invited_until IS NOT NULL`, `UPDATE looks SET last_at = $1`} {
		if _, err := s.DB(t).Exec(t.Context(), sql, past); err != nil {
			t.Fatal(err)
		}
	}
	local, _, _ := strings.Cut(email, "@")
	return []string{local, username}
}

// found reports whether a name is anywhere in what a stack keeps, also as it looks, and as
// PostgreSQL writes bytes.
func found(t *testing.T, s *testenv.Stack, name string) bool {
	t.Helper()
	all := stored(t, s)
	return slices.ContainsFunc([]string{name, names.Look(name), hex.EncodeToString([]byte(name))}, func(form string) bool { return strings.Contains(all, form) })
}

// A user gets all that is kept of them as JSON, without what opens the account, and sees that
// somebody had it printed.
func TestUserExport_O8(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		o := &story{s.Join(t), t, s}
		before, pending := o.Username, testenv.Address()
		o.Username = testenv.Username()
		o.ask("changeUsername", nil, "username", o.Username)
		o.ask("changeEmail", nil, "email", pending, "password", o.Password)
		out := userCommand(t, s, "export", o.Username)
		var got struct {
			ID, Username, Email, PendingEmail string
			HasPassword                       bool
			Sessions                          []struct{ DeviceName, AuthenticatedAt string }
			FormerUsernames                   []struct{ Name string }
			NotMe                             []struct{ Kind, Username string }
			Familiar                          []struct{ Kind, Value string }
			SecurityEvents                    []struct{ Kind, Actor string }
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if got.ID != o.ID || got.Username != o.Username || got.Email != o.Email || got.PendingEmail != pending || !got.HasPassword ||
			len(got.Sessions) != 1 || got.Sessions[0].AuthenticatedAt == "" || len(got.FormerUsernames) != 1 || got.FormerUsernames[0].Name != before ||
			len(got.NotMe) != 2 || got.NotMe[0].Username != before || len(got.Familiar) == 0 {
			t.Errorf("user export:\n%s", out)
		}
		if e := got.SecurityEvents; len(e) < 4 || e[0].Kind != "ACCOUNT_EXPORTED" || e[0].Actor != "SHELL" || e[len(e)-1].Kind != "ACCOUNT_CREATED" {
			t.Errorf("the history in it: %+v", e)
		}
		for _, secret := range []string{"argon2", "$", "lko_", "root@"} {
			if strings.Contains(out, secret) {
				t.Errorf("%q is in it:\n%s", secret, out)
			}
		}
		mustPrint(t, s, "", 1, nil, "user", "export", "nobody-"+o.Username)
	})
}

// A file that is none of ids deletes nobody.
func TestDeleteListed(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		p := s.Join(t)
		mustPrint(t, s, p.ID+"\n"+p.Username+"\n", 1, []string{"line 2 is no id of a user"}, "user", "delete", "--ids", "-")
		mustBe(t, s.URL(), p.Access, p.ID)
		mustPrint(t, s, "", 2, nil, "user", "delete", p.ID, "--ids", "-")
		mustPrint(t, s, "", 2, nil, "user", "delete", "--ids", "/nowhere/ids.txt")
		mustPrint(t, s, p.ID, 0, []string{"1 deleted, 0 not there"}, "user", "delete", "--ids", "-")
		mustBeRevoked(t, s.URL(), p.Access)
	})
}
