package e2e_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
)

// A failure of ours is INTERNAL with the id of the request, which leads to the
// log, and says nothing else; when it is mended everything goes on.
func TestInternal_I6(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada, bob := s.Join(t), testenv.Newcomer()
		s.Register(t, bob)
		link := s.Mails(t, bob.Email)[0].Links[0]
		rename := func(table, from, to string) {
			t.Helper()
			database := s.DB(t)
			testenv.Await(t, patience, "a column to be renamed", func() bool {
				_, err := database.Exec(t.Context(), `ALTER TABLE `+table+` RENAME COLUMN `+from+` TO `+to)
				if err != nil && !errors.Is(err, db.ErrUnavailable) { // which a busy machine is at times
					t.Fatal(err)
				}
				return err == nil
			})
		}
		for table, column := range map[string]string{"sessions": "ends_at", "registrations": "device"} {
			rename(table, column, "elsewhere")
			requests := map[string]string{"register": variablesBody(registerRequest(testenv.Newcomer()))}
			if table == "sessions" {
				requests = map[string]string{
					"me":      document(testenv.MeOp),
					"login":   variablesBody(loginRequest(ada.Username, ada.Password, "")),
					"refresh": variablesBody(refreshRequest(ada.Refresh)),
				}
			}
			for name, body := range requests {
				a := postJSON(t, s.URL(), body, "Authorization", "Bearer "+ada.Access, "X-Forwarded-For", ada.Client)
				mustFail(t, name, a, "INTERNAL", "")
				var e struct {
					Errors []struct {
						Extensions struct{ RequestID string }
					}
				}
				id := a.Header.Get("X-Request-Id")
				if err := json.Unmarshal(a.Body, &e); err != nil || len(e.Errors) != 1 || e.Errors[0].Extensions.RequestID != id {
					t.Errorf("%s: the answer does not name the request %s: %s", name, id, a.Body)
				}
				testenv.Await(t, patience, name+" in the log", func() bool {
					return strings.Count(s.Log(), `"request_id":"`+id+`","where":"`+name+`"`) == 1
				})
			}
			if table == "registrations" {
				u := s.URL() + strings.TrimPrefix(link, public(s))
				p := exchange(t, "GET", u, "")
				if id := p.header.Get("X-Request-Id"); p.status != http.StatusInternalServerError || !strings.Contains(p.body, id) {
					t.Errorf("the page: got %d, want 500 that names %s:\n%s", p.status, id, p.body)
				} else {
					awaitLog(t, s, `"request_id":"`+id+`","where":"`+linkPath+`"`)
				}
			}
			rename(table, "elsewhere", column)
			mustBe(t, s.URL(), ada.Access, ada.ID)
		}
		if got := s.Login(t, ada); got.Tokens == nil {
			t.Errorf("login: %+v", got)
		}
	})
}
