package auth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/password"
)

// endings are how logins and refreshes ended.
type endings struct{ list []string }

func (e *endings) LoginEnded(way auth.Way, how auth.LoginEnd) {
	e.list = append(e.list, fmt.Sprint(way, " ", how))
}
func (e *endings) RefreshEnded(how auth.RefreshEnd) { e.list = append(e.list, fmt.Sprint(how)) }

// Each login and each refresh is told once, when it has ended.
func TestWatcher(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		e := f.deps.Watcher.(*endings)
		expects := func(what string, want ...string) {
			t.Helper()
			if !slices.Equal(e.list, want) {
				t.Errorf("%s: told %s, want %s", what, strings.Join(e.list, ", "), strings.Join(want, ", "))
			}
			e.list = nil
		}
		f.user("ada")
		l := f.login("ada", client(1))
		token := client(2)
		token.Way = auth.ByOAuth
		_ = f.try("ada", wrongPassword, token)
		_ = f.try("nobody", wrongPassword, client(2))
		must(t, f.registers("bob@example.org", "bob", client(3)))
		_ = f.try("bob", goodPassword, client(3))
		expects("by password", "API ok", "OAUTH refused", "API refused", "API refused")
		for range 10 {
			_ = f.try("ada", wrongPassword, client(4))
		}
		e.list = nil
		_ = f.try("ada", wrongPassword, client(4))
		_ = f.try("ada", goodPassword, client(4))
		expects("beyond the limit", "API throttled", "API throttled")
		gone := f.user("gone")
		f.exec(`UPDATE users SET disabled_at = $2 WHERE id = $1`, gone.ID, f.Now())
		_ = f.try("gone", goodPassword, client(5))
		expects("disabled", "API disabled")

		f.user("eve")
		a := f.enrol(f.login("eve", client(6)), client(6))
		e.list = nil
		step := f.begin("eve", client(6))
		expects("a step")
		_ = f.shows(step, a.wrong(), client(6))
		expects("a wrong code", "API refused")
		must(t, f.shows(step, a.code(), client(6)))
		expects("the right one", "API ok")
		_ = f.shows(step, a.code(), client(6))
		expects("once more", "API refused")

		_, err := f.Refresh(t.Context(), client(1), "lkr_x")
		expect(t, "no token", err, "TOKEN_INVALID")
		next, err := f.refresh(l)
		must(t, err)
		_, err = f.refresh(l)
		must(t, err)
		_, err = f.refresh(next)
		must(t, err)
		f.pass(time.Hour)
		_, err = f.refresh(l)
		expect(t, "an old one", err, "TOKEN_INVALID")
		expects("refreshes", "invalid", "ok", "grace", "ok", "reuse")

		full, err := password.NewHasher(cheap, password.Here(1), 1, time.Nanosecond) // which never runs
		must(t, err)
		f.deps.Hasher = full
		f.Service = f.replica(f.cfg)
		_ = f.try("ada", goodPassword, client(7))
		expects("no room", "API busy")
	}, func(f *fixture) { f.deps.Watcher = &endings{} })
}
