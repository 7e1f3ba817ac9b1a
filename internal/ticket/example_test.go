package ticket_test

import (
	"errors"
	"fmt"
	"time"

	"latchkey/internal/seal"
	"latchkey/internal/ticket"
)

// A login that waits for its second factor.
func Example() {
	keys, err := seal.Derive([][]byte{[]byte("a secret for this example, of 32 bytes and more")}, "ticket")
	if err != nil {
		panic(err)
	}
	tickets := ticket.New(keys)
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

	type step struct {
		User   string
		Proofs []string
	}
	made, err := tickets.Make(ticket.Step, step{User: "42", Proofs: []string{"PASSWORD"}}, noon, 10*time.Minute)
	if err != nil {
		panic(err)
	}

	var s step
	t, err := tickets.Open(made.Text, ticket.Step, noon.Add(time.Minute), &s)
	fmt.Println(s.User, s.Proofs, t.Expires.Format(time.TimeOnly), err)

	_, err = tickets.Open(made.Text, ticket.StepUp, noon.Add(time.Minute), &s)
	fmt.Println("for something else:", errors.Is(err, ticket.ErrInvalid))
	_, err = tickets.Open(made.Text, ticket.Step, noon.Add(10*time.Minute), &s)
	fmt.Println("too late:", errors.Is(err, ticket.ErrInvalid))
	// Output:
	// 42 [PASSWORD] 12:10:00 <nil>
	// for something else: true
	// too late: true
}
