package admin_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// The overview draws what happened by day, and has the numbers beside.
func TestOverview_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	must(t, w.store.AddDays(t.Context(), []store.DayCount{
		{Day: "2026-11-24", Kind: store.DayRegistrations, N: 12}, {Day: "2026-11-25", Kind: store.DayRegistrations, N: 3}, {Day: "2026-11-25", Kind: store.DayRefusedLogins, N: 4000},
		{Day: "2026-11-23", Kind: store.DayMailsSent, N: 7}, {Day: "2026-11-23", Kind: store.DayMailsGivenUp, N: 1}, {Day: "2026-10-01", Kind: store.DayLogins, N: 99},
	}))
	a := b.get("/admin").is(http.StatusOK, "<h1>Overview</h1>", "15 in all, 12 on the busiest day", "4000 in all, 4000 on the busiest day",
		`height="60"><title>2026-11-24: 12</title>`, `height="15"><title>2026-11-25: 3</title>`, `height="0"><title>2026-11-23: 0</title>`,
		`<tr><th scope="row">2026-11-23</th><td data-l="Registrations">0</td><td data-l="Logins">0</td><td data-l="Refused logins">0</td><td data-l="Mails">7</td><td data-l="Given up">1</td></tr>`,
		`<dt>Users</dt><dd>1</dd>`)
	for what, want := range map[string]int{`<svg role="img"`: 4, `<tr><th scope="row">`: 30, `<rect `: 120, "2026-10-01": 0} {
		if n := strings.Count(a.Body.String(), what); n != want {
			t.Errorf("%d × %s, want %d", n, what, want)
		}
	}
}

// Events are found by kind, by whom they are of, by user and by day, a page after the other.
func TestEvents_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	bob, eve := w.user("bob", store.RoleUser), w.user("eve", store.RoleUser)
	b.post("/admin/user/"+bob.ID+"/disable", "reason", "ABUSE").is(http.StatusSeeOther)
	_, err := w.Login(t.Context(), auth.Actor{Way: auth.ByAPI}, auth.LoginInput{Login: "eve", Password: goodPassword})
	must(t, err)
	at := func(u *store.User) string { return `<a href="/admin/user/` + u.ID + `"><bdi>` }
	for query, want := range map[string]struct{ bob, eve bool }{
		"":                           {true, true},
		"kind=ACCOUNT_DISABLED":      {true, false},
		"actor=ADMIN":                {true, false},
		"actor=USER&kind=NEW_DEVICE": {false, true},
		"user=" + eve.ID:             {false, true},
		"day=2026-11-25":             {true, true},
		"day=2026-11-24":             {false, false},
		"actor=CLIENT":               {false, false},
		"kind=MADE_UP":               {true, true},
		"day=yesterday":              {true, true},
	} {
		body := b.get("/admin/events?"+query).is(http.StatusOK, "<h1>Events</h1>").Body.String()
		if got := (struct{ bob, eve bool }{strings.Contains(body, at(bob)), strings.Contains(body, at(eve))}); got != want {
			t.Errorf("%q: shows bob and eve: %v, want %v", query, got, want)
		}
	}
	b.get("/admin/events?day=yesterday").is(http.StatusOK, "A day is written 2026-11-25.")
	b.get("/admin/events?day=2026-11-24").is(http.StatusOK, "Nothing like that is kept.")
	b.get("/admin/user/"+bob.ID).is(http.StatusOK, `<h2 id="history">`, "Account disabled")

	for n := range 60 { // more than a page
		w.now = w.now.Add(time.Second)
		w.user(fmt.Sprint("many", n), store.RoleUser)
	}
	first := b.get("/admin/events").is(http.StatusOK, "<bdi>many59</bdi>")
	if strings.Contains(first.Body.String(), "<bdi>many0</bdi>") {
		t.Error("all are on one page")
	}
	_, next, _ := strings.Cut(first.Body.String(), `href="/admin/events?after=`)
	next, _, _ = strings.Cut(next, `"`)
	second := b.get("/admin/events?after="+next).is(http.StatusOK, "<bdi>many0</bdi>")
	if strings.Contains(second.Body.String(), "<bdi>many59</bdi>") {
		t.Error("the second page has what the first has")
	}
}

// Text that would run backwards stays within its own bounds.
func TestBackwards_D9_O3(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.admin("ada")
	bob := w.user("bob", store.RoleUser)
	const back = "\u202e"
	device := "pda" + back + "gnp.exe"
	_, err := w.Login(t.Context(), auth.Actor{Way: auth.ByAPI}, auth.LoginInput{Login: "bob", Password: goodPassword, DeviceName: &device})
	must(t, err)
	must(t, w.RequestPasswordReset(t.Context(), auth.Actor{Way: auth.ByAPI}, auth.RequestPasswordResetInput{Email: "bob@example.org"}))
	_, err = w.db.Exec(t.Context(), `UPDATE outbox SET last_error = $1, attempts = 1`, "delayed: 450 "+back+"txet")
	must(t, err)
	_, err = w.db.Exec(t.Context(), `UPDATE users SET username = $1 WHERE id = $2`, "b"+back+"ob", bob.ID)
	must(t, err)
	for _, at := range []string{"/admin/users", "/admin/user/" + bob.ID, "/admin/events", "/admin/mail"} {
		_, body, _ := strings.Cut(b.get(at).is(http.StatusOK, back).Body.String(), "<body") // a title is plain text by itself
		for rest := body; ; {
			before, after, found := strings.Cut(rest, back)
			if !found {
				break
			}
			if opened := strings.LastIndex(before, "<bdi>"); opened < 0 || strings.Contains(before[opened:], "</bdi>") {
				t.Errorf("%s: it is not isolated: …%s", at, before[max(0, len(before)-80):])
			}
			rest = after
		}
	}
}
