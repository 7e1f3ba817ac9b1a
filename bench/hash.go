package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
)

// hashCost is what a hash in the PHC format says of its cost.
type hashCost struct {
	memory, time uint32 // KiB, passes
	lanes        uint8
}

func parseCost(phc string) (c hashCost, err error) {
	if _, err := fmt.Sscanf(phc, "$argon2id$v=19$m=%d,t=%d,p=%d$", &c.memory, &c.time, &c.lanes); err != nil {
		return c, fmt.Errorf("the product's hashes are not Argon2id: %w", err)
	}
	return c, nil
}

// bound returns how many hashes a second this machine makes when it does
// nothing else, as many at once as it has cores.
func (c hashCost) bound(round time.Duration) float64 {
	salt, began := make([]byte, 16), time.Now()
	counts := make([]int, runtime.NumCPU())
	var wait sync.WaitGroup
	for i := range counts {
		wait.Go(func() {
			for ; time.Since(began) < round; counts[i]++ {
				argon2.IDKey([]byte("correct horse battery"), salt, c.time, c.memory, c.lanes, 32)
			}
		})
	}
	wait.Wait()
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return float64(sum) / time.Since(began).Seconds()
}
