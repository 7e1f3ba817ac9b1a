package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

const (
	composeFile     = "docker-compose.yml"
	developmentFile = "docker-compose.development.env"
)

// productionEnv is the .env that the comments of docker-compose.yml ask for.
const productionEnv = `LATCHKEY_ENV=production
SECRET_KEY=Zk3vQ8w1Lr7TnXy5Bd0HsGm9JpUc2FaE
POSTGRES_PASSWORD=5f0c9a7be3d1
PUBLIC_URL=https://auth.example.org
MAIL_SERVER=smtp.example.org
MAIL_FROM=no-reply@example.org
`

// check returns what is wrong with the compose file in root. An error means
// that it could not be read at all.
func check(root string) (problems []string, err error) {
	known, err := settings(filepath.Join(root, ".env.example"))
	if err != nil {
		return nil, err
	}
	development, err := load(root, "")
	if err != nil {
		return nil, fmt.Errorf("development: %w", err)
	}
	production, err := load(root, productionEnv)
	if err != nil {
		return nil, fmt.Errorf("production: %w", err)
	}
	careless, err := load(root, strings.ReplaceAll(productionEnv, "POSTGRES_PASSWORD=5f0c9a7be3d1\n", ""))
	if err != nil {
		return nil, fmt.Errorf("production without POSTGRES_PASSWORD: %w", err)
	}

	problems = append(problems, services(development)...)
	problems = append(problems, names(development, known)...)
	problems = append(problems, values(development, map[string]string{
		"LATCHKEY_ENV": "development", "HOST": "0.0.0.0", "MAIL_SERVER": "mailpit", "MAIL_PORT": "1025", "MAIL_TLS": "none", "SECRET_KEY": "",
		"EXPLORER": "on",
	})...)
	problems = append(problems, catcher(development)...)
	//lint:ignore G101 what the check puts into a file that it makes
	problems = append(problems, values(production, map[string]string{
		"LATCHKEY_ENV": "production", "SECRET_KEY": "Zk3vQ8w1Lr7TnXy5Bd0HsGm9JpUc2FaE", "PUBLIC_URL": "https://auth.example.org",
		"MAIL_SERVER": "smtp.example.org", "MAIL_PORT": "", "MAIL_TLS": "", "EXPLORER": "", "MAIL_FROM": "no-reply@example.org",
		"DATABASE_URL": "postgres://latchkey:5f0c9a7be3d1@postgres:5432/latchkey?sslmode=disable",
	})...)
	// The server refuses such a password in production.
	if url := value(careless.Services["latchkey"], "DATABASE_URL"); !strings.Contains(url, ":dev_") {
		problems = append(problems, "production without POSTGRES_PASSWORD: the default password does not begin with dev_")
	}
	for name, volume := range development.Volumes {
		if volume.Name == production.Volumes[name].Name {
			problems = append(problems, "volume "+name+": development and production share it")
		}
	}
	return problems, nil
}

// load parses the compose file with env as the file .env, in a folder where
// nobody's own .env can interfere. Unknown keys and references are errors.
func load(root, env string) (*types.Project, error) {
	dir, err := os.MkdirTemp("", "composecheck")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	all := map[string][]byte{".env": []byte(env)}
	for _, name := range []string{composeFile, developmentFile} {
		//lint:ignore G703 whoever starts it names the folder
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		all[name] = text
	}
	return project(dir, composeFile, all)
}

