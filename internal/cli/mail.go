package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
)

func mailCommand(c Commands) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mail",
		Short: "Look after mails that wait or were given up",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return usageError{errors.New("name a command; see latchkey mail --help")}
		},
	}
	cmd.AddCommand(mailListCommand(c), mailRetryCommand(c), mailCancelCommand(c), mailAllowCommand(c))
	return cmd
}

// mailLine is what is shown of a mail of the outbox, as JSON.
type mailLine struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	To        string     `json:"to"` // the key of the address it is about
	State     string     `json:"state"`
	CreatedAt time.Time  `json:"createdAt"`
	Tries     int        `json:"tries"`
	DueAt     *time.Time `json:"dueAt"` // nil once it was given up
	LastError string     `json:"lastError"`
}

func newMailLine(m *auth.QueuedMail) mailLine {
	l := mailLine{
		ID: m.ID, Kind: m.Kind, To: m.To, State: strings.ToLower(string(m.State)), CreatedAt: m.CreatedAt, Tries: m.Tries, DueAt: m.DueAt,
	}
	if m.LastError != nil {
		l.LastError = *m.LastError
	}
	return l
}

// mailPage is how many mails are read at once.
const mailPage = 100

func mailListCommand(c Commands) *cobra.Command {
	var asJSON, failed bool
	cmd := &cobra.Command{
		Use:   "list [--failed] [--json]",
		Short: "List the mails that wait or were given up, oldest first",
		Long: `List the mails that wait or were given up, oldest first: id, kind, recipient, age, tries, when it is due, and why the
last try failed. While the mail server cannot be reached no try is counted.`,
		Example: "  latchkey mail list --failed\n  latchkey mail list --json | jq -r 'select(.tries > 3) | .id'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withService(cmd, func(ctx context.Context, service *auth.Service) error {
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
				size := mailPage
				for n, q := 0, (auth.MailList{First: &size, Failed: failed}); ; {
					page, err := service.Mails(ctx, q)
					if err != nil {
						return err
					}
					for i := range page.Nodes {
						line := newMailLine(&page.Nodes[i])
						if asJSON {
							printJSON(cmd.OutOrStdout(), line)
							continue
						}
						if n == 0 {
							_, _ = fmt.Fprintln(table, "ID\tKIND\tTO\tAGE\tTRIES\tDUE\tLAST ERROR")
						}
						n++
						now := service.Now()
						_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n",
							line.ID, line.Kind, line.To, span(now.Sub(line.CreatedAt)), line.Tries, due(line.DueAt, now), line.LastError)
					}
					if !page.PageInfo.HasNextPage {
						return table.Flush()
					}
					q.After = page.PageInfo.EndCursor
				}
			})
		},
	}
	cmd.Flags().BoolVar(&failed, "failed", false, "only those that were given up")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a mail")
	return cmd
}

// span returns a duration for people: 40s, 12m, 5h, 3d.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

func due(at *time.Time, now time.Time) string {
	switch {
	case at == nil:
		return "given up"
	case at.After(now):
		return "in " + span(at.Sub(now))
	}
	return "now"
}

func mailRetryCommand(c Commands) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "retry ID… | --all",
		Short: "Try mails again at once, also those that were given up",
		Long: `Try mails again at once, also those that were given up. A running server sends them within seconds, if the mail server
answers. One that is older than 24 hours has one try. A mail that is on its way, or that waits because its recipient
had as many as may be, is left alone.`,
		Example: "  latchkey mail retry 0199d3a2-5c7e-7000-8000-000000000000\n  latchkey mail retry --all",
		Args:    idsOr(&all),
		RunE: func(cmd *cobra.Command, ids []string) error {
			return c.withService(cmd, func(ctx context.Context, service *auth.Service) error {
				if all {
					n, err := service.RetryAllMails(ctx, shell())
					if err == nil {
						cmd.Printf("%d due now\n", n)
					}
					return err
				}
				return eachMail(cmd, ids, "is due now", func(id string) error {
					_, err := service.RetryMail(ctx, shell(), auth.RetryMailInput{MailID: id})
					return err
				})
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every mail that waits or was given up")
	return cmd
}

func mailCancelCommand(c Commands) *cobra.Command {
	var all, failed bool
	cmd := &cobra.Command{
		Use:     "cancel ID… | --failed | --all",
		Short:   "Delete mails that wait or were given up",
		Long:    "Delete mails that wait or were given up. One that is on its way at this moment may still arrive.",
		Example: "  latchkey mail cancel 0199d3a2-5c7e-7000-8000-000000000000\n  latchkey mail cancel --failed",
		Args:    func(cmd *cobra.Command, ids []string) error { return idsOr(new(all || failed))(cmd, ids) },
		RunE: func(cmd *cobra.Command, ids []string) error {
			return c.withService(cmd, func(ctx context.Context, service *auth.Service) error {
				if all || failed {
					n, err := service.CancelAllMails(ctx, shell(), auth.CancelAllMailsInput{Failed: !all})
					if err == nil {
						cmd.Printf("%d deleted\n", n)
					}
					return err
				}
				return eachMail(cmd, ids, "is deleted", func(id string) error {
					return service.CancelMail(ctx, shell(), auth.CancelMailInput{MailID: id})
				})
			})
		},
	}
	cmd.Flags().BoolVar(&failed, "failed", false, "every mail that was given up")
	cmd.Flags().BoolVar(&all, "all", false, "every mail, those that wait too")
	return cmd
}

func mailAllowCommand(c Commands) *cobra.Command {
	return &cobra.Command{
		Use:   "allow EMAIL",
		Short: "Write to somebody again who refused mails",
		Long: `Write to somebody again who refused mails by "do not write to me again" and has no such mail any more, which would undo
it too. Be sure that the address is theirs who ask.`,
		Example: "  latchkey mail allow ada@example.org",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withService(cmd, func(ctx context.Context, service *auth.Service) error {
				return eachMail(cmd, args, "gets mails", func(email string) error { return service.AllowMailsTo(ctx, shell(), email) })
			})
		},
	}
}

// idsOr wants ids as arguments or, with the flag all, none.
func idsOr(all *bool) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if *all == (len(args) > 0) {
			return errors.New("name mails by their ids; latchkey mail list shows them")
		}
		return nil
	}
}

// eachMail calls do for each id, or address, and prints how that went. It goes on after a failure; the
// error says of how many mails it failed.
func eachMail(cmd *cobra.Command, ids []string, done string, do func(id string) error) error {
	failed := 0
	for _, id := range ids {
		err := do(id)
		mistakes, ok := errors.AsType[auth.UserErrors](err)
		switch {
		case ok:
			cmd.PrintErrf("%s: %s\n", id, mistakes[0].Message)
			failed++
		case err != nil:
			return err
		default:
			cmd.Printf("%s %s\n", id, done)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d not done", failed, len(ids))
	}
	return nil
}
