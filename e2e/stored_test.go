package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"latchkey/internal/testenv"
)

// stored is everything that a stack keeps: the bytes of its folder with SQLite's
// files, or all rows of PostgreSQL as text, and what Redis has.
func stored(t *testing.T, s *testenv.Stack) string {
	t.Helper()
	var all bytes.Buffer
	if s.Setting("DATABASE_URL") == "" {
		err := filepath.WalkDir(s.Replicas[0].Dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			all.Write(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	} else {
		for _, table := range column(t, s, `SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`) {
			for _, row := range column(t, s, `SELECT t::text FROM `+table+` t`) {
				fmt.Fprintln(&all, table, row)
			}
		}
	}
	if s.Setting("REDIS_URL") != "" {
		rdb := openRedis(t, s)
		keys := rdb.Scan(t.Context(), 0, "latchkey:*", 1000).Iterator()
		for keys.Next(t.Context()) {
			value, err := rdb.Get(t.Context(), keys.Val()).Result()
			if err != nil && err != redis.Nil { // no string
				value, err = rdb.Dump(t.Context(), keys.Val()).Result()
			}
			if err != nil && err != redis.Nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&all, keys.Val(), value)
		}
		if err := keys.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

func openRedis(t *testing.T, s *testenv.Stack) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(s.Setting("REDIS_URL"))
	if err != nil {
		t.Fatal(err)
	}
	rdb := redis.NewClient(o)
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// column is what a query of one column answers with.
func column(t *testing.T, s *testenv.Stack, sql string) (all []string) {
	t.Helper()
	rows, err := s.DB(t).Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// Nothing that is kept opens anything: no token, no password; of one-time tokens
// a SHA-256 is kept.
func TestNothingClearIsStored_D1(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada, bob := s.Join(t), testenv.Newcomer()
		link := s.Register(t, bob)
		access, cookie := loginByCookie(t, s, ada)
		_, cookie, _ = strings.Cut(cookie, "=")
		_, next := refresh(t, s.URL(), ada.Refresh)
		testenv.Post(t, s.URL(), loginRequest(ada.Username, typed, ada.Client))
		testenv.Post(t, s.URL(), loginRequest(typed, ada.Password, ada.Client))

		all := stored(t, s)
		for name, secret := range map[string]string{
			"an access token": ada.Access, "another access token": access, "a used refresh token": ada.Refresh, "a refresh token": next, "a cookie": cookie,
			"a one-time token": link, "a password": ada.Password, "a password that waits": bob.Password, "a wrong password": typed,
		} {
			random := secret
			if prefix, rest, ok := strings.Cut(secret, "_"); ok && len(prefix) == 3 {
				random = rest
			}
			raw, err := base64.RawURLEncoding.DecodeString(random)
			if err != nil {
				raw = []byte(secret)
			}
			for how, form := range map[string]string{
				"": random, " in hexadecimal": hex.EncodeToString([]byte(random)), "'s bytes": string(raw), "'s bytes in hexadecimal": hex.EncodeToString(raw),
			} {
				if strings.Contains(all, form) {
					t.Errorf("%s%s is kept", name, how)
				}
			}
		}
		for name, kept := range map[string]string{"an address": ada.Email, "a username": bob.Username, "a hash": "$argon2id$v=19$m=19456,t=2,p=1$"} {
			if !strings.Contains(all, kept) {
				t.Errorf("%s was not found: the search proves nothing", name)
			}
		}
		if hash := sum(link); !strings.Contains(all, string(hash)) && !strings.Contains(all, hex.EncodeToString(hash)) {
			t.Error("the one-time token's SHA-256 was not found: the search proves nothing")
		}
		if random := strings.TrimPrefix(link, "lko_"); len(random) != base64.RawURLEncoding.EncodedLen(32) {
			t.Errorf("a one-time token of %d characters, want 256 bits in base64url", len(random))
		}
		if s.Setting("REDIS_URL") != "" {
			ttl, err := openRedis(t, s).TTL(t.Context(), "latchkey:token:"+hex.EncodeToString(sum(link))).Result()
			if err != nil || ttl > 24*time.Hour || ttl < 23*time.Hour {
				t.Errorf("the token lives for %v in Redis (%v), want 24 h", ttl, err)
			}
		}
	})
}

// A mail that waits holds no token: that is made when the mail is sent.
func TestWaitingMailHoldsNoToken_D10(t *testing.T) {
	t.Parallel()
	s := testenv.NewProduction(t)
	smtp := s.Through(t, "MAIL_SERVER")
	smtp.Refuse()
	s.Add(t)
	s.AwaitReady(t)
	ada := testenv.Newcomer()
	mustSay(t, testenv.Post(t, s.URL(), registerRequest(ada)), "register")
	mustSay(t, testenv.Post(t, s.URL(), resendRequest(ada.Email, ada.Client)), "resendConfirmation")
	awaitLog(t, s, "mail server away")
	rows := column(t, s, `SELECT t::text FROM outbox t`)
	if len(rows) != 2 {
		t.Errorf("%d mails wait, want 2", len(rows))
	}
	for _, row := range rows {
		if !strings.Contains(row, ada.Email) || strings.Contains(row, "lko_") || strings.Contains(row, "http") {
			t.Errorf("a waiting mail: %s", row)
		}
	}
}

// A link lives for CONFIRM_TTL and its registration with it; it is bound to the
// address that it was mailed to.
func TestLinkLife_D1(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada, bob := testenv.Newcomer(), testenv.Newcomer()
		link := s.Register(t, ada)
		s.Register(t, bob)
		for _, email := range []string{bob.Email, "x" + ada.Email, "nobody"} {
			p := exchange(t, "GET", s.URL()+linkPath+"?token="+link+"&email="+email, "")
			if p.status != 410 {
				t.Errorf("a link with the address of somebody else: got %d, want 410", p.status)
			}
		}
		testenv.Await(t, patience, "the link to die", func() bool {
			return exchange(t, "GET", s.URL()+linkPath+"?token="+link, "").status == 410
		})
		mustSay(t, testenv.Post(t, s.URL(), confirmRequest(link, "", ada.Client)), "confirmEmail", "TOKEN_INVALID")
		for _, do := range []string{"confirm", "decline"} {
			postForm(t, s, []string{"token", link, "email", ada.Email, "do", do}).mustShow(t, 410, "This link no longer works")
		}
		mustSay(t, testenv.Post(t, s.URL(), resendRequest(ada.Email, ada.Client)), "resendConfirmation")
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(ada.Username, ada.Password, ada.Client)), "login", "INVALID_CREDENTIALS")
		if n := count(t, s, `SELECT count(*) FROM users WHERE email_key = $1`, ada.Email); n != 0 {
			t.Errorf("%d accounts", n)
		}
	}, "CONFIRM_TTL=10s")
}
