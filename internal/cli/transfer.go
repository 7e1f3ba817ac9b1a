package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"latchkey/internal/auth"
)

func importCommand(c Commands) *cobra.Command {
	var in auth.Import
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "import FILE [--dry-run] [--json]",
		Short: "Make users from a file",
		Long: `Make users from a file, or from standard input if FILE is -. It has one JSON object a line:

  {"id":"0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f07","email":"ada@example.org","username":"ada","passwordHash":"$2b$12$…","role":"USER","createdAt":"2024-05-17T08:30:00Z"}

The id is a UUID that is kept; without one the user has a new one, and without a username one is made.
Addresses count as confirmed. passwordHash is an Argon2id, bcrypt, scrypt or PBKDF2 hash (docs/transfer.md has the
spellings), which the next login replaces; without one the user needs a password reset first. role is USER unless it
says ADMIN, createdAt now, and a disabledAt disables. mustChangePassword and mustEnrol are duties of the next login; totp,
passkeys, recoveryCodes and requireSecondFactor are second factors, as latchkey export --factors prints them.

A bad line is named and the rest goes on; then the exit code is 1. Users who are there already, with the same address
and username, are left alone: the same file can be imported again. It works beside a running server.`,
		Example: `  latchkey import users.jsonl --dry-run
  zcat users.jsonl.gz | latchkey import - --json`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			file, size, err := open(cmd, args[0])
			if err != nil {
				return err
			}
			defer func() { _ = file.Close() }()
			begin := c.Service
			if in.DryRun {
				begin = c.Present
			}
			service, end, err := begin(cmd.Context())
			if err != nil {
				return err
			}
			defer end()
			bar := newBar(cmd, "import", size)
			in.Bad = func(line int, problems []string) {
				if asJSON {
					printJSON(cmd.OutOrStdout(), badLine{line, problems})
					return
				}
				bar.clear()
				cmd.PrintErrf("line %d: %s\n", line, strings.Join(problems, "; "))
			}
			err = service.ImportUsers(cmd.Context(), shell(), io.TeeReader(file, bar), &in)
			bar.clear()
			return summarize(cmd, &in, asJSON, err)
		},
	}
	cmd.Flags().BoolVar(&in.DryRun, "dry-run", false, "check everything, write nothing")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print each bad line and the summary as one JSON object a line")
	return cmd
}

type badLine struct {
	Line     int      `json:"line"`
	Problems []string `json:"problems"`
}

func oneFile(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return errors.New("name one file, or - for standard input")
	}
	return nil
}

// open opens the file that is to be read, and returns its size, or -1 if that is not
// known.
func open(cmd *cobra.Command, name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return io.NopCloser(cmd.InOrStdin()), -1, nil
	}
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, usageError{fmt.Errorf("there is no file %s", name)}
	} else if err != nil {
		return nil, 0, err
	}
	size := int64(-1)
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	return file, size, nil
}

// bar shows on a terminal how much of a file was read.
type bar struct{ *progressbar.ProgressBar } // nil where nothing is shown

func newBar(cmd *cobra.Command, what string, size int64) bar {
	errOut, ok := cmd.ErrOrStderr().(*os.File)
	if !ok || !term.IsTerminal(int(errOut.Fd())) || size <= 0 {
		return bar{}
	}
	return bar{progressbar.NewOptions64(size, progressbar.OptionSetWriter(errOut), progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetDescription(what))}
}

// Write counts what was read.
func (b bar) Write(p []byte) (int, error) {
	if b.ProgressBar != nil {
		_ = b.Add(len(p)) // a bar that cannot be drawn stops no import
	}
	return len(p), nil
}

// clear makes room for a line of text.
func (b bar) clear() {
	if b.ProgressBar != nil {
		_ = b.Clear()
	}
}

// summarize prints what an import did, also one that broke off.
func summarize(cmd *cobra.Command, in *auth.Import, asJSON bool, err error) error {
	if asJSON {
		printJSON(cmd.OutOrStdout(), in)
	} else {
		done := "imported"
		if in.DryRun {
			done = "would be imported"
		}
		cmd.Printf("%d lines: %d %s, %d present already, %d bad\n", in.Lines, in.Imported, done, in.Present, in.BadLines)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w\nWhat was imported stays; run the same command again for the rest", err)
	case in.BadLines == 1:
		return errors.New("a line is bad")
	case in.BadLines > 0:
		return fmt.Errorf("%d lines are bad", in.BadLines)
	}
	return nil
}

func exportCommand(c Commands) *cobra.Command {
	var factors bool
	cmd := &cobra.Command{
		Use:   "export [--factors]",
		Short: "Print all users, with the hashes of their passwords",
		Long: `Print all users to standard output, one JSON object a line in the order of their creation, as import reads them.

The lines hold the hashes of passwords: whoever reads them can guess at each, offline and as fast as they like. Keep the
file to yourself, and no longer than needed. Sessions and mails are not part of it.

With --factors they have authenticator apps, passkeys and recovery codes, too, without which the users would have to add
them anew. The secret of an app stands there in the clear: who reads it makes the same codes as the phone.`,
		Example: "  (umask 077; latchkey export > users.jsonl)\n  latchkey export --factors | ssh other latchkey import -",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			service, end, err := c.Present(cmd.Context())
			if err != nil {
				return err
			}
			defer end()
			_, err = service.ExportUsers(cmd.Context(), shell(), cmd.OutOrStdout(), factors)
			return err
		},
	}
	cmd.Flags().BoolVar(&factors, "factors", false, "with second factors, the secrets of apps in the clear")
	return cmd
}

// printJSON prints v as one line.
func printJSON(w io.Writer, v any) {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	_ = out.Encode(v) // to whoever still reads
}
