package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
)

func sessionsCommand(c Commands) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sessions",
		Short: "End sessions of everybody",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(sessionsRevokeCommand(c))
	return cmd
}

func sessionsRevokeCommand(c Commands) *cobra.Command {
	var all bool
	var before string
	cmd := &cobra.Command{
		Use:   "revoke --all [--before TIME]",
		Short: "Log everybody out, at once",
		Long: `Log everybody out, at once, beside a running server: after a leak, or after a backup was restored. With --before only
the sessions that began before a time. Nobody is told by mail. latchkey user revoke-sessions is for one user.`,
		Example: "  latchkey sessions revoke --all\n  latchkey sessions revoke --all --before 2026-11-29T03:00:00Z",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !all {
				return usageError{errors.New("say --all: this logs everybody out")}
			}
			until := time.Now()
			if before != "" {
				var err error
				if until, err = time.Parse(time.RFC3339, before); err != nil {
					return usageError{errors.New("--before is a time such as 2026-11-29T03:00:00Z")}
				}
			}
			return c.withService(cmd, func(ctx context.Context, service *auth.Service) error {
				n, err := service.EndAllSessions(ctx, shell(), until)
				if err != nil {
					return err
				}
				cmd.Printf("%s ended.\n", sessions(n))
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "yes, of everybody")
	cmd.Flags().StringVar(&before, "before", "", "only sessions that began before this time (RFC 3339)")
	return cmd
}

// sessions says how many there are.
func sessions(n int) string {
	if n == 1 {
		return "1 session"
	}
	return fmt.Sprintf("%d sessions", n)
}
