package mail

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func inboxWith(t *testing.T, mails ...*Message) *Inbox {
	t.Helper()
	b := NewInbox(strings.ToLower)
	for _, m := range mails {
		if err := b.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func TestInboxJSON(t *testing.T) {
	first, second := sample(), sample()
	first.Text = "Confirm it:\nhttps://auth.example.org/email/confirm-email?token=lko_x&email=ada%40example.org\n\nor myapp://confirm?token=lko_y\nSent by auth.example.org\n"
	second.ID, second.To = "0199-b", "bob@example.org"
	second.CreatedAt = second.CreatedAt.Add(1500 * time.Millisecond)
	b := inboxWith(t, first, second)
	get := func(query string) (list []map[string]any) {
		t.Helper()
		w := httptest.NewRecorder()
		b.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/dev/mail.json"+query, nil))
		if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
			t.Fatalf("got %d %s", w.Code, w.Header().Get("Content-Type"))
		}
		if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	want := map[string]any{
		"id": "0199-a", "kind": "new_device", "to": "Ada@example.org", "from": "noreply@example.org",
		"subject": "A new device logged in", "createdAt": "2026-11-24T08:15:00.000Z", "text": first.Text, "html": first.HTML,
		"links": []any{"https://auth.example.org/email/confirm-email?token=lko_x&email=ada%40example.org", "myapp://confirm?token=lko_y"},
	}
	if diff := cmp.Diff([]map[string]any{want}, get("?to=aDa@Example.org")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	all := get("")
	if len(all) != 2 || all[0]["id"] != "0199-b" || all[0]["createdAt"] != "2026-11-24T08:15:01.500Z" {
		t.Errorf("all, newest first: got %v", all)
	}
	if links, ok := all[0]["links"].([]any); !ok || len(links) != 0 {
		t.Errorf("a mail without links has %v", all[0]["links"])
	}
	if got := get("?to=nobody@example.org"); got == nil || len(got) != 0 {
		t.Errorf("nobody's mails: got %v, want []", got)
	}
}

func TestInboxKeepsTheLast500(t *testing.T) {
	b := inboxWith(t)
	for i := range inboxSize + 3 {
		m := sample()
		m.ID = fmt.Sprint(i)
		if err := b.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	mails := b.Mails("")
	if len(mails) != inboxSize || mails[0].ID != "502" || mails[inboxSize-1].ID != "3" {
		t.Errorf("%d mails, from %s to %s", len(mails), mails[0].ID, mails[len(mails)-1].ID)
	}
	if m, err := b.Mail("77"); err != nil || m.ID != "77" {
		t.Errorf("one mail: got %v, %v", m, err)
	}
	if _, err := b.Mail("2"); !errors.Is(err, ErrNoMail) {
		t.Errorf("a mail that is gone: got %v", err)
	}
}

func TestInboxOfWhatIsNoAddress(t *testing.T) {
	b := NewInbox(func(s string) string {
		if strings.Contains(s, "@") {
			return s
		}
		return ""
	})
	if err := b.Send(t.Context(), sample()); err != nil {
		t.Fatal(err)
	}
	if got := b.Mails("ada"); len(got) != 0 {
		t.Errorf("got %d mails", len(got))
	}
}
