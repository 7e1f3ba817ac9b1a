package cli

import (
	"bytes"
	"strings"
	"testing"
)

// The version is said where people look for it.
func TestVersion(t *testing.T) {
	for _, how := range []string{"version", "--version"} {
		var out, errOut bytes.Buffer
		code := run(t.Context(), []string{how}, Commands{Version: "1.2.3"}, strings.NewReader(""), &out, &errOut)
		if code != exitDone || out.String()+errOut.String() != "1.2.3\n" {
			t.Errorf("%s: %d, %q, %q", how, code, out.String(), errOut.String())
		}
	}
}

// A shell completes values as well as names, and the help says how to have it do so.
func TestCompletion(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"user", "list", "--role", ""}, "USER ADMIN :4"},
		{[]string{"keys", "new", "--algorithm", ""}, "ES256 EdDSA RS256 HS256 :4"},
		{[]string{"user", "set-role", "ada", ""}, "USER ADMIN :4"},
		{[]string{"user", "set-role", ""}, ":4"},
	} {
		var out, errOut bytes.Buffer
		code := run(t.Context(), append([]string{"__complete"}, tt.args...), Commands{}, strings.NewReader(""), &out, &errOut)
		if got := strings.Join(strings.Fields(out.String()), " "); code != exitDone || got != tt.want {
			t.Errorf("%q: %d, %q, want %q", tt.args, code, got, tt.want)
		}
	}
	var help, errOut bytes.Buffer
	run(t.Context(), []string{"--help"}, Commands{}, strings.NewReader(""), &help, &errOut)
	if !strings.Contains(help.String(), "completion ") {
		t.Errorf("the help does not name the command:\n%s", help.String())
	}
}
