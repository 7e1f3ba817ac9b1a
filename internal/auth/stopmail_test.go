package auth_test

import (
	"net/url"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// refuse follows the link that refuses mails to an address, and presses its button.
func (f *fixture) refuse(address string) {
	f.t.Helper()
	u, err := url.Parse(f.deps.Links.Refusal(address))
	must(f.t, err)
	must(f.t, f.RefuseMails(f.t.Context(), client(1), u.Query().Get("token"), u.Query().Get("email")))
}

// Who confirms an address by an older link wants its mails again.
func TestConfirmingUndoesRefusal_C6(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token := f.link("ada@example.org", "ada", client(1))
		f.refuse("ada@example.org")
		must(t, f.registers("ada@example.org", "eve", client(2)))
		if n := len(f.mails("ada@example.org")); n != 1 {
			t.Fatalf("%d mails, want that of before alone", n)
		}
		_, err := f.ConfirmLink(t.Context(), client(1), auth.ConfirmLink{Token: token, Username: "ada", Password: goodPassword})
		must(t, err)
		must(t, f.registers("ada@example.org", "eve2", client(2)))
		if n := len(f.mails("ada@example.org")); n != 2 || f.mails("ada@example.org")[0].Kind != store.MailAlreadyRegistered {
			t.Errorf("%d mails, want one more", n)
		}

		v := f.viewer(f.login("ada", client(1)))
		must(t, f.changeEmail(v, "new@example.org", goodPassword, client(1)))
		token = f.token("new@example.org", store.MailConfirmNewEmail)
		f.refuse("new@example.org")
		must(t, f.confirm(token, ""))
		must(t, f.registers("new@example.org", "eve3", client(2)))
		f.newest("new@example.org", store.MailAlreadyRegistered)
	})
}
