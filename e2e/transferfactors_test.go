package e2e_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// Second factors move to another database with another SECRET_KEY, of either kind, if they
// are asked for: the app's codes and the recovery codes work there. Without the flag nothing
// of them is printed.
func TestFactorsMove(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		p, bob := s.Join(t), s.Join(t)
		made := enrol(t, s, p)
		passkeyOf(t, s, p)
		userCommand(t, s, "require", bob.Username, "--new-password", "--second-factor")
		without := mustPrint(t, s, "", 0, nil, "export")
		for _, word := range []string{made.secret, "totp", "passkeys", "recoveryCodes"} {
			if strings.Contains(without, word) {
				t.Errorf("export prints %q", word)
			}
		}
		exported := mustPrint(t, s, "", 0, []string{made.secret, "credentialId"}, "export", "--factors")
		for name, other := range map[string]*testenv.Stack{
			"embedded": testenv.NewEmbedded(t, "SECRET_KEY="+rand.Text()+rand.Text()), "production": testenv.NewProduction(t),
		} {
			dir := t.TempDir()
			out, errOut, code := testenv.Command(t, dir, exported, other.Env, "import", "-")
			if code != 0 || !strings.Contains(out, "2 imported") {
				t.Fatalf("%s: import: exit code %d\n%s%s", name, code, out, errOut)
			}
			if again, _, code := testenv.Command(t, dir, "", other.Env, "export", "--factors"); code != 0 || again != exported {
				t.Errorf("%s: exit code %d, exported again:\n%s\nwant\n%s", name, code, again, exported)
			}
			other.Replicas = append(other.Replicas, testenv.Start(t, dir, other.Env...))
			loginByCode(t, other, p, made)
			mustSay(t, answerStep(t, other, begin(t, other, p, p.Client), "recoveryCode", made.recovery[0], p.Client), "continueLogin")
			if got := came(t, testenv.Post(t, other.URL(), loginRequest(bob.Username, bob.Password, bob.Client)), "login"); got != "NewPasswordStep" {
				t.Errorf("%s: the login of somebody with duties: %s", name, got)
			}
		}
	})
}

// The doctor says who has no second factor and has to, and whom a replica of an older version
// let in without theirs.
func TestDoctorFactors_M4(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		p := s.Join(t)
		makeAdmin(t, s)
		said := func(verdict string, more ...string) string {
			t.Helper()
			worst, all := examine(t, s, s.Replicas[0].Dir, more...)
			if worst["factors"] != verdict {
				t.Errorf("factors: %s, want %s: %+v", worst["factors"], verdict, all)
			}
			var texts []string
			for _, f := range all {
				if f.Check == "factors" {
					texts = append(texts, f.Text, f.Advice)
				}
			}
			return strings.Join(texts, "\n")
		}
		mustHave := func(text string, want ...string) {
			t.Helper()
			for _, w := range want {
				if !strings.Contains(text, w) {
					t.Errorf("the doctor does not say %q:\n%s", w, text)
				}
			}
		}
		mustHave(said("ok"), "0 accounts with a second factor, 2 without; REQUIRE_SECOND_FACTOR is off", "1 administrator without")
		enrol(t, s, p)
		mustHave(said("warn", "REQUIRE_SECOND_FACTOR=admins"), "1 account with a second factor, 1 without", "who can do nothing until they add one")
		s.Login(t, p)
		loginByCode(t, s, p, &app{secret: secretOf(t, s, p)})
		change(t, s, `UPDATE sessions SET authenticated_at = NULL WHERE id = (SELECT max(id) FROM sessions WHERE user_id = $1)`, p.ID) // as an older version opens it
		mustHave(said("warn"), "let 1 user in without", "user revoke-sessions of each: "+p.ID, "it may still run")
		userCommand(t, s, "revoke-sessions", p.ID)
		said("ok")
	})
}

// secretOf is the secret of p's app, as it is exported.
func secretOf(t *testing.T, s *testenv.Stack, p *testenv.Person) string {
	t.Helper()
	for line := range strings.Lines(mustPrint(t, s, "", 0, nil, "export", "--factors")) {
		if _, secret, ok := strings.Cut(line, `"secret":"`); ok && strings.Contains(line, p.ID) {
			secret, _, _ = strings.Cut(secret, `"`)
			return secret
		}
	}
	t.Fatal("no secret is exported")
	return ""
}
