package cli

import (
	"github.com/spf13/cobra"
)

// Restored is what became of a database that was replaced by a backup.
type Restored struct {
	Old      string // the file that has it; "" if there was none
	Sessions int    // how many sessions of the backup were ended
}

func backupCommand(c Commands) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of the SQLite database",
		Long: `Write a copy of the SQLite database to a new file, as it is at one moment, beside a running server. It is there once it
is whole and on the disk, with mode 0600: whoever reads it has every hash. Keep SECRET_KEY, which it is of no use without,
somewhere else; in development that is the file secret in DATA_DIR. PostgreSQL has pg_dump.`,
		Example: "  latchkey backup /backup/latchkey-$(date +%F).db",
		Args:    oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			size, err := c.Backup(cmd.Context(), shell(), args[0])
			if err != nil {
				return err
			}
			cmd.Printf("%s: %d bytes, whole and on the disk.\n", args[0], size)
			return nil
		},
	}
}

func restoreCommand(c Commands) *cobra.Command {
	var endSessions bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup in the place of the SQLite database",
		Long: `Put a copy of a backup in the place of the SQLite database, while the service is stopped. The database that is there
stays beside it under another name. What was ended, disabled or deleted after the backup is back with it: --end-sessions
logs everybody out, and docs/backup.md says what else to look at. The backup itself is left alone.`,
		Example: "  latchkey restore /backup/latchkey-2026-11-29.db --end-sessions",
		Args:    oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := c.Restore(cmd.Context(), shell(), args[0], endSessions)
			if r.Old != "" {
				cmd.Printf("The database that was there is %s.\n", r.Old)
			}
			if err != nil {
				return err
			}
			cmd.Printf("%s is restored.\n", args[0])
			if endSessions {
				cmd.Printf("%s ended.\n", sessions(r.Sessions))
			} else {
				cmd.Println("Sessions that were ended since then are back: latchkey sessions revoke --all ends them all.")
			}
			cmd.Println("So are accounts that were deleted: latchkey user delete --ids deletes them again, as docs/backup.md has it.")
			return nil
		},
	}
	cmd.Flags().BoolVar(&endSessions, "end-sessions", false, "log everybody out")
	return cmd
}
