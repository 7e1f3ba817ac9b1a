package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/config"
	"latchkey/internal/jwt"
	"latchkey/internal/keyring"
)

// listedKey is a line of keys list.
type listedKey struct {
	Key       string        `json:"key"` // kid, or which secret
	Algorithm string        `json:"algorithm"`
	Signs     bool          `json:"signs"`
	Verifies  bool          `json:"verifies"`
	Published bool          `json:"published"` // in jwks.json
	File      *string       `json:"file"`
	State     keyring.State `json:"state,omitempty"`   // of a key that the service made
	SignsAt   *time.Time    `json:"signsAt,omitempty"` // since when, or from when on
	Until     *time.Time    `json:"until,omitempty"`   // when the last token of an old one expires
	Problem   string        `json:"problem,omitempty"` // why it cannot be opened
}

func keysListCommand(c Commands) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [--json]",
		Short: "List the keys that are in use",
		Long: "List the keys of JWT_PRIVATE_KEYS and SECRET_KEY as this configuration has them: which one signs access\n" +
			"tokens, which only verify, and which are published at /.well-known/jwks.json. Nothing of a secret is shown.\n\n" +
			"A server reads files of keys once, at its start. For the entry auto, the keys that are in the database are\n" +
			"listed: the one that signs, the next one, and old ones while their tokens live.",
		Example: "  latchkey keys list\n  latchkey keys list --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.Config()
			if err != nil {
				return err
			}
			made := []keyring.Key{}
			if _, _, auto := cfg.AutoKeys(); auto {
				err := c.withKeys(cmd, func(ctx context.Context, ring *keyring.Ring) (err error) {
					made, err = ring.List(ctx)
					return err
				})
				if err != nil && !errors.Is(err, ErrNoDatabase) { // the first start makes them
					return err
				}
			}
			list := listKeys(cfg, made)
			if asJSON {
				out := json.NewEncoder(cmd.OutOrStdout())
				out.SetIndent("", "  ")
				return out.Encode(list)
			}
			return printKeys(cmd, list)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "for programs: a list of objects")
	return cmd
}

// listKeys returns the keys in the order of JWT_PRIVATE_KEYS, whose first one
// signs; made are those of the entry auto. The secrets verify although they are not in it.
func listKeys(cfg config.Config, made []keyring.Key) []listedKey {
	list := []listedKey{}
	secrets := func() {
		for n := range cfg.SecretKeys {
			list = append(list, listedKey{Key: fmt.Sprintf("HS256 secret %d", n+1), Algorithm: jwt.HS256, Verifies: true})
		}
	}
	named := false
	for _, k := range cfg.JWTKeys {
		switch {
		case k.Auto:
			list = append(list, listMade(made)...)
		case k.Key.Algorithm == jwt.HS256:
			named = true
			secrets()
		default:
			list = append(list, listedKey{Key: k.Key.ID, Algorithm: k.Key.Algorithm, Verifies: true, Published: true, File: &k.File})
		}
	}
	if !named {
		secrets()
	}
	later := len(made) == 0 && len(cfg.JWTKeys) > 0 && cfg.JWTKeys[0].Auto // the first start makes the one that signs
	if len(list) > 0 && !later {
		list[0].Signs = true
	}
	return list
}

// listMade returns the keys that the service made: the one that signs, the next one, and
// old ones.
func listMade(made []keyring.Key) (list []listedKey) {
	for _, state := range []keyring.State{keyring.Signing, keyring.Next, keyring.Old} {
		for _, k := range slices.Backward(made) {
			if k.State != state {
				continue
			}
			l := listedKey{Key: k.ID, Algorithm: jwt.ES256, Verifies: true, Published: true, State: k.State, SignsAt: &k.SignsAt, Problem: k.Problem}
			if !k.Until.IsZero() {
				l.Until = &k.Until
			}
			list = append(list, l)
		}
	}
	return list
}

func printKeys(cmd *cobra.Command, list []listedKey) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "KEY\tALGORITHM\tUSE\tFROM") // errors come with Flush
	for _, k := range list {
		from := "SECRET_KEY"
		switch {
		case k.File != nil:
			from = *k.File
		case k.State != "":
			from = "the database"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.Key, k.Algorithm, strings.Join(k.uses(), ", "), from)
	}
	return w.Flush()
}

// uses says what a key is for.
func (k listedKey) uses() []string {
	uses := []string{"verifies"}
	if k.Signs {
		uses = []string{"signs", "verifies"}
	}
	if k.Published {
		uses = append(uses, "published")
	}
	switch k.State {
	case keyring.Next:
		uses = append(uses, "next, from "+k.SignsAt.Format(time.DateTime)+" UTC")
	case keyring.Old:
		uses = append(uses, "old, until "+k.Until.Format(time.DateTime)+" UTC")
	}
	if k.Problem != "" {
		uses = append(uses, "cannot be opened: "+k.Problem)
	}
	return uses
}
