package cli

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
	"latchkey/internal/store"
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
	cmd.AddCommand(mailListCommand(c), mailRetryCommand(c), mailCancelCommand(c))
	return cmd
}

// mailLine is what is shown of a row of the outbox: never a link, there is none
// in it.
type mailLine struct {
	ID        string         `json:"id"`
	Kind      store.MailKind `json:"kind"`
	To        string         `json:"to"` // the key of the address it is about
	State     string         `json:"state"`
	CreatedAt time.Time      `json:"createdAt"`
	Tries     int            `json:"tries"`
	DueAt     *time.Time     `json:"dueAt"` // nil once it was given up
	LastError string         `json:"lastError"`
}

func newMailLine(m *store.Mail) mailLine {
	l := mailLine{ID: m.ID, Kind: m.Kind, To: m.RecipientKey, State: "waiting", CreatedAt: m.CreatedAt, Tries: m.Attempts, LastError: m.LastError}
	if m.FailedAt != nil {
		l.State = "failed"
	} else {
		l.DueAt = &m.DueAt
	}
	return l
}

const mailPage = 500

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
			return withService(cmd, c, func(ctx context.Context, service *auth.Service) error {
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
				var last store.Mail
				for n := 0; ; {
					page, err := service.Store.ListMail(ctx, failed, last.CreatedAt, last.ID, mailPage)
					if err != nil {
						return err
					}
					for i := range page {
						last = page[i]
						line := newMailLine(&last)
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
					if len(page) < mailPage {
						return table.Flush()
					}
				}
			})
		},
	}
	cmd.Flags().BoolVar(&failed, "failed", false, "only those that were given up")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a mail")
	return cmd
}

// span is a time for people: 40s, 12m, 5h, 3d.
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
			return withService(cmd, c, func(ctx context.Context, service *auth.Service) error {
				now := service.Now().UTC().Truncate(time.Microsecond)
				if all {
					n, err := service.Store.ResumeAllMail(ctx, now)
					if err == nil {
						cmd.Printf("%d due now\n", n)
					}
					return err
				}
				return eachMail(cmd, ids, "is due now", "there is no such mail, or it is on its way, or its recipient had as many as may be", func(id string) error {
					return service.Store.ResumeMail(ctx, id, now)
				})
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every mail that waits or was given up")
	return cmd
}

func mailCancelCommand(c Commands) *cobra.Command {
	return &cobra.Command{
		Use:     "cancel ID…",
		Short:   "Delete mails that wait or were given up",
		Long:    "Delete mails that wait or were given up. One that is on its way at this moment may still arrive.",
		Example: "  latchkey mail cancel 0199d3a2-5c7e-7000-8000-000000000000",
		Args:    idsOr(new(bool)),
		RunE: func(cmd *cobra.Command, ids []string) error {
			return withService(cmd, c, func(ctx context.Context, service *auth.Service) error {
				return eachMail(cmd, ids, "is deleted", "there is no such mail", func(id string) error {
					return service.Store.DeleteMail(ctx, id)
				})
			})
		},
	}
}

// idsOr takes ids or, with the flag all, none.
func idsOr(all *bool) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if *all == (len(args) > 0) {
			return errors.New("name mails by their ids; latchkey mail list shows them")
		}
		return nil
	}
}

// eachMail does something to each mail and says how it went. The error tells of
// those that there are not, when all others are done.
func eachMail(cmd *cobra.Command, ids []string, done, missing string, do func(id string) error) error {
	failed := 0
	for _, id := range ids {
		switch err := do(id); {
		case err == nil:
			cmd.Printf("%s %s\n", id, done)
		case errors.Is(err, store.ErrNotFound):
			cmd.PrintErrf("%s: %s\n", id, missing)
			failed++
		default:
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d not done", failed, len(ids))
	}
	return nil
}

// withService runs f with the rules on a database that is up to date.
func withService(cmd *cobra.Command, c Commands, f func(context.Context, *auth.Service) error) error {
	service, end, err := c.Service(cmd.Context())
	if err != nil {
		return err
	}
	defer end()
	return f(cmd.Context(), service)
}
