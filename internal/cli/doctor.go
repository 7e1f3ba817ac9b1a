package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"latchkey/internal/doctor"
)

func doctorCommand(c Commands) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor [--json]",
		Short: "Check settings and servers, and say what to do",
		Long: `Check the settings, and the database, Redis, mail server and public URL that they name, and say what to do.

It sends no mail, changes nothing but a row and a key that are there for it, works whatever is down, and takes ten
seconds at most. A check ends as ok, as warn
(it works, but look at it) or as fail; with one that failed the exit code is 1.`,
		Example: "  latchkey doctor\n  latchkey doctor --json | jq 'select(.verdict != \"ok\")'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			findings, err := c.Doctor(cmd.Context())
			if err != nil {
				return err
			}
			failed := 0
			for _, f := range findings {
				if f.Verdict == doctor.Fail {
					failed++
				}
				if asJSON {
					printJSON(cmd.OutOrStdout(), f)
					continue
				}
				cmd.Printf("%-4s  %-13s  %s\n", f.Verdict, f.Check, f.Text)
				if f.Advice != "" {
					cmd.Printf("%21s→ %s\n", "", f.Advice)
				}
			}
			switch failed {
			case 0:
				return nil
			case 1:
				return errors.New("one check failed")
			}
			return errors.New("several checks failed")
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a check: check, verdict, text, advice")
	return cmd
}
