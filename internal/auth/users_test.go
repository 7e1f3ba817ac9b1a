package auth_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// usernames are those of the users on a page.
func usernames(c *auth.UserConnection) []string {
	list := []string{}
	for _, e := range c.Edges {
		list = append(list, e.Node.Username)
	}
	return list
}

// page asks for users.
func (f *fixture) page(q auth.UserList) *auth.UserConnection {
	f.t.Helper()
	c, err := f.Users(f.t.Context(), q)
	must(f.t, err)
	return c
}

// crowd makes n users, of whom three at a time are of one moment, and returns
// their names in the order of the list.
func (f *fixture) crowd(n int) []string {
	f.t.Helper()
	for i := range n {
		if i%3 == 0 {
			f.pass(time.Second)
		}
		f.user(fmt.Sprintf("user%02d", i))
	}
	list := []string{}
	c := f.page(auth.UserList{First: new(100)})
	for i, e := range c.Edges {
		if i > 0 {
			before := c.Edges[i-1].Node
			if order := before.CreatedAt.Compare(e.Node.CreatedAt); order < 0 || order == 0 && before.ID <= e.Node.ID {
				f.t.Fatalf("%s stands before %s", before.Username, e.Node.Username)
			}
		}
		list = append(list, e.Node.Username)
	}
	if len(list) != n {
		f.t.Fatalf("%d users in the list, want %d", len(list), n)
	}
	return list
}

// Pages walked from either end meet everybody once, also those of one moment,
// and say where they lie.
func TestUserPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		all := f.crowd(13)
		for _, size := range []int{1, 2, 4, 13, 100} {
			got, q := []string{}, auth.UserList{First: &size}
			for {
				c := f.page(q)
				got = append(got, usernames(c)...)
				if c.PageInfo.HasPreviousPage != (q.After != nil) || c.PageInfo.HasNextPage != (len(got) < len(all)) {
					t.Fatalf("forward by %d, after %d: %+v", size, len(got), c.PageInfo)
				}
				if !c.PageInfo.HasNextPage {
					break
				}
				q.After = c.PageInfo.EndCursor
			}
			if !slices.Equal(got, all) {
				t.Errorf("forward by %d: got %v, want %v", size, got, all)
			}
			got, q = []string{}, auth.UserList{Last: &size}
			for {
				c := f.page(q)
				got = append(usernames(c), got...)
				if c.PageInfo.HasNextPage != (q.Before != nil) || c.PageInfo.HasPreviousPage != (len(got) < len(all)) {
					t.Fatalf("backward by %d, after %d: %+v", size, len(got), c.PageInfo)
				}
				if !c.PageInfo.HasPreviousPage {
					break
				}
				q.Before = c.PageInfo.StartCursor
			}
			if !slices.Equal(got, all) {
				t.Errorf("backward by %d: got %v, want %v", size, got, all)
			}
		}

		c := f.page(auth.UserList{})
		between := f.page(auth.UserList{After: &c.Edges[1].Cursor, Before: &c.Edges[5].Cursor})
		if got := usernames(between); !slices.Equal(got, all[2:5]) || !between.PageInfo.HasNextPage || !between.PageInfo.HasPreviousPage {
			t.Errorf("between two cursors: got %v, %+v, want %v", got, between.PageInfo, all[2:5])
		}
		if got := usernames(f.page(auth.UserList{After: &c.Edges[1].Cursor, Before: &c.Edges[5].Cursor, Last: new(2)})); !slices.Equal(got, all[3:5]) {
			t.Errorf("the last two between two cursors: got %v, want %v", got, all[3:5])
		}
		if got := f.page(auth.UserList{First: new(0)}); len(got.Edges) != 0 || !got.PageInfo.HasNextPage || got.PageInfo.StartCursor != nil || got.PageInfo.EndCursor != nil {
			t.Errorf("first: 0: %+v", got)
		}
		if got := f.page(auth.UserList{First: new(3), After: &c.Edges[12].Cursor}); len(got.Edges) != 0 || got.PageInfo.HasNextPage || !got.PageInfo.HasPreviousPage {
			t.Errorf("after the last: %+v", got)
		}
		// A cursor outlives its user.
		f.remove(all[4])
		if got := usernames(f.page(auth.UserList{First: new(2), After: &c.Edges[4].Cursor})); !slices.Equal(got, all[5:7]) {
			t.Errorf("after a user who is gone: got %v, want %v", got, all[5:7])
		}
		if got := usernames(f.page(auth.UserList{Last: new(2), Before: &c.Edges[4].Cursor})); !slices.Equal(got, all[2:4]) {
			t.Errorf("before a user who is gone: got %v, want %v", got, all[2:4])
		}
	})
}

