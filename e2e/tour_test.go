package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/config"
	"latchkey/internal/testenv"
)

// tourPage has the tour.
const tourPage = "docs/tour.md"

// pageAt returns a page of the project.
func pageAt(t *testing.T, path string) testenv.Page {
	t.Helper()
	for _, p := range testenv.Pages(t) {
		if p.Path == path {
			return p
		}
	}
	t.Fatalf("there is no %s", path)
	return testenv.Page{}
}

// tour are the tour's blocks of sh.
func tour(t *testing.T) (steps []testenv.Block) {
	t.Helper()
	for _, b := range pageAt(t, tourPage).Blocks {
		if b.Runs() {
			steps = append(steps, b)
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
	{regexp.MustCompile(`lkc_[\w-]+`), "CHALLENGE"},
	{regexp.MustCompile(`"secret":"[A-Z2-7]{32}"`), "SECRET"},
	{regexp.MustCompile(`"[a-z2-7]{6}(-[a-z2-7]{6}){3}"`), "RECOVERY_CODE"},
	{regexp.MustCompile(`"password":"[a-z2-7]{5}(-[a-z2-7]{5}){3}-[a-z2-7]{6}"`), "PASSWORD"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "ID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`), "TIME"},
	{regexp.MustCompile(`http://localhost:\d+`), "PUBLIC_URL"},
	{regexp.MustCompile(`\bada\d+`), "NAME"},
}

func settled(s string) string {
	for _, v := range varying {
		s = v.pattern.ReplaceAllString(s, v.with)
	}
	return strings.TrimSpace(s)
}

// shells are those that the tour is for, as somebody types into them, but without
// what they set up at home.
var shells = [][]string{{"bash", "--norc", "-i"}, {"zsh", "-f", "-i"}}

// types types a script into a shell and returns what it prints, without the shell's
// own prompts. A shell that does not come to an end is killed.
func types(t *testing.T, shell []string, dir, script string) (printed string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell[0], shell[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "HISTFILE=/dev/null")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal that it could take from us
	cmd.Stdin = strings.NewReader(script + "\nexit\n")
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s\n%s", shell[0], err, out.String(), errOut.String())
	}
	return out.String()
}

// The tour works as it is written, typed into bash and into zsh, twice in a row
// in one folder, on both stacks. In production its requests alternate between two
// replicas, and the mail is read from the mail server under the address of the inbox.
// What stands in between for that is a proxy, through which nobody reads the inbox itself.
func TestTour(t *testing.T) {
	t.Parallel()
	steps := tour(t)
	if len(steps) < 10 {
		t.Fatalf("the tour has %d steps", len(steps))
	}
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

		const mark = "---- step ----"
		script := ""
		for _, st := range slices.Concat(steps, steps) {
			script += st.Text + "echo '" + mark + "'\n"
		}
		script = strings.ReplaceAll(script, "localhost:8080", strings.TrimPrefix(base, "http://"))
		for _, shell := range shells {
			answers := strings.Split(types(t, shell, t.TempDir(), script), mark+"\n")
			if len(answers) != 2*len(steps)+1 {
				t.Fatalf("%s: %d answers of %d steps, twice: %q", shell[0], len(answers)-1, len(steps), answers)
			}
			for i, answer := range answers[:2*len(steps)] {
				st, want := steps[i%len(steps)], ""
				if st.Answer != nil {
					want = settled(st.Answer.Text)
				}
				if got := settled(answer); got != want {
					t.Errorf("%s, step %d:\n%s\ngot\n%s\nwant\n%s", shell[0], i+1, st.Text, got, want)
				}
			}
		}
	})
}

// The README's .env takes a password as it is, in both shells: none of its characters
// means anything to the shell or to the service.
func TestEnvBlock(t *testing.T) {
	t.Parallel()
	blocks := pageAt(t, "README.md").Blocks
	i := slices.IndexFunc(blocks, func(b testenv.Block) bool { return strings.HasPrefix(b.Text, "touch .env") })
	if i < 0 {
		t.Fatal("the README makes no .env")
	}
	const password = `p$HOME ${PATH}$$ $(id) "x" \t #y` + "`!z"
	script := strings.Replace(blocks[i].Text, "the password of your mail account", password, 1)
	for _, shell := range shells {
		dir := t.TempDir()
		types(t, shell, dir, script)
		cfg, warnings, err := config.Load([]string{"DATABASE_URL=postgres://latchkey:secret@db/latchkey"}, filepath.Join(dir, ".env"))
		if err != nil || len(cfg.SecretKeys) != 1 {
			t.Errorf("%s: %v", shell[0], err)
		}
		if cfg.MailPassword != password {
			t.Errorf("%s: the password is %q, want %q", shell[0], cfg.MailPassword, password)
		}
		for _, w := range warnings {
			if w.Name != "POSTGRES_PASSWORD" { // which Compose reads
				t.Errorf("%s: %s", shell[0], w)
			}
		}
	}
}