// project parses a compose file of a folder, into which it writes all files before.
func project(dir, file string, all map[string][]byte) (*types.Project, error) {
	for name, text := range all {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	options, err := cli.NewProjectOptions([]string{filepath.Join(dir, file)},
		cli.WithWorkingDirectory(dir), cli.WithEnvFiles(), cli.WithDotEnv, cli.WithInterpolation(true), cli.WithConsistency(true))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

// services checks who there is, who waits for whom, and who can be reached.
func services(p *types.Project) (problems []string) {
	complain := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	want := []string{"latchkey", "mailpit", "postgres", "redis"}
	if got := slices.Sorted(maps.Keys(p.Services)); !slices.Equal(got, want) {
		complain("services are %v, want %v", got, want)
	}
	if !p.Networks["backend"].Internal {
		complain("network backend is not internal")
	}
	for name, s := range p.Services {
		h := s.HealthCheck
		if h == nil || h.Disable || len(h.Test) < 2 || h.Interval == nil || h.Timeout == nil || h.Retries == nil {
			complain("%s: no healthcheck with test, interval, timeout and retries", name)
		}
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				complain("%s: port %s is published beyond this machine", name, port.Published)
			}
		}
		if name != "postgres" && name != "redis" {
			continue
		}
		if len(s.Ports) > 0 {
			complain("%s: is published", name)
		}
		if got := slices.Sorted(maps.Keys(s.Networks)); !slices.Equal(got, []string{"backend"}) {
			complain("%s: is on the networks %v, want backend alone", name, got)
		}
		if got := p.Services["latchkey"].DependsOn[name].Condition; got != types.ServiceConditionHealthy {
			complain("latchkey: waits for %s until %q, want %q", name, got, types.ServiceConditionHealthy)
		}
	}
	if _, waits := p.Services["latchkey"].DependsOn["mailpit"]; waits {
		complain("latchkey: depends on mailpit, which production leaves out")
	}
	slices.Sort(problems)
	return problems
}

// catcher runs what starts the mail catcher, twice, with a program in its place
// that says which password it is given: one of its own at each start, told in the
// log, or the one that is set.
func catcher(p *types.Project) (problems []string) {
	s := p.Services["mailpit"]
	if len(s.Entrypoint) != 3 || !slices.Equal(s.Entrypoint[:2], []string{"sh", "-c"}) || !strings.HasSuffix(strings.TrimSpace(s.Entrypoint[2]), "exec /mailpit") {
		return []string{"mailpit: is not started by a script that ends with exec /mailpit"}
	}
	script := strings.Replace(s.Entrypoint[2], "exec /mailpit", `printenv MP_UI_AUTH`, 1)
	start := func(password string) (log, auth string) {
		cmd := exec.Command("sh", "-c", script)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "MAILPIT_PASSWORD=" + password}
		out, err := cmd.CombinedOutput()
		if err != nil {
			problems = append(problems, fmt.Sprintf("mailpit: its script fails: %v: %s", err, out))
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return strings.Join(lines[:len(lines)-1], "\n"), lines[len(lines)-1]
	}
	_, first := start("")
	log, second := start("")
	made, ok := strings.CutPrefix(second, "latchkey:")
	if !ok || len(made) < 20 || first == second {
		problems = append(problems, "mailpit: no password of its own at each start")
	} else if !strings.Contains(log, made) {
		problems = append(problems, "mailpit: its password is not in its log")
	}
	if log, auth := start("sesame"); log != "" || auth != "latchkey:sesame" {
		problems = append(problems, "mailpit: MAILPIT_PASSWORD is not its password, or is in its log")
	}
	return problems
}

// names checks that the server knows each variable that it is given.
func names(p *types.Project, known []string) (problems []string) {
	for _, name := range slices.Sorted(maps.Keys(p.Services["latchkey"].Environment)) {
		if !slices.Contains(known, name) {
			problems = append(problems, "latchkey: "+name+" is no setting of .env.example")
		}
	}
	return problems
}

// values checks variables of the server; "" stands for empty or not there.
func values(p *types.Project, want map[string]string) (problems []string) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got := value(p.Services["latchkey"], name); got != want[name] {
			problems = append(problems, fmt.Sprintf("%s: %s is %q, want %q", value(p.Services["latchkey"], "LATCHKEY_ENV"), name, got, want[name]))
		}
	}
	return problems
}

func value(s types.ServiceConfig, name string) string {
	if v := s.Environment[name]; v != nil {
		return *v
	}
	return ""
}

var setting = regexp.MustCompile(`(?m)^#?([A-Z][A-Z0-9_]*)=`)

// settings returns the names in .env.example, which a test of the product
// compares with what it reads.
func settings(file string) (names []string, err error) {
	//lint:ignore G703 whoever starts it names the folder
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for _, m := range setting.FindAllStringSubmatch(string(text), -1) {
		names = append(names, m[1])
	}
	return names, nil
}
