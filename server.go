// Command latchkey is a self-hosted authentication service with a GraphQL API.
// Without arguments it serves; `latchkey help` lists the rest.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
	"latchkey/internal/buildinfo"
	"latchkey/internal/cli"
	"latchkey/internal/config"
	"latchkey/internal/db"
	"latchkey/internal/hashing"
	"latchkey/internal/keyring"
	"latchkey/internal/password"
	"latchkey/internal/store"
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
	log.Info().Int("hashes_at_once", len(machines)).Int64("memory_mib", debug.SetMemoryLimit(-1)/mib).Msg("uses")
	return a.run(ctx, listener)
}

// lookForServers warns of another server on the same SQLite database: they would go on, and
// each count tries by itself. end forgets this one.
func (a *app) lookForServers() (end func()) {
	if a.cfg.DatabaseURL != "" {
		return func() {}
	}
	alone, end, err := db.Serve(a.cfg.DatabaseFile())
	if err != nil {
		a.log.Warn().Err(err).Msg("whether another server uses this database cannot be told")
		return func() {}
	}
	if !alone {
		a.log.Warn().Msg("another server uses this database: each counts tries by itself")
	}
	return end
}

// hashers returns what a server hashes passwords with, one for each that it hashes at once:
// processes of their own or, where there can be none, this one. end ends them. The collector
// gets what they leave of the memory.
func hashers(log zerolog.Logger) (machines []password.Machine, end func()) {
	n, soft := share(containerLimit(), runtime.GOMAXPROCS(0))
	processes, err := hashing.Start(n, log)
	if err != nil {
		soft += int64(n) * hashMemory
		log.Warn().Err(err).Msg("passwords are hashed in the server's own process: a flood of logins slows everything else")
	}
	tuneCollector(soft)
	if err != nil {
		return password.Here(n), func() {}
	}
	for _, p := range processes {
		machines = append(machines, p)
	}
	return machines, func() {
		for _, p := range processes {
			p.Close()
		}
	}
}

// migrate brings the database up to date for whoever runs the command, and returns how many
// steps it took.
func migrate(ctx context.Context, by auth.Actor) (int, error) {
	cfg, log, err := loadWithSecret()
	if err != nil {
		return 0, err
	}
	a, err := build(cfg, log, time.Now, password.Here(1))
	if err != nil {
		return 0, err
	}
	defer a.close()
	n, err := a.migrate(ctx)
	if err == nil && n > 0 {
		err = noted(ctx, a.db, log, "database migrated", auth.Event(by, store.EventMigrated, n, time.Now()))
	}
	return n, err
}

// noted writes and logs the event of a command that was done to a database as a whole.
func noted(ctx context.Context, d db.DB, log zerolog.Logger, what string, e *store.SecurityEvent) error {
	if err := store.New(d).AddSecurityEvent(ctx, e); err != nil {
		return fmt.Errorf("%s, but its history does not have it: %w", what, err)
	}
	log.Info().EmbedObject(e).Msg(what)
	return nil
}

// service returns the rules for a command of the shell, on a database that is
// up to date, and what ends it.
func service(ctx context.Context) (*auth.Service, func(), error) {
	cfg, log, err := loadWithSecret()
	if err != nil {
		return nil, nil, err
	}
	a, err := build(cfg, log, time.Now, password.Here(1))
	if err != nil {
		return nil, nil, err
	}
	if _, err := a.migrate(ctx); err != nil {
		a.close()
		return nil, nil, err
	}
	a.gate.Open()
	ctx, stop := context.WithCancel(ctx)
	var hashing sync.WaitGroup
	hashing.Go(func() { a.hasher.Run(ctx) })
	return a.service, func() { stop(); hashing.Wait(); a.close() }, nil
}

// present is service for a command that needs what is there: in a folder without a
// database it makes none, and no secret.
func present(ctx context.Context) (*auth.Service, func(), error) {
	if err := hasDatabase(); err != nil {
		return nil, nil, err
	}
	return service(ctx)
}

// hasDatabase returns cli.ErrNoDatabase where opening the database would make one.
func hasDatabase() error {
	cfg, _, err := config.Load(os.Environ(), ".env") // whoever goes on tells the warnings
	if err != nil {
		return err
	}
	if file := cfg.DatabaseFile(); cfg.DatabaseURL == "" {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: there is no %s; run it where the server runs, or set DATABASE_URL or DATA_DIR", cli.ErrNoDatabase, file)
		}
	}
	return nil
}

// ring returns the keys in a database that is there, brought up to date, for a command of
// the shell.
func ring(ctx context.Context) (*keyring.Ring, func(), error) {
	if err := hasDatabase(); err != nil {
		return nil, nil, err
	}
	cfg, log, err := loadWithSecret()
	if err != nil {
		return nil, nil, err
	}
	a, err := build(cfg, log, time.Now, password.Here(1))
	if err != nil {
		return nil, nil, err
	}
	if _, err = a.migrate(ctx); err == nil {
		var keys *keyring.Ring
		if keys, err = openRing(cfg, log, store.New(a.db), time.Now); err == nil {
			return keys, a.close, nil
		}
	}
	a.close()
	return nil, nil, err
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