// The first page is 50 users unless it is asked otherwise.
func TestUserPageSize(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		for i := range 51 {
			f.exec(`INSERT INTO users (id, email, email_key, username, password_hash, role, security_version, created_at, updated_at)
				VALUES ($1, $2, $2, $3, '', 'USER', 1, $4, $4)`,
				fmt.Sprintf("00000000-0000-7000-8000-%012d", i), fmt.Sprintf("u%d@example.org", i), fmt.Sprintf("u%d", i), f.Now())
		}
		if c := f.page(auth.UserList{}); len(c.Edges) != 50 || len(c.Nodes) != 50 || !c.PageInfo.HasNextPage {
			t.Errorf("%d users on a page, %+v", len(c.Edges), c.PageInfo)
		}
	})
}

// What does not name a page is BAD_USER_INPUT.
func TestBadUserPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		good := f.page(auth.UserList{}).Edges[0].Cursor
		text, err := base64.RawURLEncoding.DecodeString(good)
		must(t, err)
		parts := strings.Split(string(text), " ")
		of := func(parts ...string) *string {
			return new(base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, " "))))
		}
		for name, q := range map[string]auth.UserList{
			"both":                {First: new(1), Last: new(1)},
			"negative first":      {First: new(-1)},
			"negative last":       {Last: new(-1)},
			"more than 100":       {First: new(101)},
			"the last 101":        {Last: new(101)},
			"no cursor":           {After: new("")},
			"garbage":             {Before: new("garbage")},
			"not base64url":       {After: new(good + "=")},
			"another version":     {After: of("2", parts[1], parts[2])},
			"a part less":         {After: of(parts[0], parts[1])},
			"a part more":         {After: of(parts[0], parts[1], parts[2], "x")},
			"no time":             {After: of(parts[0], "noon", parts[2])},
			"the end of all time": {After: of(parts[0], "9223372036854775807", parts[2])},
			"its beginning":       {Before: of(parts[0], "-9223372036854775808", parts[2])},
			"no id":               {After: of(parts[0], parts[1], "")},
			"NUL in the id":       {After: of(parts[0], parts[1], "\x00")},
			"not UTF-8":           {After: of(parts[0], parts[1], "\xff")},
		} {
			_, err := f.Users(t.Context(), q)
			if err == nil || auth.AsError(err).Code != auth.BadUserInput {
				t.Errorf("%s: got %v, want BAD_USER_INPUT", name, err)
			}
		}
	})
}

