// Command latchkey is a self-hosted authentication service with a GraphQL API.
// Without arguments it serves; `latchkey help` lists the rest.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/buildinfo"
	"latchkey/internal/cli"
	"latchkey/internal/config"
	"latchkey/internal/hashing"
	"latchkey/internal/metrics"
	"latchkey/internal/password"
)

// What the build may set: -ldflags "-X main.version=1.2.3 -X main.revision=84449a9…". Built in
// a checkout the program knows its revision by itself.
var (
	version  = "dev"
	revision string
)

// built says what the program was built of.
func built() buildinfo.Info { return buildinfo.Read(version, revision) }

func main() {
	if len(os.Args) == 2 && os.Args[1] == hashing.Command {
		if err := hashing.Serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "latchkey:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(cli.Run(untilSignal(), os.Args[1:], cli.Commands{
		Version: built().String(),
		Serve:   serve,
		Migrate: migrate,
		Service: service,
		Present: present,
		Keys:    ring,
		Health:  healthcheck,
		Config:  settings,
		Doctor:  examine,
		Backup:  backup,
		Restore: restore,
	}))
}

// untilSignal returns a context that ends with the first SIGINT or SIGTERM, or with
// SIGHUP, as of a terminal that is closed, unless nohup has that ignored. From
// then on Ctrl-C ends the process at once, as whoever presses it twice means;
// another SIGTERM does not, since some supervisors send several.
func untilSignal() context.Context {
	ctx, end := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		<-signals
		signal.Reset(os.Interrupt)
		end()
	}()
	return ctx
}

// serve runs the service until ctx ends. Why it could not goes into the log, if that is for
// programs to read.
func serve(ctx context.Context) error {
	pauseCollector()
	if !strings.Contains(os.Getenv("GODEBUG"), "memprofilerate=") {
		metrics.SampleNoMemory()
	}
	cfg, log, err := loadWithSecret()
	if err == nil {
		err = serveWith(ctx, cfg, log)
	}
	// Mistakes in the configuration are for whoever starts it by hand.
	if _, mistakes := errors.AsType[config.Mistakes](err); err != nil && !mistakes && cfg.LogFormat == "json" {
		log.WithLevel(zerolog.FatalLevel).Err(err).Msg("the server ends")
		return cli.Logged{Err: err}
	}
	return err
}

func serveWith(ctx context.Context, cfg config.Config, log zerolog.Logger) error {
	listener, err := net.Listen("tcp", cfg.ListenAddr())
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("%s is in use: another server runs there; PORT takes another", cfg.ListenAddr())
		}
		return err
	}
	machines, end := hashers(log)
	defer end()
	a, err := build(cfg, log, time.Now, machines)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer a.close()
	defer a.lookForServers()()
	resumeCollector()
	log.Info().Int("hashes_at_once", len(machines)).Int64("memory_mib", debug.SetMemoryLimit(-1)/mib).Msg("uses")
	return a.run(ctx, listener)
}

// hashers returns what a server hashes passwords with, one for each that it hashes at once:
// processes of their own or, where there can be none, this one. end ends them. The collector
// gets what they leave of the memory.
func hashers(log zerolog.Logger) (machines []password.Machine, end func()) {
	n, soft := share(containerLimit(), runtime.GOMAXPROCS(0))
	processes, err := hashing.Start(n, log)
	if err != nil {
		log.Warn().Err(err).Msg("passwords are hashed in the server's own process: a flood of logins slows everything else")
		limitCollector(soft + int64(n)*hashMemory)
		return password.Here(n), func() {}
	}
	limitCollector(soft)
	for _, p := range processes {
		machines = append(machines, p)
	}
	return machines, func() {
		for _, p := range processes {
			p.Close()
		}
	}
}

// healthcheck asks the server on this machine whether it is ready.
func healthcheck(ctx context.Context) error {
	cfg, _, err := load()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	host := cfg.Host
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	url := fmt.Sprintf("http://%s/readyz", net.JoinHostPort(host, fmt.Sprint(cfg.Port)))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", res.Status)
	}
	return nil
}
