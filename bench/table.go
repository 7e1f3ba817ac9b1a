package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// goal is a bound that a row must keep.
type goal struct {
	sign  string // ≥ or ≤; "" for none
	limit float64
}

func atLeast(v float64) goal { return goal{"≥", v} }
func atMost(v float64) goal  { return goal{"≤", v} }

var none goal

// columns returns the goal and whether v keeps it, as the last two columns.
func (g goal) columns(v float64, unit string) string {
	if g.sign == "" {
		return "| | |"
	}
	kept := "yes"
	if g.sign == "≥" && v < g.limit || g.sign == "≤" && v > g.limit {
		kept = "**no**"
	}
	return fmt.Sprintf("| %s %v%s | %s |", g.sign, g.limit, unit, kept)
}

// table builds Markdown from what was measured.
type table struct {
	strings.Builder
	series
}

// value is a row with a series alone; the goal is in its unit.
func (t *table) value(what, name, unit string, g goal) {
	if len(t.series[name]) == 0 { // its part was not run
		return
	}
	v := t.median(name)
	fmt.Fprintf(t, "| %s | %s | | %s\n", what, number(v, unit), g.columns(v, unit))
}

// against is a row with a series and a ceiling; the goal is for their ratio.
func (t *table) against(what, name, ceiling, unit string, g goal) {
	if len(t.series[name]) == 0 {
		return
	}
	ratio := t.ratio(name, ceiling)
	fmt.Fprintf(t, "| %s | %s | %s | %.2f %s\n", what, number(t.median(name), unit), number(t.median(ceiling), unit), ratio, g.columns(ratio, ""))
}

// thousands shows a large number for people.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// number shows three digits that count.
func number(v float64, unit string) string {
	switch {
	case v == float64(int(v)) || v >= 100:
		return fmt.Sprintf("%.0f%s", v, unit)
	case v >= 10:
		return fmt.Sprintf("%.1f%s", v, unit)
	}
	return fmt.Sprintf("%.2f%s", v, unit)
}

