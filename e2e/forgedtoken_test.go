package e2e_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/link"
	"latchkey/internal/redisstore"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// writer is somebody who can write to where one-time tokens are kept, Redis or the
// database, and knows no secret of the server.
type writer struct {
	t      *testing.T
	tokens link.Tokens
}

func newWriter(t *testing.T, s *testenv.Stack) writer {
	t.Helper()
	if url := s.Setting("REDIS_URL"); url != "" {
		rdb, err := redisstore.Open(url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = rdb.Close() })
		return writer{t, redisstore.New(rdb, redisstore.Prefix)}
	}
	return writer{t, store.New(s.DB(t))}
}

func (w writer) put(token string, payload []byte) {
	w.t.Helper()
	sum := sha256.Sum256([]byte(token))
	if err := w.tokens.PutToken(w.t.Context(), sum[:], payload, time.Now().UTC(), 72*time.Hour); err != nil {
		w.t.Fatal(err)
	}
}

func (w writer) read(token string) []byte {
	w.t.Helper()
	sum := sha256.Sum256([]byte(token))
	payload, err := w.tokens.Token(w.t.Context(), sum[:], time.Now().UTC())
	if err != nil {
		w.t.Fatal(err)
	}
	return payload
}

// Who can write to Redis, or to the table of tokens, makes no link: neither out of
// nothing, nor by turning one of their own into somebody else's, nor by moving one to
// a token that they know.
func TestForgedOneTimeToken_D1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		w, ada, eve := newWriter(t, s), s.Join(t), s.Join(t)
		var version int64
		if err := s.DB(t).QueryRow(t.Context(), `SELECT security_version FROM users WHERE id = $1`, ada.ID).Scan(&version); err != nil {
			t.Fatal(err)
		}
		claim := func(purpose link.Purpose) []byte { // as versions before kept it, without its MAC
			return fmt.Appendf(nil, `{"purpose":%q,"user":%q,"version":%d,"email":%q,"until":%d}`,
				purpose, ada.ID, version, ada.Email, time.Now().Add(time.Hour).UnixMicro())
		}
		n := len(s.Mails(t, eve.Email))
		mustSay(t, testenv.Post(t, s.URL(), asking("requestPasswordReset", "", eve.Client, "email", eve.Email)), "requestPasswordReset")
		own := testenv.LinkToken(t, s.AwaitMails(t, eve.Email, n+1)[0].Links[0])
		chosen, turned := "lko_"+strings.Repeat("A", 43), bytes.Clone(w.read(own))
		turned[len(turned)-20] ^= 1
		for what, attack := range map[string]struct {
			token   string
			payload []byte
		}{
			"made out of nothing":    {chosen, claim(link.ResetPassword)},
			"one's own, altered":     {own, turned},
			"one's own, moved":       {chosen, w.read(own)},
			"another use, by a page": {chosen, claim(link.ConfirmNewEmail)},
		} {
			w.put(attack.token, attack.payload)
			a := testenv.Post(t, s.URL(), asking("resetPassword", "", eve.Client, "token", attack.token, "newPassword", "what eve would like"))
			if got := codes(a.Payload(t, "resetPassword")); len(got) != 1 || got[0] != "TOKEN_INVALID" {
				t.Errorf("%s: got %s", what, a.Body)
			}
			for _, path := range []string{"/email/reset-password", linkPath} {
				if p := exchange(t, "GET", s.URL()+path+"?token="+attack.token, ""); p.status != 410 {
					t.Errorf("%s, %s: got %d", what, path, p.status)
				}
			}
		}
		if s.Login(t, ada).Tokens == nil {
			t.Error("ada's password is another")
		}
	})
}
