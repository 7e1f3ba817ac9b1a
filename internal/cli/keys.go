package cli

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"latchkey/internal/jwt"
)

// secretBytes is what a new SECRET_KEY is made of: 384 random bits, 64
// characters in base64.
const secretBytes = 48

func keysCommand(c Commands) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Make, list and change the keys that sign access tokens",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError{errors.New("name a command; see latchkey keys --help")}
		},
	}
	cmd.AddCommand(keysNewCommand(), keysListCommand(c), keysRotateCommand(c), keysResealCommand(c))
	return cmd
}

func keysNewCommand() *cobra.Command {
	var algorithm string
	cmd := &cobra.Command{
		Use:   "new [--algorithm ES256|EdDSA|RS256|HS256] [FILE]",
		Short: "Make a key that signs access tokens",
		Long: "Make a private key that signs access tokens, for JWT_PRIVATE_KEYS, and print its id (kid).\n\n" +
			"With FILE it is written there, in PEM (PKCS#8), readable by you alone; a file that is there is never\n" +
			"overwritten. Without FILE the key goes to standard output and its id to standard error.\n" +
			"ES256 (P-256) is known everywhere, EdDSA is Ed25519, RS256 (RSA) is for verifiers that know nothing else.\n" +
			"HS256 prints a new value for SECRET_KEY instead and takes no FILE.\n\n" +
			"Whoever has the key can sign in as anybody. How to bring it into use: docs/tokens.md.",
		Example: "  latchkey keys new key-2026.pem\n" +
			"  latchkey keys new --algorithm EdDSA key-2026.pem\n" +
			"  latchkey keys new --algorithm HS256",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if algorithm == jwt.HS256 {
				if len(args) > 0 {
					return usageError{errors.New("HS256 takes no FILE: its secret goes into SECRET_KEY")}
				}
				return printSecret(cmd)
			}
			if !knownAlgorithm(algorithm) {
				return usageError{errors.New("--algorithm must be ES256, EdDSA, RS256 or HS256")}
			}
			key, err := jwt.NewKey(algorithm)
			if err != nil {
				return err
			}
			text, err := key.PEM()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				cmd.PrintErrln(key.ID)
				return written(cmd.OutOrStdout().Write(text))
			}
			if err := writeNew(args[0], text); err != nil {
				return err
			}
			return written(fmt.Fprintln(cmd.OutOrStdout(), key.ID))
		},
	}
	cmd.Flags().StringVar(&algorithm, "algorithm", jwt.ES256, "ES256, EdDSA, RS256 or HS256")
	values(cmd, "algorithm", jwt.ES256, jwt.EdDSA, jwt.RS256, "HS256")
	return cmd
}

func knownAlgorithm(a string) bool { return a == jwt.ES256 || a == jwt.EdDSA || a == jwt.RS256 }

func printSecret(cmd *cobra.Command) error {
	secret := make([]byte, secretBytes)
	_, _ = rand.Read(secret) // never fails
	return written(fmt.Fprintln(cmd.OutOrStdout(), base64.StdEncoding.EncodeToString(secret)))
}

// writeNew writes a new file that only its owner can read, whole or not at all. A file
// that is there is left as it is, and is an error.
func writeNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already and is not overwritten", path)
	} else if err != nil {
		return fmt.Errorf("write the key: %w", err)
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write the key: %w", err), os.Remove(path))
	}
	return nil
}

// written returns the error of a write. What was printed to a full disk must not look like
// success.
func written(_ int, err error) error { return err }
