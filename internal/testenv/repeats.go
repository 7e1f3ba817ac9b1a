package testenv

import (
	"os"
	"testing"
)

// Repeats is how often a test repeats what may go wrong now and then: usual, or
// all with TEST_REPEATS=full. Either proves the requirement; more repeats only
// find a rarer failure.
func Repeats(t testing.TB, usual, all int) int {
	t.Helper()
	switch v := os.Getenv("TEST_REPEATS"); v {
	case "":
		return usual
	case "full":
		return all
	default:
		t.Fatalf("TEST_REPEATS is %q, want full or nothing", v)
		return 0
	}
}
