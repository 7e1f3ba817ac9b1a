// Command bench measures Latchkey against ceilings that it builds itself, in
// the same run and in turns, and prints a Markdown table. README.md says how to
// run it and what the rows mean. It needs Linux.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The main thread starts all servers: see start.
func init() { runtime.LockOSThread() }

// options are the command line's.
type options struct {
	root     string        // of the product's repository
	rounds   int           // how often all is measured
	round    time.Duration // how long each load lasts
	settle   time.Duration // how long a server does nothing before its idle memory is read
	sessions int           // devices that ask `me`
	users    int           // in the largest crowd
	out      string        // file that keeps the table, or ""
	database string        // postgres:// URL of a superuser
	redis    string        // redis:// URL
	only     []string      // names of parts to be run; none for all
}

func main() {
	if kind := os.Getenv("BENCH_SERVE"); kind != "" {
		fail(serve(kind, os.Getenv("BENCH_DATABASE")))
	}
	o := options{database: os.Getenv("TEST_POSTGRES"), redis: os.Getenv("TEST_REDIS"), settle: 3 * time.Second, sessions: 128}
	flag.StringVar(&o.root, "root", "..", "the repository of the product")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each load is run; the table shows medians")
	flag.DurationVar(&o.round, "round", 3*time.Second, "how long each load is run")
	flag.StringVar(&o.out, "o", "RESULTS.md", "the file that keeps the table")
	flag.IntVar(&o.users, "users", 1_000_000, "how many users there are where there are most, 100,000 at least; with three sessions each")
	quick := flag.Bool("quick", false, "one short round that shows no more than that all works; keeps no table")
	only := flag.String("only", "", "names of the parts to run, such as me,login; keeps no table")
	flag.Parse()
	if *only != "" {
		o.only, o.out = strings.Split(*only, ","), ""
		for _, name := range o.only {
			if !slices.ContainsFunc(parts, func(p part) bool { return p.name == name }) {
				fail(fmt.Errorf("no part %q", name))
			}
		}
	}
	if *quick {
		o.rounds, o.round, o.settle, o.sessions, o.users, o.out = 1, 300*time.Millisecond, 0, 8, 100_000, ""
	}
	if o.users < 100_000 {
		fail(fmt.Errorf("-users %d: fewer than 100,000", o.users))
	}
	if o.database == "" || o.redis == "" {
		fail(fmt.Errorf("TEST_POSTGRES and TEST_REDIS are not set: run ./test with bench/run"))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx, o); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }
