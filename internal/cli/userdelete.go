package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

func userDeleteCommand(c Commands) *cobra.Command {
	var yes bool
	var ids string
	cmd := &cobra.Command{
		Use:   "delete USER | --ids FILE",
		Short: "Delete an account for good",
		Long: "Delete an account with its sessions and links, for good, and tell its user by mail.\n" + whoIsUser + "\n" +
			"It asks first; without a terminal it needs --yes. The last administrator cannot be deleted.\n\n" +
			"With --ids it deletes all whose ids stand in a file, or in standard input for -, one a line: those who were deleted\n" +
			"after a backup was made that is restored now. Who is not there is left out. It does not ask.",
		Example: "  latchkey user delete ada\n  latchkey user delete 01a2119f-fef2-73b3-a8bc-7a56e97f1506 --yes\n  latchkey user delete --ids deleted.txt",
		Args: func(cmd *cobra.Command, args []string) error {
			if ids == "" {
				return oneUser(cmd, args)
			}
			if len(args) > 0 {
				return errors.New("name one user, or --ids and a file")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if ids != "" {
				return c.deleteListed(cmd, ids)
			}
			terminal, ok := cmd.InOrStdin().(*os.File)
			if !yes && !(ok && term.IsTerminal(int(terminal.Fd()))) {
				return usageError{errors.New("nobody is there to ask: say --yes")}
			}
			return c.withUser(cmd, args[0], func(service *auth.Service, u *store.User) error {
				if !yes && !agreed(cmd, terminal, fmt.Sprintf("Delete %s (%s) for good? [y/N] ", u.Username, u.Email)) {
					return errors.New("nothing was deleted")
				}
				if err := service.DeleteUser(cmd.Context(), shell(), auth.DeleteUserInput{UserID: u.ID}); err != nil {
					return err
				}
				cmd.Printf("%s is deleted.\n", u.Username)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().StringVar(&ids, "ids", "", "a file with an id in each line; - is standard input")
	return cmd
}

// deleteListed deletes all whose ids a file has. All of it is read first: a line that is no
// id may mean that it is another file.
func (c Commands) deleteListed(cmd *cobra.Command, name string) error {
	file, _, err := open(cmd, name)
	if err != nil {
		return err
	}
	ids, err := readIDs(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return c.withService(cmd, func(ctx context.Context, service *auth.Service) error {
		deleted, absent, left := 0, 0, 0
		for _, id := range ids {
			err := service.DeleteUser(ctx, shell(), auth.DeleteUserInput{UserID: id})
			mistakes, ok := errors.AsType[auth.UserErrors](err)
			switch {
			case err == nil:
				deleted++
			case ok && mistakes[0].Code == auth.NotFound:
				absent++
			case ok:
				left++
				cmd.PrintErrf("%s: %s\n", id, mistakes[0].Message)
			default:
				return fmt.Errorf("%s: %w\n%d were deleted; run the same command again for the rest", id, err, deleted)
			}
		}
		cmd.Printf("%d deleted, %d not there.\n", deleted, absent)
		if left > 0 {
			return fmt.Errorf("%d not deleted", left)
		}
		return nil
	})
}

// readIDs reads ids, one a line; empty lines count as none.
func readIDs(r io.Reader) (ids []string, err error) {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		if _, err := uuid.Parse(line); err != nil || len(line) != 36 {
			return nil, fmt.Errorf("line %d is no id of a user; nothing was deleted", n)
		}
		ids = append(ids, line)
	}
	return ids, lines.Err()
}

// agreed asks a question on the terminal and reports whether the answer is y or yes.
func agreed(cmd *cobra.Command, terminal *os.File, question string) bool {
	cmd.PrintErr(question)
	line, err := bufio.NewReader(terminal).ReadString('\n')
	if err != nil {
		return false
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}
