package config

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A name that is no setting is told, with the one that may be meant: any in our own
// file, of the environment those that a slip makes of ours.
func TestUnknownNames(t *testing.T) {
	t.Parallel()
	dotenv := filepath.Join(t.TempDir(), ".env")
	text := "SECERT_KEY=abc\nTHEME=dark\nMAIL_SEVER=localhost\nPOSTGRES_PASSWORD=abc\nCOMPOSE_PROJECT_NAME=x\n"
	if err := os.WriteFile(dotenv, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, warnings, err := Load(vars{
		"PUBLIC_ULR": "x", "LOG_LEVELS": "x", "REDIS_URL_FIEL": "x", "PATHS": "x", "POST": "x", "HOSTS": "x", "PUBLIC_HOST": "x", "LATCHKEY_EVN": "x",
	}.environ(), dotenv)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range warnings {
		got = append(got, w.String())
	}
	want := []string{
		"LATCHKEY_EVN: is no setting of Latchkey; is LATCHKEY_ENV meant?",
		"LOG_LEVELS: is no setting of Latchkey; is LOG_LEVEL meant?",
		"MAIL_SEVER: is no setting of Latchkey; is MAIL_SERVER meant?",
		"PUBLIC_ULR: is no setting of Latchkey; is PUBLIC_URL meant?",
		"REDIS_URL_FIEL: is no setting of Latchkey; is REDIS_URL_FILE meant?",
		"SECERT_KEY: is no setting of Latchkey; is SECRET_KEY meant?",
		"THEME: is no setting of Latchkey",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What docker-compose.yml takes from .env is no mistake there.
func TestNamesOfCompose(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(nil, "")
	read(r)
	for _, m := range regexp.MustCompile(`\$\{([A-Z_]+)`).FindAllStringSubmatch(string(text), -1) {
		if name := m[1]; !r.asked[name] && !slices.Contains(ofCompose, name) {
			t.Errorf("docker-compose.yml reads %s from .env, and the server would warn of it", name)
		}
	}
}

// What Kubernetes tells of services called mail and latchkey is known for what it
// is.
func TestServiceLinks(t *testing.T) {
	t.Parallel()
	c, warnings, err := load(production.with(vars{
		"MAIL_PORT": "tcp://10.96.0.7:587", "MAIL_PORT_587_TCP": "tcp://10.96.0.7:587", "MAIL_PORT_587_TCP_ADDR": "10.96.0.7",
		"MAIL_SERVICE_HOST": "10.96.0.7", "MAIL_SERVICE_PORT": "587", "PORT": "udp://10.96.0.8:53",
		"LATCHKEY_PORT": "tcp://10.96.0.9:8080", "LATCHKEY_PORT_8080_TCP_PROTO": "tcp", "LATCHKEY_SERVICE_HOST": "10.96.0.9",
	}))
	if err != nil || c.MailPort != 587 || c.Port != 8080 {
		t.Fatalf("port %d, mail port %d, %v", c.Port, c.MailPort, err)
	}
	var names []string
	for _, w := range warnings {
		if names = append(names, w.Name); !strings.Contains(w.Text, "Kubernetes") || !strings.Contains(w.Text, "ignored") {
			t.Errorf("%s", w)
		}
	}
	slices.Sort(names)
	if want := []string{"LATCHKEY_PORT", "LATCHKEY_PORT_8080_TCP_PROTO", "LATCHKEY_SERVICE_HOST", "MAIL_PORT", "PORT"}; !slices.Equal(names, want) {
		t.Errorf("warned of %v, want %v", names, want)
	}
	if text := mistaken(t, production.with(vars{"MAIL_PORT": "tcp:587"}), "MAIL_PORT"); !strings.Contains(text, "number") {
		t.Errorf("what is no link: %s", text)
	}
}

// A host may be an IPv6 address, in brackets or not.
func TestHosts(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{"::1": "::1", "[::1]": "::1", "[fd00::7]": "fd00::7", "127.0.0.1": "127.0.0.1", "mail_1": "mail_1"} {
		c, _, err := load(production.with(vars{"MAIL_SERVER": typed, "HOST": typed}))
		if err != nil || c.MailServer != want || c.Host != want {
			t.Errorf("%s: %q, %q, %v; want %q", typed, c.MailServer, c.Host, err, want)
		}
	}
	for _, typed := range []string{"[::1", "::1]", "[127.0.0.1]", "[mail]", "[::1]:587", "mail:587"} {
		mistaken(t, production.with(vars{"MAIL_SERVER": typed}), "MAIL_SERVER")
	}
}
