package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// build compiles the product as it is shipped and returns the program's path.
func build(ctx context.Context, root, dir string) (string, error) {
	out := filepath.Join(dir, "latchkey")
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-tags=nopgxregisterdefaulttypes", "-ldflags", "-s -w", "-o", out, ".")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if b, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, b)
	}
	return out, nil
}

// settings is the environment of a product in production mode. No mail server answers
// at its port, so none is sent while other things are measured. Without database and
// redis it is SQLite in dir.
func settings(secret, dir, database, redis string) []string {
	env := []string{
		"LATCHKEY_ENV=production", "PUBLIC_URL=http://localhost:8080", "TRUSTED_PROXIES=127.0.0.1", "ACCESS_TOKEN_TTL=2h",
		"MAIL_SERVER=127.0.0.1", "MAIL_PORT=9", "MAIL_TLS=none", "MAIL_FROM=auth@latchkey.example",
		"SECRET_KEY=" + secret, "DATA_DIR=" + filepath.Join(dir, "data"),
	}
	if database != "" {
		env = append(env, "DATABASE_URL="+database, "REDIS_URL="+redis)
	}
	return env
}

const password = "correct horse battery staple"

// person is a user of a product, as `me` shows them.
type person struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Email    string `json:"email"`
}

// createUsers makes n users from the shell, as many at once as there are cores.
func createUsers(ctx context.Context, program string, env []string, n int) ([]person, error) {
	people := make([]person, n)
	return people, each(n, func(i int) (err error) {
		people[i], err = createUser(ctx, program, env, fmt.Sprintf("user%03d", i))
		return err
	})
}

func createUser(ctx context.Context, program string, env []string, name string, args ...string) (person, error) {
	p := person{Username: name, Email: name + "@example.org"}
	//lint:ignore G204 the bench starts what it measures
	cmd := exec.CommandContext(ctx, program, append([]string{"user", "create", "--email", p.Email, "--username", p.Username}, args...)...)
	cmd.Env, cmd.Stdin = env, strings.NewReader(password+"\n")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	id, err := cmd.Output()
	if err != nil {
		return p, fmt.Errorf("user create: %w\n%s", err, &stderr)
	}
	p.ID = strings.TrimSpace(string(id))
	return p, nil
}

// each calls f with 0 to n-1, as many at once as there are cores, and returns
// the first error.
func each(n int, f func(i int) error) error {
	var wait sync.WaitGroup
	errs := make(chan error, n)
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	for range runtime.NumCPU() {
		wait.Go(func() {
			for i := range next {
				errs <- f(i)
			}
		})
	}
	wait.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// session is one signed-in device.
type session struct {
	person
	AccessToken, RefreshToken string
}

// openSessions logs people in, in turn, until there are n sessions.
func openSessions(addr string, people []person, n int) ([]session, error) {
	sessions := make([]session, n)
	return sessions, each(n, func(i int) error {
		c, err := dial(addr)
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
		p := people[i%len(people)]
		body, err := c.do(loginRequest(p, i).bytes)
		if err != nil {
			return err
		}
		var answer struct {
			Data struct{ Login struct{ Tokens *session } }
		}
		if err := json.Unmarshal(body, &answer); err != nil || answer.Data.Login.Tokens == nil {
			return fmt.Errorf("login answered %s", body)
		}
		sessions[i] = *answer.Data.Login.Tokens
		sessions[i].person = p
		return nil
	})
}

// The operations that are measured. Those with variables are sent as clients
// are told to.
const (
	meBody      = `{"query":"{ me { id username email } }"}`
	loginBody   = `{"query":"mutation ($i: LoginInput!) { login(input: $i) { tokens { accessToken refreshToken } errors { code } } }","variables":{"i":{"login":%q,"password":%q}}}`
	refreshBody = `{"query":"mutation ($i: RefreshInput!) { refresh(input: $i) { tokens { accessToken refreshToken } errors { code } } }","variables":{"i":{"refreshToken":%q}}}`
)

func meRequest(s session) request {
	p, _ := json.Marshal(s.person) // strings always become JSON
	want := fmt.Appendf(nil, `{"data":{"me":%s}}`, p)
	return request{post(meBody, "Authorization: Bearer "+s.AccessToken+"\r\n"), exactly(want)}
}

// loginRequest is a login from the i-th client address.
func loginRequest(p person, i int) request {
	header := fmt.Sprintf("X-Forwarded-For: 10.%d.%d.%d\r\n", i>>16&255, i>>8&255, i&255)
	return request{post(fmt.Sprintf(loginBody, p.Username, password), header), checkLogin}
}

func checkLogin(body []byte) error {
	switch {
	case bytes.HasPrefix(body, []byte(`{"data":{"login":{"tokens":{"accessToken":"ey`)) && bytes.HasSuffix(body, []byte(`"errors":[]}}}`)):
		return nil
	case bytes.Contains(body, []byte(`"code":"UNAVAILABLE"`)):
		return errBusy
	}
	return fmt.Errorf("login answered %s", body)
}

// refreshChain is a device that trades each refresh token for the next.
func refreshChain(s session) worker {
	req := request{bytes: post(fmt.Sprintf(refreshBody, s.RefreshToken), "")}
	token := req.bytes[bytes.Index(req.bytes, []byte(s.RefreshToken)):][:len(s.RefreshToken)]
	req.check = func(body []byte) error {
		_, rest, _ := bytes.Cut(body, []byte(`"refreshToken":"`))
		next, _, ok := bytes.Cut(rest, []byte(`"`))
		if !ok || len(next) != len(token) || bytes.Equal(next, token) {
			return fmt.Errorf("refresh answered %s", body)
		}
		copy(token, next)
		return nil
	}
	return worker{func() *request { return &req }}
}
