package auth_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/auth"
)

// counts are the refusals that were counted, each as one text.
type counts struct {
	mu   sync.Mutex
	list []string
}

func (c *counts) Count(way, why, name, client string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, fmt.Sprintf("%s %s of %q at %s", way, why, name, client))
}

// Everybody who is not let in is counted, by the way that they came; who is let in is not.
func TestRefusalsAreCounted_O5(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.deps.Refusals.(*counts)
		u := f.user("ada")
		expects := func(what string, want ...string) {
			t.Helper()
			if !slices.Equal(c.list, want) {
				t.Errorf("%s: counted\n%s\nwant\n%s", what, strings.Join(c.list, "\n"), strings.Join(want, "\n"))
			}
			c.list = nil
		}
		l := f.login("ada", client(1))
		own, err := f.refresh(l)
		must(t, err)
		expects("who is let in")
		token := client(2)
		token.Way = auth.ByOAuth
		_ = f.try("ada", wrongPassword, token)
		_ = f.try("nobody", wrongPassword, client(2))
		expects("a guess", `OAUTH wrong_passwords of "login:ada" at 10.0.0.2`, `API unknown_names of "login:nobody" at 10.0.0.2`)
		_ = f.changePassword(f.viewer(own), wrongPassword, newPassword, client(1))
		expects("a guess at one's own", `API wrong_passwords of "user:`+u.ID+`" at 10.0.0.1`)
		for range 9 {
			_ = f.try("ada", wrongPassword, client(2))
		}
		c.list = nil
		_ = f.try("ada", wrongPassword, client(2))
		_ = f.try("ada", goodPassword, client(2))
		expects("beyond the limit", `API rate_limited of "login:ada" at 10.0.0.2`, `API rate_limited of "login:ada" at 10.0.0.2`)
		for i := range 100 {
			_ = f.try("nobody", wrongPassword, client(100+i))
		}
		c.list = nil
		_ = f.try("nobody", wrongPassword, client(3))
		expects("beyond the limit of a name", `API rate_limited of "login:nobody" at 10.0.0.3`)
		_, err = f.Refresh(t.Context(), client(4), "lkr_x")
		expect(t, "no token", err, "TOKEN_INVALID")
		_, err = f.Refresh(t.Context(), by("shop", client(4)), *own.Tokens.RefreshToken)
		expect(t, "another client's", err, "TOKEN_INVALID")
		_, err = f.refresh(own)
		must(t, err)
		f.pass(time.Hour)
		_, err = f.Refresh(t.Context(), client(4), *l.Tokens.RefreshToken)
		expect(t, "an old one", err, "TOKEN_INVALID")
		expects("tokens", `API dead_tokens of "" at 10.0.0.4`, `API dead_tokens of "" at 10.0.0.4`, `API reused_tokens of "" at 10.0.0.4`)
	}, func(f *fixture) { f.deps.Refusals = &counts{} })
}
