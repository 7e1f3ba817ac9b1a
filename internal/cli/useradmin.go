package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

func userSetRoleCommand(c Commands) *cobra.Command {
	return &cobra.Command{
		Use:   "set-role USER ROLE",
		Short: "Make a user an administrator, or take that away",
		Long: "Give a user the role ADMIN or USER, which counts on their next request.\n" + whoIsUser + "\n" +
			"The last administrator stays one.",
		Example: "  latchkey user set-role ada ADMIN\n  latchkey user set-role ada@example.org USER",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) != 1 { // who the users are is not looked up
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return []cobra.Completion{string(store.RoleUser), string(store.RoleAdmin)}, cobra.ShellCompDirectiveNoFileComp
		},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return errors.New("name one user and a role")
			}
			_, err := parseRole(args[1])
			return err
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			role, err := parseRole(args[1])
			if err != nil {
				return err
			}
			return c.withUser(cmd, args[0], func(service *auth.Service, u *store.User) error {
				if u, err = service.SetUserRole(cmd.Context(), shell(), auth.SetUserRoleInput{UserID: u.ID, Role: role}); err != nil {
					return err
				}
				cmd.Printf("%s has the role %s.\n", u.Username, u.Role)
				return nil
			})
		},
	}
}

func userDisableCommand(c Commands) *cobra.Command {
	return &cobra.Command{
		Use:   "disable USER",
		Short: "Log a user out everywhere and keep them out",
		Long: "Log a user out everywhere and keep them from logging in. Older links of theirs are dead, and they are told by mail.\n" +
			whoIsUser + " The last administrator cannot be disabled.",
		Example: "  latchkey user disable ada",
		Args:    oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withUser(cmd, args[0], func(service *auth.Service, u *store.User) error {
				if _, err := service.DisableUser(cmd.Context(), shell(), auth.DisableUserInput{UserID: u.ID}); err != nil {
					return err
				}
				cmd.Printf("%s is disabled.\n", u.Username)
				return nil
			})
		},
	}
}

func userEnableCommand(c Commands) *cobra.Command {
	return &cobra.Command{
		Use:     "enable USER",
		Short:   "Let a disabled user log in again",
		Long:    "Let a disabled user log in again, with the password that they had.\n" + whoIsUser,
		Example: "  latchkey user enable ada",
		Args:    oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withUser(cmd, args[0], func(service *auth.Service, u *store.User) error {
				if _, err := service.EnableUser(cmd.Context(), shell(), auth.EnableUserInput{UserID: u.ID}); err != nil {
					return err
				}
				cmd.Printf("%s is enabled.\n", u.Username)
				return nil
			})
		},
	}
}

func userRevokeSessionsCommand(c Commands) *cobra.Command {
	return &cobra.Command{
		Use:     "revoke-sessions USER",
		Short:   "Log a user out everywhere",
		Long:    "Log a user out everywhere, at once.\n" + whoIsUser,
		Example: "  latchkey user revoke-sessions ada",
		Args:    oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withUser(cmd, args[0], func(service *auth.Service, u *store.User) error {
				n, _, err := service.RevokeUserSessions(cmd.Context(), shell(), auth.RevokeUserSessionsInput{UserID: u.ID})
				if err != nil {
					return err
				}
				if n == 1 {
					cmd.Printf("1 session of %s was ended.\n", u.Username)
				} else {
					cmd.Printf("%d sessions of %s were ended.\n", n, u.Username)
				}
				return nil
			})
		},
	}
}

func userResetPasswordCommand(c Commands) *cobra.Command {
	var printLink bool
	cmd := &cobra.Command{
		Use:   "reset-password USER",
		Short: "Mail a user a link that sets a new password",
		Long: "Mail a user a link that sets a new password. Until it is used the old one stays good.\n" + whoIsUser + "\n" +
			"With --print-link it is printed instead of mailed: whoever has it can take the account over.\n" +
			"A disabled user cannot get one.",
		Example: "  latchkey user reset-password ada\n  latchkey user reset-password ada --print-link",
		Args:    oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withUser(cmd, args[0], func(service *auth.Service, u *store.User) error {
				if !printLink {
					if _, err := service.SendPasswordReset(cmd.Context(), shell(), auth.SendPasswordResetInput{UserID: u.ID}); err != nil {
						return err
					}
					cmd.Printf("A link goes to %s by mail.\n", u.Username)
					return nil
				}
				link, err := service.PasswordResetLink(cmd.Context(), shell(), auth.SendPasswordResetInput{UserID: u.ID})
				if err != nil {
					return err
				}
				cmd.Println(link.URL)
				cmd.PrintErrf("It works once, until %s.\n", stamp(link.ExpiresAt))
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&printLink, "print-link", false, "print the link instead of mailing it")
	return cmd
}
