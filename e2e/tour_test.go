package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// step is a block of commands in the README and the answer that stands below.
type step struct{ commands, answer string }

// tour reads the README's tour: its blocks of sh, each with the block of
// another language that follows, but the one that starts the service.
func tour(t *testing.T) []step {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok1 := strings.Cut(string(readme), "\n## Tour\n")
	text, _, ok2 := strings.Cut(text, "\n## Production\n")
	if !ok1 || !ok2 {
		t.Fatal("the README has no tour")
	}
	var steps []step
	for _, block := range regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```\n").FindAllStringSubmatch(text, -1) {
		switch {
		case block[1] != "sh":
			steps[len(steps)-1].answer = block[2]
		case block[2] != "go run .\n":
			steps = append(steps, step{commands: block[2]})
		}
	}
	return steps
}

// What is different each time.
var varying = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`), "ACCESS_TOKEN"},
	{regexp.MustCompile(`lkr_[\w-]+`), "REFRESH_TOKEN"},
	{regexp.MustCompile(`lkd_[\w-]+`), "DEVICE_TOKEN"},
	{regexp.MustCompile(`lko_[\w-]+`), "ONE_TIME_TOKEN"},
	{regexp.MustCompile(`"password":"[a-z2-7]{5}(-[a-z2-7]{5}){3}-[a-z2-7]{6}"`), "PASSWORD"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "ID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`), "TIME"},
	{regexp.MustCompile(`http://localhost:\d+`), "PUBLIC_URL"},
	{regexp.MustCompile(`ada(-[0-9a-z]+)?(@|%40)example`), "ADA${2}example"},
}

func settled(s string) string {
	for _, v := range varying {
		s = v.pattern.ReplaceAllString(s, v.with)
	}
	return strings.TrimSpace(s)
}

// The README's tour works as it is written, on both stacks; in production its
// requests alternate between two replicas, and the mail is read from the mail
// server under the address of the inbox. What stands in between for that is a proxy,
// through which nobody reads the inbox itself.
func TestTour(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/dev/mail.json" {
				enc := json.NewEncoder(w)
				enc.SetEscapeHTML(false)
				type mail struct {
					Links []string `json:"links"`
				}
				list := []mail{}
				for _, m := range s.Mails(t, r.URL.Query().Get("to")) {
					list = append(list, mail{m.Links})
				}
				if err := enc.Encode(list); err != nil {
					t.Error(err)
				}
				return
			}
			target, err := url.Parse(s.URL())
			if err != nil {
				t.Error(err)
				return
			}
			httputil.NewSingleHostReverseProxy(target).ServeHTTP(w, r)
		}))
		defer front.Close()
		base := front.URL
		if len(s.Replicas) == 1 {
			base = s.URL()
		}

		// Mailpit is shared, so in production another address than the README's.
		address := "ada@example.org"
		if len(s.Replicas) > 1 {
			address = "ada-" + testenv.Address()
		}
		const mark = "---- step ----"
		script := "set -eu\n"
		steps := tour(t)
		if len(steps) < 10 {
			t.Fatalf("the tour has %d steps", len(steps))
		}
		for _, st := range steps {
			script += st.commands + "\necho '" + mark + "'\n"
		}
		script = strings.NewReplacer("localhost:8080", strings.TrimPrefix(base, "http://"), "ada@example.org", address).Replace(script)
		cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
		cmd.Dir = t.TempDir()
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		answers := strings.Split(string(out), mark+"\n")
		for i, st := range steps {
			if got, want := settled(answers[i]), settled(st.answer); got != want {
				t.Errorf("step %d:\n%s\ngot\n%s\nwant\n%s", i+1, st.commands, got, want)
			}
		}
	})
}
