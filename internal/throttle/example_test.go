package throttle_test

import (
	"context"
	"fmt"
	"time"

	"latchkey/internal/throttle"
)

func Example() {
	// Two tries at once, then one more each 30 seconds.
	guesses := throttle.Count{Key: "client:192.0.2.1", Limit: throttle.Limit{N: 2, Every: 30 * time.Second}}

	counters := throttle.NewMemory()
	ctx, now := context.Background(), time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for range 3 {
		waits, _, _ := counters.Take(ctx, now, guesses)
		fmt.Println(waits[0])
	}

	now = now.Add(30 * time.Second)
	waits, by, _ := counters.Take(ctx, now, guesses)
	fmt.Println(waits[0])
	_ = by.GiveBack(ctx, now, guesses) // the password was right
	waits, _, _ = counters.Take(ctx, now, guesses)
	fmt.Println(waits[0])
	// Output:
	// 0s
	// 0s
	// 30s
	// 0s
	// 0s
}
