package link_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/internal/link"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// Each purpose has its page, its end and its claim.
func TestMake(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.event("e")
		for _, c := range []struct {
			to      link.Target
			url     string // before and behind the token
			expires time.Time
			claim   link.Claim
		}{
			{link.Target{Purpose: link.ConfirmRegistration, Registration: &registration},
				"https://auth.example.org/email/confirm-email?token=*&email=Ada%40example.org", noon.Add(day),
				link.Claim{Registration: "r", EmailKey: "ada@example.org"}},
			{link.Target{Purpose: link.ConfirmNewEmail, User: &user},
				"https://auth.example.org/email/confirm-email?token=*&email=Ada%2Bnew%40example.org", noon.Add(day),
				link.Claim{User: "u", Version: 7, EmailKey: "ada+new@example.org"}},
			{link.Target{Purpose: link.ResetPassword, User: &user},
				"https://auth.example.org/email/reset-password?token=*&email=Ada%40example.org", noon.Add(time.Hour),
				link.Claim{User: "u", Version: 7, EmailKey: "ada@example.org"}},
			{link.Target{Purpose: link.NotMe, Event: "e"},
				"https://auth.example.org/email/not-me?token=*", noon.Add(3 * day),
				link.Claim{Event: "e"}},
		} {
			made, err := f.Make(t.Context(), c.to)
			must(t, err)
			u, err := url.Parse(made.URL)
			must(t, err)
			token := u.Query().Get("token")
			if got := strings.Replace(made.URL, token, "*", 1); got != c.url || !made.ExpiresAt.Equal(c.expires) {
				t.Errorf("%s: got %s until %v, want %s until %v", c.to.Purpose, got, made.ExpiresAt, c.url, c.expires)
			}
			c.claim.Purpose = c.to.Purpose
			if got, err := f.Open(t.Context(), token, "", c.to.Purpose); err != nil || got != c.claim {
				t.Errorf("%s: opened %+v, %v; want %+v", c.to.Purpose, got, err, c.claim)
			}
			f.now = c.expires.Add(-time.Microsecond)
			if _, err := f.Open(t.Context(), token, "", c.to.Purpose); err != nil {
				t.Errorf("%s: at last: %v", c.to.Purpose, err)
			}
			f.now = c.expires
			_, err = f.Open(t.Context(), token, "", c.to.Purpose)
			f.dead(string(c.to.Purpose)+" that expired", err)
			f.now = noon
		}
	})
}

// The frontend's own pages stand in for the built-in ones, wherever they want the
// token.
func TestOwnPages_D7(t *testing.T) {
	f := setup(t, testenv.SQLite(t), func(c *link.Config) {
		c.PublicURL = &url.URL{Scheme: "https", Host: "example.org", Path: "/auth"}
		c.ConfirmURL, c.ResetURL = "https://app.example.org/confirm?t={token}#{token}", "app://reset/{token}"
	})
	f.event("e")
	for to, want := range map[*link.Target]string{
		{Purpose: link.ConfirmRegistration, Registration: &registration}: "https://app.example.org/confirm?t=*#*",
		{Purpose: link.ConfirmNewEmail, User: &user}:                     "https://app.example.org/confirm?t=*#*",
		{Purpose: link.ResetPassword, User: &user}:                       "app://reset/*",
		{Purpose: link.NotMe, Event: "e"}:                                "https://example.org/auth/email/not-me?token=*",
	} {
		made, err := f.Make(t.Context(), *to)
		must(t, err)
		if got := token.ReplaceAllString(made.URL, "*"); got != want {
			t.Errorf("%s: got %s, want %s", to.Purpose, got, want)
		}
	}
}

// No link is made that would do nothing.
func TestNothingToDo(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.event("e")
		closed, disabled, still := registration, user, user
		closed.Closed, disabled.DisabledAt, still.PendingEmail, still.PendingEmailKey, still.PendingUntil = true, &noon, nil, nil, nil
		dead := map[string]link.Target{
			"a closed registration":            {Purpose: link.ConfirmRegistration, Registration: &closed},
			"a change of a disabled account":   {Purpose: link.ConfirmNewEmail, User: &disabled},
			"no change":                        {Purpose: link.ConfirmNewEmail, User: &still},
			"a password of a disabled account": {Purpose: link.ResetPassword, User: &disabled},
			"an event that is gone":            {Purpose: link.NotMe, Event: "f"},
		}
		for what, to := range dead {
			_, err := f.Make(t.Context(), to)
			f.dead(what, err)
		}
		f.now = noon.Add(day)
		for what, to := range map[string]link.Target{
			"a registration that is too old": {Purpose: link.ConfirmRegistration, Registration: &registration},
			"a change that is too old":       {Purpose: link.ConfirmNewEmail, User: &user},
		} {
			_, err := f.Make(t.Context(), to)
			f.dead(what, err)
		}
		f.now = noon.Add(3 * day)
		_, err := f.Make(t.Context(), link.Target{Purpose: link.NotMe, Event: "e"})
		f.dead("an event that is too old", err)
		if _, err := f.Make(t.Context(), link.Target{Purpose: "of_tomorrow"}); err == nil {
			t.Error("a purpose that nobody knows was made a link")
		}
		var n int
		must(t, f.db.QueryRow(t.Context(), `SELECT count(*) FROM tokens`).Scan(&n))
		if n != 0 {
			t.Errorf("%d tokens are kept, want none", n)
		}
	})
}

func TestNewWantsAll(t *testing.T) {
	s := store.New(testenv.SQLite(t))
	good := link.Config{PublicURL: &url.URL{}, ResetTTL: time.Hour, Secrets: [][]byte{secret}, Tokens: s, Store: s, Now: time.Now}
	if _, err := link.New(good); err != nil {
		t.Fatal(err)
	}
	for what, without := range map[string]func(c *link.Config){
		"the public URL": func(c *link.Config) { c.PublicURL = nil },
		"a time to live": func(c *link.Config) { c.ResetTTL = 0 },
		"a secret":       func(c *link.Config) { c.Secrets = nil },
		"tokens":         func(c *link.Config) { c.Tokens = nil },
		"the store":      func(c *link.Config) { c.Store = nil },
		"a clock":        func(c *link.Config) { c.Now = nil },
	} {
		c := good
		without(&c)
		if _, err := link.New(c); err == nil {
			t.Errorf("without %s: no error", what)
		}
	}
}
