package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// userPage is how many users are read at once.
const userPage = 100

func userListCommand(c Commands) *cobra.Command {
	var (
		search, role     string
		disabled, asJSON bool
		secondFactor     bool
		contains         bool
		limit            int
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List users, the newest first",
		Long: "List users, the newest first. The filters can be combined; --disabled=false leaves those who are not disabled,\n" +
			"and --second-factor=false those whom a login by password asks for no second factor. With --json each line is an object.",
		Example: "  latchkey user list --search @example.org --contains\n" +
			"  latchkey user list --role ADMIN --second-factor=false\n" +
			"  latchkey user list --disabled --limit 0 --json | jq -r .email",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var q auth.UserList
			if search != "" {
				q.Search = &search
			}
			if contains {
				q.Match = auth.MatchContains
			}
			if role != "" {
				r, err := parseRole(role)
				if err != nil {
					return err
				}
				q.Role = &r
			}
			if cmd.Flags().Changed("disabled") {
				q.Disabled = &disabled
			}
			if cmd.Flags().Changed("second-factor") {
				q.SecondFactor = &secondFactor
			}
			if limit < 0 {
				return usageError{errors.New("--limit is a number of users, or 0 for all")}
			}
			return c.withService(cmd, func(_ context.Context, service *auth.Service) error { return listUsers(cmd, service, q, limit, asJSON) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&search, "search", "", "what a username or an address begins with, whatever its case; the list is by name then")
	flags.BoolVar(&contains, "contains", false, "look for --search anywhere in them: it takes seconds among a million users")
	flags.StringVar(&role, "role", "", "USER or ADMIN")
	flags.BoolVar(&disabled, "disabled", false, "only users who are disabled")
	flags.BoolVar(&secondFactor, "second-factor", false, "only users whom a login by password asks for a second factor")
	flags.IntVar(&limit, "limit", 50, "how many at most; 0 for all")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	values(cmd, "role", string(store.RoleUser), string(store.RoleAdmin))
	return cmd
}

// listUsers prints up to limit users, or all if that is 0, a page at a time.
func listUsers(cmd *cobra.Command, service *auth.Service, q auth.UserList, limit int, asJSON bool) error {
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	if !asJSON {
		_, _ = fmt.Fprintln(table, "ID\tUSERNAME\tEMAIL\tROLE\tCREATED\tLAST LOGIN\tDISABLED")
	}
	for shown := 0; ; {
		n := userPage
		if limit > 0 {
			n = min(n, limit-shown)
		}
		q.First = &n
		page, err := service.Users(cmd.Context(), q)
		if err != nil {
			return err
		}
		for i := range page.Nodes {
			u := &page.Nodes[i]
			if asJSON {
				err = json.NewEncoder(cmd.OutOrStdout()).Encode(describe(u, service.Now()))
			} else {
				_, err = fmt.Fprintln(table, strings.Join([]string{
					u.ID, u.Username, u.Email, string(u.Role), stamp(u.CreatedAt), orDash(u.LastLoginAt), orDash(u.DisabledAt),
				}, "\t"))
			}
			if err != nil {
				return err
			}
		}
		shown += len(page.Nodes)
		if !page.PageInfo.HasNextPage || limit > 0 && shown >= limit {
			if err := table.Flush(); err != nil {
				return err
			}
			if page.PageInfo.HasNextPage {
				cmd.PrintErrln("There are more: see --limit.")
			}
			return nil
		}
		q.After = page.PageInfo.EndCursor
	}
}

func userShowCommand(c Commands) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "show USER",
		Short:   "Show a user, their factors and their devices",
		Long:    "Show a user, what opens the account besides the password, and their devices.\n" + whoIsUser,
		Example: "  latchkey user show ada\n  latchkey user show ada@example.org --json | jq .sessions",
		Args:    oneUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withUser(cmd, args[0], func(service *auth.Service, u *store.User) error {
				sessions, err := service.Sessions(cmd.Context(), u.ID)
				if err != nil {
					return err
				}
				factors, err := service.FactorsOf(cmd.Context(), []store.User{*u})
				if err != nil {
					return err
				}
				f := describeFactors(u, factors[u.ID])
				if asJSON {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(struct {
						description
						credentials
						Sessions []device `json:"sessions"`
					}{describe(u, service.Now()), f, devices(sessions)})
				}
				showUser(cmd, u, f, sessions, service.Now())
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func showUser(cmd *cobra.Command, u *store.User, f credentials, sessions []store.Session, now time.Time) {
	pending, _ := u.Pending(now)
	if pending == "" {
		pending = "-"
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"id", u.ID}, {"username", u.Username}, {"email", u.Email}, {"pending email", pending}, {"role", string(u.Role)},
		{"created", stamp(u.CreatedAt)}, {"changed", stamp(u.UpdatedAt)}, {"last login", orDash(u.LastLoginAt)}, {"disabled", orDash(u.DisabledAt)},
		{"password", yesNo(f.HasPassword)}, {"second factor", yesNo(f.SecondFactorRequired)}, {"recovery codes", f.codesLeft()}, {"duties", duties(u)},
	} {
		_, _ = fmt.Fprintf(table, "%s\t%s\n", line[0], line[1])
	}
	_ = table.Flush()
	if len(f.Factors) > 0 {
		cmd.Println()
		_, _ = fmt.Fprintln(table, "FACTOR\tNAME\tADDED\tLAST USED\tID")
		for _, one := range f.Factors {
			used := "-"
			if one.LastUsedAt != nil {
				used = *one.LastUsedAt
			}
			_, _ = fmt.Fprintln(table, strings.Join([]string{one.Kind, one.Name, one.CreatedAt, used, one.ID}, "\t"))
		}
		_ = table.Flush()
	}
	if len(sessions) == 0 {
		return
	}
	cmd.Println()
	_, _ = fmt.Fprintln(table, "DEVICE\tADDRESS\tLAST USED\tEXPIRES\tSESSION")
	for _, d := range devices(sessions) {
		address := "-"
		if d.IPAddress != nil {
			address = *d.IPAddress
		}
		_, _ = fmt.Fprintln(table, strings.Join([]string{d.DeviceName, address, d.LastUsedAt, d.ExpiresAt, d.ID}, "\t"))
	}
	_ = table.Flush()
}

const whoIsUser = "USER is an id, a username or an email address."

// oneUser wants one argument, which names a user.
func oneUser(_ *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return errors.New("name one user: an id, a username or an email address")
	}
	return nil
}

// withUser runs f with the user whom text names.
func (c Commands) withUser(cmd *cobra.Command, text string, f func(service *auth.Service, u *store.User) error) error {
	return c.withService(cmd, func(ctx context.Context, service *auth.Service) error {
		u, err := findUser(ctx, service, text)
		if err != nil {
			return err
		}
		err = f(service, u)
		if mistakes, ok := errors.AsType[auth.UserErrors](err); ok {
			return errors.New(mistakes[0].Message) // about this user, whatever the field is called in the API
		}
		return err
	})
}

func findUser(ctx context.Context, service *auth.Service, text string) (*store.User, error) {
	u, err := service.FindUser(ctx, text)
	if auth.IsAbsent(err) {
		return nil, errors.New("no user has this id, username or address")
	}
	return u, err
}

func parseRole(text string) (store.Role, error) {
	switch role := store.Role(strings.ToUpper(text)); role {
	case store.RoleUser, store.RoleAdmin:
		return role, nil
	}
	return "", usageError{errors.New("a role is USER or ADMIN")}
}