// A search takes every sign for itself and no letter's case for a difference;
// filters add up, and the count is of what they leave.
func TestUserFilters(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		for _, u := range [][2]string{
			{"Ada", "ada@example.org"}, {"a_a", "under@example.org"}, {"aba", "50%off@example.org"}, {"bob", "bob!x@example.net"},
			{"kim", "kim@bücher.example"}, {"max", "Max.Case@Example.Com"},
		} {
			f.pass(-time.Second) // so that the list is in this order
			_, err := f.CreateUser(t.Context(), shell, auth.CreateUserInput{
				Username: u[0], Email: u[1], Password: new(goodPassword), Role: store.RoleUser,
			})
			must(t, err)
		}
		for _, name := range []string{"bob", "max"} {
			f.setRole(name, store.RoleAdmin)
		}
		for _, name := range []string{"aba", "max"} {
			f.disable(name)
		}
		role := func(r store.Role) *store.Role { return &r }
		for _, c := range []struct {
			name string
			q    auth.UserList
			want string
		}{
			{"all", auth.UserList{}, "Ada a_a aba bob kim max"},
			{"an empty search", auth.UserList{Search: new("")}, "Ada a_a aba bob kim max"},
			{"part of a name", auth.UserList{Search: new("a")}, "Ada a_a aba bob kim max"}, // example
			{"a name", auth.UserList{Search: new("ADA")}, "Ada"},
			{"a small name", auth.UserList{Search: new("ada")}, "Ada"},
			{"an underscore", auth.UserList{Search: new("_")}, "a_a"},
			{"an underscore among letters", auth.UserList{Search: new("A_A")}, "a_a"},
			{"a percent sign", auth.UserList{Search: new("%")}, "aba"},
			{"a percent sign among letters", auth.UserList{Search: new("0%O")}, "aba"},
			{"an exclamation mark", auth.UserList{Search: new("!")}, "bob"},
			{"a backslash", auth.UserList{Search: new(`\`)}, ""},
			{"a quote", auth.UserList{Search: new(`' OR 1=1 --`)}, ""},
			{"a domain", auth.UserList{Search: new("@EXAMPLE.com")}, "max"},
			{"an address as it was typed", auth.UserList{Search: new("Max.Case@example.com")}, "max"},
			{"an international address", auth.UserList{Search: new("kim@BÜCHER.example")}, "kim"},
			{"a letter that only folds to ASCII", auth.UserList{Search: new("\u212Aim")}, ""},
			{"longer than anything", auth.UserList{Search: new(strings.Repeat("a", 60_000))}, ""},
			{"administrators", auth.UserList{Role: role(store.RoleAdmin)}, "bob max"},
			{"others", auth.UserList{Role: role(store.RoleUser)}, "Ada a_a aba kim"},
			{"the disabled", auth.UserList{Disabled: new(true)}, "aba max"},
			{"the enabled", auth.UserList{Disabled: new(false)}, "Ada a_a bob kim"},
			{"disabled administrators", auth.UserList{Role: role(store.RoleAdmin), Disabled: new(true)}, "max"},
			{"all three", auth.UserList{Search: new("A"), Role: role(store.RoleUser), Disabled: new(false)}, "Ada a_a kim"},
		} {
			c.q.Match = auth.MatchContains
			page := f.page(c.q)
			if got := strings.Join(usernames(page), " "); got != c.want {
				t.Errorf("%s: got %q, want %q", c.name, got, c.want)
			}
			n, exact, err := f.CountUsers(t.Context(), page)
			if want := len(strings.Fields(c.want)); err != nil || n != want || !exact {
				t.Errorf("%s: counted %d, %t, %v, want %d", c.name, n, exact, err, want)
			}
			c.q.Last = new(1)
			if got := f.page(c.q); len(got.Edges) > 0 && got.Edges[0].Node.Username != page.Edges[len(page.Edges)-1].Node.Username {
				t.Errorf("%s: the last is %v", c.name, usernames(got))
			}
		}
	})
}

// A search finds whose username begins so, by username, and then whose address alone does,
// by address; pages of every size from both ends are the same list.
func TestSearchByBeginning_O2(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		for _, u := range [][2]string{
			{"annika", "zoe@example.org"}, {"Ann", "ann@example.org"}, {"ann.lee", "lee@example.org"}, {"ann_b", "50%off@example.org"},
			{"lee", "annabel@example.org"}, {"bob", "ANNE@example.org"}, {"zed", "an@example.org"}, {"kim", "kim@b\u00fccher.example"},
		} {
			_, err := f.CreateUser(t.Context(), shell, auth.CreateUserInput{
				Username: u[0], Email: u[1], Password: new(goodPassword), Role: store.RoleUser,
			})
			must(t, err)
		}
		f.setRole("annika", store.RoleAdmin)
		f.disable("lee")
		for search, want := range map[string]string{
			"ann": "Ann ann.lee ann_b annika lee bob", "ANN": "Ann ann.lee ann_b annika lee bob", "an": "Ann ann.lee ann_b annika zed lee bob",
			"ann@": "Ann", "ann_": "ann_b", "anne@example.org": "bob", "50%": "ann_b", "%": "", "_": "", "nn": "", "b": "bob", "kim@b\u00dcCHER.example": "kim",
			"\u212Aim": "", "ann\x7f": "", strings.Repeat("a", 10_000): "",
		} {
			for size := 1; size <= 8; size++ {
				if got := f.walk(auth.UserList{Search: &search, First: &size}); got != want {
					t.Errorf("%.20q by %d: got %q, want %q", search, size, got, want)
				}
				if got := f.walk(auth.UserList{Search: &search, Last: &size}); got != want {
					t.Errorf("%.20q by %d from the end: got %q, want %q", search, size, got, want)
				}
			}
			n, exact, err := f.CountUsers(t.Context(), f.page(auth.UserList{Search: &search}))
			if want := len(strings.Fields(want)); err != nil || n != want || !exact {
				t.Errorf("%.20q: counted %d, %t, %v, want %d", search, n, exact, err, want)
			}
		}
		role := store.RoleUser
		if got := f.walk(auth.UserList{Search: new("ann"), Role: &role, Disabled: new(false)}); got != "Ann ann.lee ann_b bob" {
			t.Errorf("with filters: %q", got)
		}

		page := f.page(auth.UserList{Search: new("ann"), First: new(1)})
		all := f.page(auth.UserList{First: new(1)})
		of := func(text string) *string { return new(base64.RawURLEncoding.EncodeToString([]byte(text))) }
		for name, q := range map[string]auth.UserList{
			"of all users": {Search: new("ann"), After: all.PageInfo.EndCursor}, "of a search": {After: page.PageInfo.EndCursor},
			"no kind": {Search: new("ann"), After: of("2 name ann")}, "no key": {Search: new("ann"), After: of("2 username ")},
			"capitals": {Search: new("ann"), After: of("2 username ANN")}, "NUL": {Search: new("ann"), After: of("2 username a\x00")},
			"not UTF-8": {Search: new("ann"), Before: of("2 address \xff")}, "long": {Search: new("ann"), Before: of("2 address " + strings.Repeat("a", 300))},
			"the other": {Search: new("ann"), Match: auth.MatchContains, After: page.PageInfo.EndCursor},
		} {
			if _, err := f.Users(t.Context(), q); err == nil || auth.AsError(err).Code != auth.BadUserInput {
				t.Errorf("a cursor %s: got %v, want BAD_USER_INPUT", name, err)
			}
		}
	})
}

// walk returns the usernames of all pages of a list, in its order.
func (f *fixture) walk(q auth.UserList) string {
	f.t.Helper()
	var all []string
	for more := true; more; {
		page := f.page(q)
		if q.Last != nil {
			all = append(usernames(page), all...)
			q.Before, more = page.PageInfo.StartCursor, page.PageInfo.HasPreviousPage
		} else {
			all = append(all, usernames(page)...)
			q.After, more = page.PageInfo.EndCursor, page.PageInfo.HasNextPage
		}
	}
	return strings.Join(all, " ")
}

// An operator names users by id, username or address, and nobody else answers.
func TestFindUser(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		ada := f.user("ada")
		f.user("bob")
		for _, text := range []string{ada.ID, "ada", "ADA", "ada@example.org", "Ada@Example.ORG"} {
			if u, err := f.FindUser(t.Context(), text); err != nil || u.ID != ada.ID {
				t.Errorf("%s: got %v, %v", text, u, err)
			}
		}
		for _, text := range []string{"", "ad", "ada@example.com", "a%", "%", "\xff", "eve", "@"} {
			if u, err := f.FindUser(t.Context(), text); err == nil {
				t.Errorf("%q is %s", text, u.Username)
			}
		}
	})
}