// table returns the results and their conditions.
func (b *bench) table(ctx context.Context, loadBefore string, took time.Duration) (string, error) {
	t := &table{series: b.measured}
	if err := b.conditions(ctx, t, loadBefore, took); err != nil {
		return "", err
	}
	t.WriteString("| | Latchkey | Ceiling | Ratio | Goal | Kept |\n|---|--:|--:|--:|---|---|\n")
	t.value("net/http hello, 32 at once", "hello rate", "/s", none)
	t.value("the hash alone", "hash beside flood", "/s", none)
	t.me("PostgreSQL", "postgresql", map[string]goal{
		"1 p50": atMost(1.1), "32 rate": atLeast(1.7), "128 rate": atLeast(1.9), "32 p99": atMost(0.6), "128 p99": atMost(0.6),
		"32 cpu": atMost(0.5), "128 cpu": atMost(0.5),
	})
	t.me("SQLite", "sqlite", map[string]goal{"32 rate": atLeast(1.3)})

	t.against("login on PostgreSQL, 8 at once", "postgresql login 8 rate", "postgresql hash beside login 8", "/s", atLeast(0.90))
	t.against("login on PostgreSQL, 64 at once", "postgresql login 64 rate", "postgresql hash beside login 64", "/s", atLeast(0.90))
	t.value("… share told to come again", "postgresql login 64 busy", "", none)
	t.against("login on SQLite, 8 at once", "sqlite login 8 rate", "sqlite hash beside login 8", "/s", atLeast(0.90))
	t.against("login on SQLite, 64 at once", "sqlite login 64 rate", "sqlite hash beside login 64", "/s", atLeast(0.90))
	t.against("refresh on PostgreSQL, 16 chains", "postgresql refresh rate", "postgresql bare beside refresh rate", "/s", atLeast(0.3))
	t.against("… p99", "postgresql refresh p99", "postgresql bare beside refresh p99", " ms", atMost(3))
	t.value("refresh on SQLite, 16 chains", "sqlite refresh rate", "/s", atLeast(2000))

	t.value("`me` answered of 200/s while 64 at once log in", "flood me rate", "/s", atLeast(200))
	t.value("… p50", "flood me p50", " ms", atMost(3))
	t.value("… p99", "flood me p99", " ms", atMost(15))
	t.against("… logins meanwhile", "flood login rate", "hash beside flood", "/s", atLeast(0.85))
	t.value("… share told to come again", "flood login busy", "", none)
	t.value("… most memory", "flood memory", " MiB", atMost(130))

	for _, title := range []string{"PostgreSQL", "SQLite"} {
		side := strings.ToLower(title)
		for _, what := range []string{"me", "refresh"} {
			t.against(fmt.Sprintf("`%s` on %s at half of its maximum", what, title), side+" open "+what+" rate", side+" open bare rate", "/s", none)
			t.against("… p50", side+" open "+what+" p50", side+" open bare p50", " ms", none)
			t.against("… p99", side+" open "+what+" p99", side+" open bare p99", " ms", none)
		}
	}
	t.value("mails sent while `me` comes at half of its maximum", "mails rate", "/s", none)
	t.value("… CPU a mail", "mails cpu", " ms", none)
	t.against("… `me` answered, against without mails", "mails many rate", "mails none rate", "/s", atLeast(0.99))
	t.against("… p50", "mails many p50", "mails none p50", " ms", none)
	t.against("… p99", "mails many p99", "mails none p99", " ms", none)
	for _, c := range b.crowds {
		name := fmt.Sprintf("users %d", c.size)
		t.against("50 of "+thousands(c.size)+" users, 8 at once", name+" rate", "bare beside "+name+" rate", "/s", atLeast(0.5))
		t.against("… from the middle, against the first", "deep "+name+" rate", name+" rate", "/s", atLeast(0.9))
	}
	if len(b.crowds) > 0 {
		few, many := b.crowds[0].size, b.crowds[len(b.crowds)-1].size
		for _, what := range grows {
			t.against(fmt.Sprintf("%s with %s users and %s sessions, against %s", what, thousands(many), thousands(3*many), thousands(few)),
				"growth "+what+" many rate", "growth "+what+" few rate", "/s", atLeast(0.9))
			t.against("… CPU", "growth "+what+" many cpu", "growth "+what+" few cpu", " µs", none)
			t.against("… of which PostgreSQL", "growth "+what+" many cpu of PostgreSQL", "growth "+what+" few cpu of PostgreSQL", " µs", none)
		}
	}

	for _, l := range [][2]string{{"`me`, 128 at once", "me 128"}, {"refresh", "refresh"}, {"login, 64 at once", "login 64"}} {
		t.value("memory after "+l[0]+", PostgreSQL + Redis", "postgresql "+l[1]+" memory", " MiB", none)
		t.value("memory after "+l[0]+", SQLite", "sqlite "+l[1]+" memory", " MiB", none)
	}
	t.value("memory when idle, PostgreSQL + Redis", "postgresql idle memory", " MiB", atMost(30))
	t.value("memory when idle, SQLite", "sqlite idle memory", " MiB", atMost(30))
	t.value("… of each process that hashes, before its first", "sqlite idle hashers", " MiB", atMost(12))
	t.value("ready, empty PostgreSQL database", "postgresql start empty", " ms", atMost(600))
	t.value("ready, empty SQLite database", "sqlite start empty", " ms", atMost(100))
	t.value("ready, current schema, PostgreSQL", "postgresql start", " ms", atMost(80))
	t.value("ready, current schema, SQLite", "sqlite start", " ms", atMost(80))
	t.value("stripped binary", "binary", " MB", atMost(40))
	return t.String(), nil
}

// me writes the rows of `me` on one database.
func (t *table) me(title, side string, goals map[string]goal) {
	for _, n := range meConns {
		row := func(what, kind, unit string) {
			product, bare := fmt.Sprintf("%s me %d %s", side, n, kind), fmt.Sprintf("%s bare %d %s", side, n, kind)
			t.against(what, product, bare, unit, goals[fmt.Sprintf("%d %s", n, kind)])
		}
		row(fmt.Sprintf("`me` on %s, %d at once", title, n), "rate", "/s")
		row("… p50", "p50", " ms")
		row("… p99", "p99", " ms")
		row("… CPU", "cpu", " µs")
		if side == "postgresql" {
			row("… of which PostgreSQL", "cpu of PostgreSQL", " µs")
		}
	}
}

// conditions writes what the numbers hang on.
func (b *bench) conditions(ctx context.Context, t *table, loadBefore string, took time.Duration) error {
	var version, fsync string
	err := b.pg.QueryRowContext(ctx, `SELECT current_setting('server_version'), current_setting('fsync')`).Scan(&version, &fsync)
	if err != nil {
		return err
	}
	fmt.Fprintf(t, `# Measured on %s

%d cores (%s), shared by servers, databases and load; %s; PostgreSQL %s, fsync %s.
Argon2id m=%d t=%d p=%d. Medians of %d rounds, loads of %v, %v in all; load average before: %s.
[README.md](README.md) says what the rows mean.

`, time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), cpuModel(), runtime.Version(), version, fsync,
		b.cost.memory, b.cost.time, b.cost.lanes, b.rounds, b.options.round, took.Round(time.Second), loadBefore)
	return nil
}

// loadAverage is how busy this machine was over the last minute: below 0.5 it
// had nothing else to do.
func loadAverage() string {
	b, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(b), " ")
	return first
}

func cpuModel() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
