package auth_test

import (
	"fmt"
	"testing"

	"latchkey/internal/auth"
)

func TestAddressInTwoCasesAtOnce_B1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const n = 20
		tokens := make([]string, n)
		for i := range n {
			tokens[i] = f.link([]string{"Ada@example.org", "ADA@EXAMPLE.org"}[i%2], fmt.Sprintf("ada-%d", i), client(i))
		}
		errs := parallel(n, func(i int) error {
			typed := goodPassword
			_, err := f.ConfirmEmail(t.Context(), auth.ConfirmEmailInput{Token: tokens[i], Password: &typed}, client(i))
			return err
		})
		expectAll(t, "confirming", errs, 1, "TOKEN_INVALID")
		if n := f.count(`users`); n != 1 {
			t.Errorf("%d accounts, want 1", n)
		}
	})
}
