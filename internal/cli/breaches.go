package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"latchkey/internal/breach"
)

func breachesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "breaches",
		Short: "Make a list of stolen passwords",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError{errors.New("name a command; see latchkey breaches --help")}
		},
	}
	cmd.AddCommand(breachesBuildCommand())
	return cmd
}

func breachesBuildCommand() *cobra.Command {
	var (
		minCount uint64
		out      string
	)
	cmd := &cobra.Command{
		Use:   "build DUMP [--min-count N] [-o FILE]",
		Short: "Make a list of stolen passwords for BREACHED_PASSWORDS",
		Long: `Make a list of stolen passwords for BREACHED_PASSWORDS from the dump of Pwned Passwords, or from standard input if
DUMP is -. The dump has a line for each password, its SHA-1, a colon and how often it was seen, in the order of the
hashes, as the downloader of Pwned Passwords writes it:

  000000005AD76BD555C1D6D771DE417A4B87E4B4:10

A line that is otherwise, or not in order, is named and ends the command. The list takes six bytes for each password.
With -o it replaces FILE once it is whole, which a running server does not mind; without, it goes to standard output.`,
		Example: `  latchkey breaches build pwned.txt --min-count 10 > breaches.lkb
  zcat pwned.txt.gz | latchkey breaches build - -o breaches.lkb`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if file, ok := cmd.OutOrStdout().(*os.File); ok && out == "" && term.IsTerminal(int(file.Fd())) {
				return usageError{errors.New("a list is nothing to read: name a file by -o, or redirect the output")}
			}
			dump, size, err := open(cmd, args[0])
			if err != nil {
				return err
			}
			defer func() { _ = dump.Close() }()
			bar := newBar(cmd, "read", size)
			from := untilDone{cmd.Context(), io.TeeReader(dump, bar)}
			var built breach.Built
			build := func(to io.Writer) (err error) {
				built, err = breach.Build(to, from, minCount)
				bar.clear()
				return err
			}
			if out == "" {
				err = build(cmd.OutOrStdout())
			} else {
				err = replace(out, build)
			}
			if err != nil {
				return err
			}
			cmd.PrintErrf("%d lines: %d passwords in the list\n", built.Lines, built.Kept)
			return nil
		},
	}
	cmd.Flags().Uint64Var(&minCount, "min-count", 1, "leave out passwords that were seen less often")
	cmd.Flags().StringVarP(&out, "out", "o", "", "the file to write, instead of standard output")
	return cmd
}

// untilDone reads until ctx ends.
type untilDone struct {
	ctx  context.Context
	from io.Reader
}

func (r untilDone) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(p)
}

// replace has write write a file, which takes the place of the one at path once it is whole
// and on the disk. Anybody may read it.
func replace(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("%s was not written: %w", path, err)
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("%s was not written: %w", path, err)
	}
	return nil
}
