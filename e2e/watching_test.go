package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// panel is what a test looks at of a panel of Grafana's.
type panel struct {
	Type, Title, Description string
	FieldConfig              struct{ Defaults struct{ Unit string } }
	Targets                  []struct{ Expr string }
}

// A Prometheus that scrapes two replicas, which people use, has an answer to each question of
// the dashboard; and alerts fire when the database takes no writes, the mail server is away
// and a process is gone. The rules are those of deploy/ with a "for" of a second, so that
// nobody waits for minutes.
func TestWatching(t *testing.T) {
	t.Parallel()
	s, at, smtp := watched(t)
	targets := fmt.Sprintf("[%q, %q]", at[0], at[1])
	config := rewritten(t, deployed(t, "prometheus/prometheus.yml"), `\["10.0.0.11:9464", "10.0.0.12:9464"\]`, targets)
	config = rewritten(t, config, `interval: 15s`, `interval: 250ms`)
	rules := rewritten(t, deployed(t, "prometheus/rules.yml"), `(?m)^( +for:) \w+$`, `$1 1s`)
	prometheus := testenv.NewPrometheus(t, config, map[string]string{"rules.yml": rules})

	testenv.Await(t, recoverWithin, "both replicas to be scraped, and no alert", func() bool {
		return len(prometheus.Query(t, "up == 1")) == 2 && len(prometheus.Firing(t)) == 0
	})

	ctx, stop := context.WithCancel(t.Context())
	var people sync.WaitGroup
	people.Go(func() { use(ctx, t, s) })
	defer people.Wait()
	defer stop()
	var dashboard struct{ Panels []panel }
	if err := json.Unmarshal([]byte(deployed(t, "grafana/latchkey.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, p := range dashboard.Panels {
		if p.Type == "row" {
			continue
		}
		if p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
			t.Errorf("the panel %s lacks a description, a unit or a query", p.Title)
		}
		for _, q := range p.Targets {
			expr := strings.NewReplacer("$__rate_interval", "1m", "$job", "latchkey", "$instance", ".*").Replace(q.Expr)
			asked++
			testenv.Await(t, recoverWithin, "data of the panel "+p.Title+": "+expr, func() bool {
				return slices.ContainsFunc(prometheus.Query(t, expr), func(v testenv.Sample) bool { return v.Value != "NaN" })
			})
		}
	}
	if asked < 20 {
		t.Errorf("only %d queries were found", asked)
	}
	stop()
	people.Wait()

	smtp.Refuse()
	mustSay(t, testenv.Post(t, s.URL(), registerRequest(testenv.Newcomer())), "register")
	if _, err := s.DB(t).Exec(t.Context(), `UPDATE outbox SET created_at = $1`, time.Now().Add(-11*time.Minute)); err != nil { // the clock of the test
		t.Fatal(err)
	}
	u, err := url.Parse(s.Setting("DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	base, do := strings.TrimPrefix(u.Path, "/"), byAnotherDatabase(t)
	newConnections := `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '` + base + `'`
	do(`ALTER DATABASE ` + base + ` SET default_transaction_read_only = on`)
	do(newConnections)
	s.Replicas[1].Kill()
	three := []string{"LatchkeyMailLate", "LatchkeyNotWriting", "LatchkeyDown"}
	for _, name := range three {
		testenv.Await(t, recoverWithin, name+" to fire", func() bool { return slices.Contains(prometheus.Firing(t), name) })
	}

	smtp.Pass(t)
	do(`ALTER DATABASE ` + base + ` RESET default_transaction_read_only`)
	do(newConnections)
	s.Restart(t, 1)
	for _, name := range three {
		testenv.Await(t, mailWithin, name+" to end", func() bool { return !slices.Contains(prometheus.Firing(t), name) })
	}
}

// rewritten is a text with all that matches replaced, of which there is some.
func rewritten(t *testing.T, text, what, by string) string {
	t.Helper()
	pattern := regexp.MustCompile(what)
	if !pattern.MatchString(text) {
		t.Fatalf("no %s in\n%s", what, text)
	}
	return pattern.ReplaceAllString(text, by)
}

// use is people who do this and that until ctx ends.
func use(ctx context.Context, t *testing.T, s *testenv.Stack) {
	ada := testenv.Newcomer()
	for n := 0; ctx.Err() == nil; n++ {
		requests := []testenv.Request{
			{Query: testenv.MeOp}, {Query: `{ nothing }`}, {Query: `{ users { nodes { id } } }`},
			loginRequest(ada.Username, ada.Password, testenv.ClientAddress()), refreshRequest("lkr_x"),
			asking("changePassword", "", "", "currentPassword", "x", "newPassword", "y"),
		}
		if n%10 == 0 {
			p := testenv.Newcomer()
			requests = append(requests, registerRequest(p), asking("requestPasswordReset", "", p.Client, "email", p.Email))
		}
		for _, r := range requests {
			if _, err := testenv.TryPost(s.URL(), r); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
		res, err := http.PostForm(s.URL()+"/auth/token", url.Values{"grant_type": {"password"}, "username": {ada.Username}, "password": {"x"}})
		if err != nil {
			t.Error(err)
			return
		}
		_ = res.Body.Close()
	}
}
