package main

import (
	"math"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

const (
	mib = 1 << 20

	// softMemory is how much the collector tries to stay below. What lives long is small.
	// Ten thousand connections that stall hold more by themselves; beyond it the collector
	// works harder, rather than let what they leave behind add up.
	softMemory = 150 * mib

	// leastMemory is what the server needs to work well, and below which no container
	// has the collector go.
	leastMemory = 64 * mib

	// hashMemory is what a process that hashes takes: 30 MiB, and some room. A hash in the
	// server itself has as much until it is collected.
	hashMemory = 32 * mib
)

// share says how a service with so many processors uses a memory of limit bytes, of which
// a tenth stays free: how many passwords it hashes at once, and what the collector tries to
// stay below. limit is 0 where there is none.
func share(limit uint64, processors int) (hashes int, soft int64) {
	if limit == 0 || limit > math.MaxInt64/10 {
		return processors, softMemory
	}
	room := int64(limit) / 10 * 9
	hashes = int(min(int64(processors), max(1, (room-leastMemory)/hashMemory)))
	return hashes, min(softMemory, max(leastMemory, room-int64(hashes)*hashMemory))
}

// containerLimit returns the memory that the cgroup of this process may use, or 0 if there
// is no bound or none that can be read.
func containerLimit() uint64 {
	limit, err := memlimit.FromCgroup()
	if err != nil {
		return 0
	}
	return limit
}

// pauseCollector has nothing collected, short of the soft limit: the start makes 20 MB, and to
// collect them took a third of its time. resumeCollector ends that. Whoever set GOGC knows better.
func pauseCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(-1)
	}
}

// resumeCollector has requests cost much less, by collecting half as eagerly as Go does.
func resumeCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}

// limitCollector sets the soft limit. Whoever set GOMEMLIMIT knows better.
func limitCollector(soft int64) {
	if was := debug.SetMemoryLimit(soft); was != math.MaxInt64 {
		debug.SetMemoryLimit(was)
	}
}

// freeMemory gives back what the start and the migrations needed: twice, since what libraries
// keep in a sync.Pool outlives one collection.
func freeMemory() {
	debug.FreeOSMemory()
	debug.FreeOSMemory()
}
