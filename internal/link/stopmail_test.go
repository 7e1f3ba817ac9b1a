package link_test

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/link"
	"latchkey/internal/testenv"
)

// refusal returns the parameters of the link that refuses mails to an address.
func (f *fixture) refusal(address string) url.Values {
	f.t.Helper()
	u, err := url.Parse(f.Refusal(address))
	must(f.t, err)
	if u.Path != "/email/stop" {
		f.t.Errorf("the link leads to %s", u.Path)
	}
	return u.Query()
}

// Only who got a mail to a mailbox has the link that stops those to it, and it stays good.
func TestRefusalIsOfOneMailbox_C6(t *testing.T) {
	f := setup(t, testenv.SQLite(t))
	in := f.refusal("Ada+x@example.org")
	if key, err := f.OpenRefusal(in.Get("token"), in.Get("email")); key != "ada+x@example.org" || err != nil {
		t.Fatalf("opened as %q, %v", key, err)
	}
	if _, err := f.OpenRefusal(in.Get("token"), "ada+y@example.org"); err != nil {
		t.Errorf("for another form of the mailbox: %v", err)
	}
	for _, email := range []string{"", "ada", "ada@example.org", "bob@example.org", "ada+x@example.com"} {
		_, err := f.OpenRefusal(in.Get("token"), email)
		f.dead("for "+email, err)
	}
	for _, token := range []string{"", "lks_", "lks_" + strings.Repeat("A", 43), strings.Replace(in.Get("token"), "lks_", "lko_", 1)} {
		_, err := f.OpenRefusal(token, in.Get("email"))
		f.dead("as "+token, err)
	}
	_, err := f.Open(t.Context(), in.Get("token"), "", link.ResetPassword, link.NotMe, link.ConfirmRegistration, link.ConfirmNewEmail)
	f.dead("as a one-time link", err)
	f.now = f.now.Add(3000 * day)
	if _, err := f.OpenRefusal(in.Get("token"), in.Get("email")); err != nil {
		t.Errorf("years later: %v", err)
	}
}

// An account may have an address that nobody can register any more: its reader refuses
// mails as others do.
func TestRefusalOfEarlierAddress_B3_C6(t *testing.T) {
	f := setup(t, testenv.SQLite(t))
	const address = "=?utf-8?q?ada?=@example.org"
	in := f.refusal(address)
	if key, err := f.OpenRefusal(in.Get("token"), in.Get("email")); key != address || err != nil {
		t.Errorf("opened as %q, %v", key, err)
	}
	if other := f.refusal("=?utf-8?q?bob?=@example.org"); other.Get("token") == in.Get("token") {
		t.Error("two mailboxes have one link")
	}
}

// A link outlives a change of SECRET_KEY, as long as the old one is listed; and what is
// kept is found by it.
func TestRefusalRotation_C6_F4(t *testing.T) {
	d := testenv.SQLite(t)
	old := setup(t, d)
	in := old.refusal("ada@example.org")
	both := setup(t, d, func(c *link.Config) { c.Secrets = [][]byte{newSecret, secret} })
	if _, err := both.OpenRefusal(in.Get("token"), in.Get("email")); err != nil {
		t.Errorf("with the old secret second: %v", err)
	}
	hashes := both.RefusalHashes("ada@example.org")
	if len(hashes) != 2 || !bytes.Equal(hashes[1], old.RefusalHashes("ada@example.org")[0]) || bytes.Equal(hashes[0], hashes[1]) {
		t.Error("the hashes are not one by each secret")
	}
	if strings.Contains(in.Get("token"), string(hashes[1])) {
		t.Error("the link tells what is kept")
	}
	fresh := setup(t, d, func(c *link.Config) { c.Secrets = [][]byte{newSecret} })
	_, err := fresh.OpenRefusal(in.Get("token"), in.Get("email"))
	fresh.dead("without the old secret", err)
}
