package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"latchkey/internal/auth"
	"latchkey/internal/names"
	"latchkey/internal/store"
)

func userCommand(c Commands) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Look after users",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError{errors.New("name a command; see latchkey user --help")}
		},
	}
	cmd.AddCommand(userCreateCommand(c), userListCommand(c), userShowCommand(c), userSetRoleCommand(c), userDisableCommand(c),
		userEnableCommand(c), userDeleteCommand(c), userExportCommand(c), userRevokeSessionsCommand(c), userResetPasswordCommand(c), userResetFactorsCommand(c), userRequireCommand(c))
	return cmd
}

func userCreateCommand(c Commands) *cobra.Command {
	var (
		email, username string
		admin, asJSON   bool
		change, enrol   bool
	)
	cmd := &cobra.Command{
		Use:   "create --email ADDRESS --username NAME [--admin] [--require-password-change] [--require-enrolment]",
		Short: "Make an account whose address counts as confirmed",
		Long: "Make an account whose address counts as confirmed. Its password is asked for, or read from the first line of\n" +
			"standard input. It works beside a running server. Prints the new user's id, or with --json all of them.",
		Example: "  latchkey user create --email ada@example.org --username ada --admin",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in := auth.CreateUserInput{Email: email, Username: username, Role: store.RoleUser, MustChangePassword: change, MustEnrol: enrol}
			if admin {
				in.Role = store.RoleAdmin
			}
			password, err := readPassword(cmd)
			if err != nil {
				return err
			}
			in.Password = &password
			service, end, err := c.Service(cmd.Context())
			if err != nil {
				return err
			}
			defer end()
			user, err := service.CreateUser(cmd.Context(), shell(), in)
			if mistakes, ok := errors.AsType[auth.UserErrors](err); ok {
				return explain(mistakes)
			} else if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(describe(user, service.Now()))
			}
			cmd.Println(user.ID)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&email, "email", "", "the address, confirmed by you")
	flags.StringVar(&username, "username", "", fmt.Sprintf(
		"%d to %d of letters, digits, dot, underscore and hyphen", names.MinUsername, names.MaxUsername))
	flags.BoolVar(&admin, "admin", false, "may look after other users")
	flags.BoolVar(&change, "require-password-change", false, "the first login asks for another password")
	flags.BoolVar(&enrol, "require-enrolment", false, "the first login asks to add a second factor")
	flags.BoolVar(&asJSON, "json", false, "print the user as JSON")
	cmd.MarkFlagsRequiredTogether("email", "username")
	for _, name := range []string{"email", "username"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag of that name is declared above
		}
	}
	return cmd
}

// explain returns mistakes as an error in words for a terminal.
func explain(mistakes auth.UserErrors) error {
	lines := make([]string, len(mistakes))
	for i, e := range mistakes {
		lines[i] = e.Message
		if len(e.Field) > 0 {
			lines[i] = e.Field[len(e.Field)-1] + ": " + e.Message
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}

// readPassword asks twice for a password if a person types it. If not, it takes the first
// line of standard input.
func readPassword(cmd *cobra.Command) (string, error) {
	if file, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		first, err := ask(cmd, file, "Password: ")
		if err != nil {
			return "", err
		}
		second, err := ask(cmd, file, "The same again: ")
		if err != nil {
			return "", err
		}
		if first != second {
			return "", errors.New("the two were not the same")
		}
		return first, nil
	}
	line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 1<<16)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), nil
}

func ask(cmd *cobra.Command, terminal *os.File, prompt string) (string, error) {
	cmd.PrintErr(prompt)
	typed, err := term.ReadPassword(int(terminal.Fd()))
	cmd.PrintErrln()
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(typed), nil
}
