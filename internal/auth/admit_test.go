package auth_test

import (
	"slices"
	"testing"
	"time"

	"latchkey/internal/auth"
)

// A user has at most 100 sessions: a login beyond ends the least recently used.
func TestHundredSessions(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.user("eve")
		eve := f.login("eve", client(1))
		var all []*auth.Login
		login := func() {
			f.pass(time.Second)
			all = append(all, f.login("ada", client(1)))
		}
		for range 100 {
			login()
		}
		f.pass(time.Second)
		_, err := f.refresh(all[0])
		must(t, err)
		live := make([]int, 100)
		for i := range live {
			live[i] = i
		}
		f.live("100 logins", all, live...)
		login()
		live = append(slices.Delete(live, 1, 2), 100) // the first was refreshed
		f.live("101 logins", all, live...)
		f.viewer(eve)
	})
}

func TestHundredSessionsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		f.login("ada", client(1))
		f.exec(`
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 89)
			INSERT INTO sessions (id, user_id, client_id, device_name, refresh_key, generation, rotations, created_at, last_used_at, expires_at, ends_at)
			SELECT 'session-' || i, user_id, client_id, device_name, refresh_key, generation, rotations, created_at, last_used_at, expires_at, ends_at
			FROM sessions JOIN n ON TRUE`)
		f.pass(time.Second)
		services := []*auth.Service{f.Service, f.replica(f.cfg)}
		answers := make([]*auth.Login, 40)
		errs := parallel(len(answers), func(i int) (err error) {
			return patient(func() error {
				answers[i], err = services[i%2].Login(t.Context(), client(i), auth.LoginInput{Login: "ada", Password: goodPassword})
				return err
			})
		})
		if expectAll(t, "logins", errs, len(errs), ""); t.Failed() {
			return
		}
		list, err := f.Sessions(t.Context(), u.ID)
		must(t, err)
		if n := f.count(`sessions`); len(list) != 100 || n != 100 {
			t.Errorf("%d sessions, %d rows, want 100", len(list), n)
		}
		for _, l := range answers {
			f.viewer(l)
		}
	})
}
