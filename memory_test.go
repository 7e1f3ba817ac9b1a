package main

import (
	"math"
	"testing"
)

// A small container hashes fewer passwords at once than it has processors, rather than be
// killed in a flood of logins.
func TestShareOfMemory_R7(t *testing.T) {
	for _, c := range []struct {
		limit      uint64 // MiB
		processors int
		hashes     int
		soft       int64 // MiB
	}{
		{0, 2, 2, 150}, {0, 16, 16, 150},
		{4096, 16, 16, 150}, {512, 16, 12, 76}, {256, 16, 5, 70}, {256, 2, 2, 150}, {192, 2, 2, 108},
		{128, 2, 1, 83}, {64, 4, 1, 64}, {1, 1, 1, 64},
	} {
		hashes, soft := share(c.limit*mib, c.processors)
		if hashes != c.hashes || soft/mib != c.soft {
			t.Errorf("%d MiB, %d processors: %d at once and %d MiB, want %d and %d", c.limit, c.processors, hashes, soft/mib, c.hashes, c.soft)
		}
		if all := uint64(hashes)*hashMemory + uint64(soft); c.limit >= 128 && all > c.limit*mib {
			t.Errorf("%d MiB, %d processors: %d MiB in all", c.limit, c.processors, all/mib)
		}
	}
	if hashes, soft := share(math.MaxUint64, 3); hashes != 3 || soft != softMemory {
		t.Errorf("without a bound: %d, %d", hashes, soft)
	}
}
