package daemon

import (
	"os"
	"runtime/debug"
)

const (
	// gcPercent lets the heap grow to five times what is alive before it is
	// collected: a message costs a few allocations at its edges, and collecting
	// takes processors from the loop. The heap is then collected at 16 MiB at
	// least (4 MiB at 100 %), so that an idle daemon stays small: at 800 % it
	// would fill 32 MiB before the first collection (performance.md 2.8; figures
	// of BenchmarkCollector are in the commit that set this).
	gcPercent = 400
	// memoryShare is the part of the host's memory from which on the collector
	// works harder instead of letting the heap grow.
	memoryShare = 2
	// unknownMemory is what a host is taken to have that does not tell.
	unknownMemory = 2 << 30
)

// setCollector sets the garbage collector's policy, unless the environment
// does (GOGC, GOMEMLIMIT).
func setCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(hostMemory() / memoryShare))
	}
}
