package e2e_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// deployed is the text of a file of deploy/.
func deployed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../deploy/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// alerts are the names of all alerts, in their order.
func alerts(t *testing.T) (names []string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllStringSubmatch(deployed(t, "prometheus/rules.yml"), -1) {
		names = append(names, m[1])
	}
	if len(names) < 10 {
		t.Fatalf("only %v were found", names)
	}
	return names
}

// Prometheus reads the rules and the example, each alert fires in one case of its test and
// stays quiet in another, and has a runbook.
func TestRules(t *testing.T) {
	t.Parallel()
	const dir = "../deploy/prometheus"
	for _, args := range [][]string{{"check", "rules", "rules.yml"}, {"check", "config", "prometheus.yml"}, {"test", "rules", "rules.test.yml", "rules.days.test.yml"}} {
		if said, ok := testenv.Promtool(t, dir, "", args...); !ok {
			t.Errorf("promtool %s:\n%s", strings.Join(args, " "), said)
		}
	}
	cases := deployed(t, "prometheus/rules.test.yml") + deployed(t, "prometheus/rules.days.test.yml")
	rules, book := deployed(t, "prometheus/rules.yml"), deployed(t, "../docs/watching.md")
	for _, name := range alerts(t) {
		fires := strings.Count(cases, "alertname: "+name+"\n")
		quiet := strings.Count(cases, "alertname: "+name+"}\n")
		if fires == 0 || quiet == 0 {
			t.Errorf("%s fires in %d cases and is quiet in %d", name, fires, quiet)
		}
		if !strings.Contains(rules, "runbook_url: docs/watching.md#"+strings.ToLower(name)+"\n") {
			t.Errorf("%s does not lead to its runbook", name)
		}
		_, runbook, there := strings.Cut(book, "\n### "+name+"\n")
		runbook, _, _ = strings.Cut(runbook, "\n#")
		if !there || !strings.Contains(runbook, "\n**Look:** ") || !strings.Contains(runbook, "\n**Do:** ") {
			t.Errorf("docs/watching.md does not say of %s what it means, where to look and what to do", name)
		}
	}
	if n := strings.Count(rules, "runbook_url:"); n != len(alerts(t)) {
		t.Errorf("%d runbooks for %d alerts", n, len(alerts(t)))
	}
	for _, m := range regexp.MustCompile(`(?m)^### (Latchkey\w+)$`).FindAllStringSubmatch(book, -1) {
		if !slices.Contains(alerts(t), m[1]) {
			t.Errorf("docs/watching.md has a heading %s, which is no alert", m[1])
		}
	}
}
