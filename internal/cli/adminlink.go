package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
)

func adminLinkCommand(c Commands) *cobra.Command {
	return &cobra.Command{
		Use:   "admin-link",
		Short: "Print a link by which somebody becomes the first administrator",
		Long: `Print a link to a page where the first administrator chooses an address, a username and a password. It works once,
for 30 minutes, and only while there is no administrator. Whoever has it can be that administrator: give it to
nobody else. It works beside a running server. latchkey user create --admin does the same without a browser.`,
		Example: "  latchkey admin-link",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			service, end, err := c.Service(cmd.Context())
			if err != nil {
				return err
			}
			defer end()
			made, err := service.AdminLink(cmd.Context(), shell())
			if mistakes, ok := errors.AsType[auth.UserErrors](err); ok {
				return errors.New(mistakes[0].Message)
			} else if err != nil {
				return err
			}
			cmd.Println(made.URL)
			return nil
		},
	}
}
