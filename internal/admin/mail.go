package admin

import (
	"net/http"
	"time"
)

// mailList is the page of mails that wait or were given up.
type mailList struct {
	Failed bool
	Mails  []queued
	Around around
	Answer string // of a test mail that was not sent
	To     string // where a test mail goes
}

type queued struct {
	ID, Kind, To, UserID, State, LastError string
	CreatedAt                              time.Time
	Tries                                  int
	DueAt                                  *time.Time
}

func (s *server) mails(v *view) { v.showMails(http.StatusOK, "") }

func (v *view) showMails(status int, answer string) {
	q := v.r.URL.Query()
	l := mailList{Failed: q.Get("state") == "failed", Answer: answer, To: v.viewer.User.Email}
	variables := map[string]any{"failed": l.Failed}
	if after := q.Get("after"); after != "" {
		variables["after"] = after
	}
	var got struct {
		Mails struct {
			Nodes    []queued
			PageInfo pageInfo
		}
	}
	if err := v.run("mails", variables, &got); err != nil {
		v.fail(err)
		return
	}
	l.Mails, l.Around = got.Mails.Nodes, got.Mails.PageInfo.neighbours("/admin/mail", q)
	v.write(status, "mail", l)
}

// retryMails tries one mail again, or all of them.
func (s *server) retryMails(v *view) {
	if id := v.r.PostForm.Get("id"); id != "" {
		v.toMail("retryMail", map[string]any{"id": id}, "mail-retried")
		return
	}
	v.toMail("retryAllMails", nil, "mails-retried")
}

// cancelPage asks whether mails are to be deleted.
func (s *server) cancelPage(v *view) {
	v.write(http.StatusOK, "mail-cancel", v.r.URL.Query().Get("state") == "failed")
}

// cancelMails deletes one mail, those that were given up, or all.
func (s *server) cancelMails(v *view) {
	if id := v.r.PostForm.Get("id"); id != "" {
		v.toMail("cancelMail", map[string]any{"id": id}, "mail-cancelled")
		return
	}
	v.toMail("cancelAllMails", map[string]any{"failed": v.r.PostForm.Get("state") == "failed"}, "mails-deleted")
}

// toMail does something to mails, and leads back to them.
func (v *view) toMail(document string, variables map[string]any, done string) {
	got := map[string]payload{}
	if err := v.run(document, variables, &got); err != nil {
		v.fail(err)
		return
	}
	key, code := "done", done
	if wrong := got[document].code(); wrong != "" {
		key, code = "trouble", trouble(wrong)
	}
	at := "/admin/mail?" + key + "=" + code
	if v.r.PostForm.Get("state") == "failed" {
		at += "&state=failed"
	}
	v.s.goTo(v.w, v.r, at)
}

// testMail sends a mail to who is signed in. What the server said, if it refused that, stands on
// this one page and in no address.
func (s *server) testMail(v *view) {
	var got struct{ SendTestMail payload }
	if err := v.run("sendTestMail", nil, &got); err != nil {
		v.fail(err)
		return
	}
	if got.SendTestMail.code() != "" {
		v.showMails(http.StatusUnprocessableEntity, got.SendTestMail.Errors[0].Message)
		return
	}
	v.goTo("/admin/mail", "done", "mail-sent")
}
