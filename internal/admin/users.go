package admin

import (
	"net/http"
	"net/url"
	"time"
)

// pageSize is how many rows a page of a list has.
const pageSize = 50

// person is a user in a list.
type person struct {
	ID, Username, Email, Role string
	CreatedAt                 time.Time
	LastLoginAt, DisabledAt   *time.Time
	InvitedUntil              *time.Time
}

type pageInfo struct {
	HasNextPage, HasPreviousPage bool
	StartCursor, EndCursor       string
}

// around are the addresses of the pages before and behind one, or "".
type around struct{ Before, After string }

// neighbours returns the pages around one of a list at path, with the filters of q.
func (i pageInfo) neighbours(path string, q url.Values) (a around) {
	at := func(key, cursor string) string {
		to := url.Values{key: {cursor}}
		for name := range q {
			if name != "after" && name != "before" && name != "done" && name != "trouble" && q.Get(name) != "" {
				to.Set(name, q.Get(name))
			}
		}
		return path + "?" + to.Encode()
	}
	if i.HasPreviousPage {
		a.Before = at("before", i.StartCursor)
	}
	if i.HasNextPage {
		a.After = at("after", i.EndCursor)
	}
	return a
}

// window are the arguments of a list for the page that an address asks for.
func window(q url.Values) map[string]any {
	switch {
	case q.Get("after") != "":
		return map[string]any{"first": pageSize, "after": q.Get("after")}
	case q.Get("before") != "":
		return map[string]any{"last": pageSize, "before": q.Get("before")}
	}
	return map[string]any{"first": pageSize}
}

// userList is the page of users.
type userList struct {
	Search, Match, Role, State string
	Users                      []person
	Around                     around
}

// Filtered reports whether the list leaves anybody out.
func (l userList) Filtered() bool { return l.Search+l.Role+l.State != "" }

func (s *server) users(v *view) {
	q := v.r.URL.Query()
	l := userList{Search: q.Get("search"), Match: q.Get("match"), Role: q.Get("role"), State: q.Get("state")}
	variables := window(q)
	variables["match"] = "BEGINNING"
	if l.Match == "CONTAINS" {
		variables["match"] = l.Match
	}
	if l.Search != "" {
		variables["search"] = l.Search
	}
	if l.Role == "ADMIN" || l.Role == "USER" {
		variables["role"] = l.Role
	}
	switch l.State {
	case "disabled":
		variables["disabled"] = true
	case "invited":
		variables["invited"] = true
	}
	var got struct {
		Users struct {
			Nodes    []person
			PageInfo pageInfo
		}
	}
	if err := v.run("users", variables, &got); err != nil {
		v.fail(err)
		return
	}
	l.Users, l.Around = got.Users.Nodes, got.Users.PageInfo.neighbours("/admin/users", q)
	v.write(http.StatusOK, "users", l)
}

// inviteForm is the page that invites somebody.
type inviteForm struct {
	Email, Username string
	Admin           bool
	Errors          map[string]string
}

func (s *server) invitePage(v *view) { v.write(http.StatusOK, "invite", inviteForm{}) }

func (s *server) invite(v *view) {
	form := inviteForm{Email: v.r.PostForm.Get("email"), Username: v.r.PostForm.Get("username"), Admin: v.r.PostForm.Get("role") == "ADMIN"}
	role := "USER"
	if form.Admin {
		role = "ADMIN"
	}
	var got struct {
		InviteUser struct {
			payload
			User struct{ ID string }
		}
	}
	if err := v.run("inviteUser", map[string]any{"email": form.Email, "username": form.Username, "role": role}, &got); err != nil {
		v.fail(err)
		return
	}
	if got.InviteUser.code() != "" {
		form.Errors = got.InviteUser.beside()
		v.write(http.StatusUnprocessableEntity, "invite", form)
		return
	}
	v.goTo("/admin/user/"+got.InviteUser.User.ID, "done", "invited")
}
