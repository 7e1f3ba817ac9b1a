package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

func userResetFactorsCommand(c Commands) *cobra.Command {
	return &cobra.Command{
		Use:   "reset-factors USER",
		Short: "Take all that opens an account but its password off it",
		Long: "Take authenticator app, passkeys, recovery codes and trusted devices off an account, log its user out everywhere, and\n" +
			"tell them by mail. Older links of theirs are dead. Where there is no password, another mail has a link that sets one.\n" +
			whoIsUser + " Be sure that it is they who ask: whoever has the password gets in then.",
		Example: "  latchkey user reset-factors ada",
		Args:    oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withUser(cmd, args[0], func(service *auth.Service, u *store.User) error {
				if _, err := service.ResetUserFactors(cmd.Context(), shell(), auth.ResetUserFactorsInput{UserID: u.ID}); err != nil {
					return err
				}
				cmd.Printf("%s has no factors any more.\n", u.Username)
				return nil
			})
		},
	}
}

func userRequireCommand(c Commands) *cobra.Command {
	var newPassword, secondFactor bool
	cmd := &cobra.Command{
		Use:   "require USER [--new-password] [--second-factor]",
		Short: "Have the next login of a user ask for a new password or a second factor",
		Long: "Have the next login of a user ask for a new password, or to add a second factor unless there is one. What is not\n" +
			"named is asked no longer, so --new-password=false alone takes both off. Sessions go on: see user revoke-sessions.\n" + whoIsUser,
		Example: "  latchkey user require ada --new-password --second-factor",
		Args:    oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("new-password") && !cmd.Flags().Changed("second-factor") {
				return usageError{errors.New("say what: --new-password, --second-factor or both")}
			}
			return c.withUser(cmd, args[0], func(service *auth.Service, u *store.User) error {
				in := auth.RequireAtNextLoginInput{UserID: u.ID, NewPassword: newPassword, SecondFactor: secondFactor}
				u, err := service.RequireAtNextLogin(cmd.Context(), shell(), in)
				if err != nil {
					return err
				}
				cmd.Printf("The duties of %s at the next login: %s.\n", u.Username, duties(u))
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&newPassword, "new-password", false, "to set a new password")
	cmd.Flags().BoolVar(&secondFactor, "second-factor", false, "to add a second factor, unless there is one")
	return cmd
}

// duties is what a user has to do at the next login.
func duties(u *store.User) string {
	switch {
	case u.MustChangePassword && u.MustEnrol:
		return "a new password, a second factor"
	case u.MustChangePassword:
		return "a new password"
	case u.MustEnrol:
		return "a second factor"
	}
	return "none"
}
