package password_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/password"
)

func Example() {
	policy := password.Policy{MinLength: 12, AppName: "Latchkey", Kind: password.Argon2id}
	fmt.Println(policy.Check("qwertyuiop", "ada", "ada@example.org"))

	// Two hashes at once; 16 more wait, for a second at most.
	hasher, err := password.NewHasher(password.Default(password.Argon2id), password.Here(2), 16, time.Second)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go hasher.Run(ctx)

	ada := password.Caller{Network: "192.0.2.0/24", Client: "192.0.2.1"}
	phc, err := hasher.Hash(ctx, ada, "correct horse battery")
	fmt.Println(phc[:31], err)
	fmt.Println(hasher.Verify(ctx, ada, phc, "correct horse battery"))
	fmt.Println(errors.Is(hasher.Verify(ctx, ada, phc, "correct horse"), password.ErrMismatch))
	// Output:
	// [{too short 12} {too common 0}]
	// $argon2id$v=19$m=19456,t=2,p=1$ <nil>
	// <nil>
	// true
}
