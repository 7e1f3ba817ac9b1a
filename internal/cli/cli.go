// Package cli has the commands of the shell: all that `latchkey COMMAND` can do. Each
// reads its arguments, calls what [Commands] gives it, and prints: cli.go runs them,
// user*.go are about users, transfer.go imports and exports them, mail.go is about the
// outbox, keys*.go about keys, breaches.go about stolen passwords, backup.go about keeping the database, sessions.go about everybody's sessions, adminlink.go about the first administrator, doctor.go about what is wrong.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
	"latchkey/internal/config"
	"latchkey/internal/doctor"
	"latchkey/internal/keyring"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // a command or the configuration is wrong
)

// ErrNoDatabase says that there is no database where a command looked for one.
var ErrNoDatabase = errors.New("no database here")

// Logged is an error that stands in the log, and need not be said again.
type Logged struct{ Err error }

func (e Logged) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e Logged) Unwrap() error { return e.Err }

// Commands is what the commands call. The program gives each as a function, so that only
// the command that is run opens a database or reads a secret.
type Commands struct {
	Version string
	Serve   func(ctx context.Context) error
	Migrate func(ctx context.Context, by auth.Actor) (steps int, err error)
	Service func(ctx context.Context) (_ *auth.Service, end func(), err error) // makes the database if there is none
	Present func(ctx context.Context) (_ *auth.Service, end func(), err error) // makes nothing, and fails then
	Keys    func(ctx context.Context) (_ *keyring.Ring, end func(), err error) // ErrNoDatabase if there is none
	Health  func(ctx context.Context) error
	Config  func() (config.Config, error)
	Doctor  func(ctx context.Context) ([]doctor.Finding, error)
	Backup  func(ctx context.Context, by auth.Actor, file string) (size int64, err error)
	Restore func(ctx context.Context, by auth.Actor, file string, endSessions bool) (Restored, error)
}

// Run runs one command with the streams of the process and returns the exit code: 0 if it
// is done, 1 if it failed, 2 if the command or the configuration is wrong.
func Run(ctx context.Context, args []string, c Commands) int {
	return run(ctx, args, c, os.Stdin, os.Stdout, os.Stderr)
}

// usageError says that a command was used wrongly.
type usageError struct{ error }

func run(ctx context.Context, args []string, c Commands, in io.Reader, out, errOut io.Writer) int {
	root := rootCommand(c)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	ran := false
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := cmd.ValidateRequiredFlags(); err != nil { // cobra itself does so only later
			return err
		}
		ran = true
		return nil
	}
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if _, logged := errors.AsType[Logged](err); !logged {
		_, _ = fmt.Fprintln(errOut, "latchkey: "+err.Error())
	}
	_, usage := errors.AsType[usageError](err)
	if _, mistakes := errors.AsType[config.Mistakes](err); usage || mistakes || !ran {
		return exitUsage
	}
	return exitFailed
}

// rootCommand is latchkey itself, with all that it can do below it.
func rootCommand(c Commands) *cobra.Command {
	root := &cobra.Command{
		Use:           "latchkey",
		Short:         "A self-hosted authentication service with a GraphQL API",
		Long:          "A self-hosted authentication service with a GraphQL API.\n\nWithout a command it serves. It is configured by environment variables and by a file .env\nin the working directory; .env.example explains each.",
		Args:          cobra.NoArgs,
		Version:       c.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return c.Serve(cmd.Context()) },
	}
	root.SetVersionTemplate("{{.Version}}\n") // as the command prints it
	root.AddCommand(migrateCommand(c), userCommand(c), keysCommand(c), versionCommand(c), healthCommand(c))
	root.AddCommand(importCommand(c), exportCommand(c), doctorCommand(c), mailCommand(c), breachesCommand())
	root.AddCommand(backupCommand(c), restoreCommand(c), sessionsCommand(c), adminLinkCommand(c))
	return root
}

// values are what a shell completes a flag of a command with.
func values(cmd *cobra.Command, flag string, all ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(all, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag, or it has values already
	}
}

func migrateCommand(c Commands) *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database up to date and exit",
		Long:  "Bring the database up to date and exit. The server does the same at its start; several may do so at once.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := c.Migrate(cmd.Context(), shell())
			if err != nil {
				return err
			}
			cmd.Printf("%d steps; the database is up to date.\n", n)
			return nil
		},
	}
}

func versionCommand(c Commands) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run:   func(cmd *cobra.Command, _ []string) { cmd.Println(c.Version) },
	}
}

func healthCommand(c Commands) *cobra.Command {
	return &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the server on this machine whether it is ready",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return c.Health(cmd.Context()) },
	}
}

// withService runs f with the rules, on a database that is there and brought up to date.
func (c Commands) withService(cmd *cobra.Command, f func(ctx context.Context, service *auth.Service) error) error {
	service, end, err := c.Present(cmd.Context())
	if err != nil {
		return err
	}
	defer end()
	return f(cmd.Context(), service)
}
