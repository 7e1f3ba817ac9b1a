package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/keyring"
)

// withKeys runs f with the keys in a database that is there.
func (c Commands) withKeys(cmd *cobra.Command, f func(ctx context.Context, ring *keyring.Ring) error) error {
	ring, end, err := c.Keys(cmd.Context())
	if err != nil {
		return err
	}
	defer end()
	return f(cmd.Context(), ring)
}

func keysRotateCommand(c Commands) *cobra.Command {
	var now bool
	cmd := &cobra.Command{
		Use:   "rotate [--now]",
		Short: "Have the next of the keys that the service makes sign",
		Long: "Have the next of the keys that the service makes sign (JWT_PRIVATE_KEYS=auto), on all replicas, while they run.\n" +
			"It does as soon as it was published long enough, which is at once unless it was made within the last half\n" +
			"hour. No valid token is refused. The service does the same every 90 days.\n\n" +
			"With --now all keys are replaced by new ones, for when one may have leaked: access tokens of those before\n" +
			"are refused within seconds, and clients refresh or log in again. Backends fetch the new keys as soon as they\n" +
			"meet a token of one.",
		Example: "  latchkey keys rotate\n  latchkey keys rotate --now",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.Config()
			if err != nil {
				return err
			}
			if _, _, auto := cfg.AutoKeys(); !auto {
				return errors.New("JWT_PRIVATE_KEYS has no entry auto, so the service makes no keys; docs/tokens.md says how to change others")
			}
			return c.withKeys(cmd, func(ctx context.Context, ring *keyring.Ring) error {
				if now {
					key, err := ring.ReplaceAll(ctx, shell().Person)
					if err == nil {
						cmd.Printf("%s signs now; those before are refused.\n", key.ID)
					}
					return err
				}
				key, err := ring.Rotate(ctx, shell().Person)
				if err == nil {
					cmd.Printf("%s signs from %s UTC on.\n", key.ID, key.SignsAt.Format(time.DateTime))
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&now, "now", false, "replace all of them, since one may have leaked")
	return cmd
}

func keysResealCommand(c Commands) *cobra.Command {
	return &cobra.Command{
		Use:   "reseal",
		Short: "Seal what the database keeps with the first SECRET_KEY",
		Long: "Seal with the first secret of SECRET_KEY what an older one of the list sealed in the database, so that the older\n" +
			"one can be dropped. It works beside a running service, and may be ended and begun anew at any time.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withKeys(cmd, func(ctx context.Context, ring *keyring.Ring) error {
				done, failed, err := ring.Reseal(ctx, shell().Person)
				if err != nil {
					return err
				}
				cmd.Printf("%d sealed anew\n", done)
				if failed > 0 {
					return fmt.Errorf("%d cannot be opened: they are %w, which must stand behind yours, or were altered", failed, keyring.ErrSealed)
				}
				return nil
			})
		},
	}
}
