package names_test

import (
	"testing"

	"latchkey/internal/names"
)

func TestMailbox_C6(t *testing.T) {
	for key, want := range map[string]string{
		"ada@example.org": "ada@example.org", "ada+1@example.org": "ada+@example.org", "ada+1+2@example.org": "ada+@example.org",
		"ada+@example.org": "ada+@example.org", "+1@example.org": "+1@example.org", "a.da@example.org": "a.da@example.org",
		"a.da+1@example.org": "a.da+@example.org", "ada-1@example.org": "ada-1@example.org", "ada@mail.gmail.com": "ada@mail.gmail.com",
		"ada@gmail.com": "ada@gmail.com", "a.d.a@gmail.com": "ada+@gmail.com", "a.da+x.y@gmail.com": "ada+@gmail.com",
		"ada@googlemail.com": "ada+@gmail.com", "a.da@googlemail.com": "ada+@gmail.com",
		"a.da@icloud.com": "a.da@icloud.com", "a.da@me.com": "a.da+@icloud.com", "a.da@pm.me": "ada+@proton.me",
	} {
		if got := names.Mailbox(key); got != want {
			t.Errorf("%s: got %s, want %s", key, got, want)
		}
		// What it makes of that again is the same, so no form has a third.
		if again := names.Mailbox(names.Mailbox(key)); again != want {
			t.Errorf("%s: %s, and again %s", key, want, again)
		}
	}
}

func TestDomain_C6(t *testing.T) {
	for key, want := range map[string]string{
		"ada@example.org": "example.org", "ada@a.b.example.org": "example.org", "ada@a.example.co.uk": "example.co.uk", "ada@co.uk": "co.uk",
		"ada@gmail.com": "", "ada@googlemail.com": "", "ada@yahoo.co.uk": "", "ada@hotmail.fr": "", "ada@web.de": "", "ada@notgmail.com": "notgmail.com",
	} {
		if got := names.Domain(key); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
}
