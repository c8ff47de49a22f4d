package daemon

import "runtime"

// slots bounds the goroutines outside the loop that compute at the same time.
//
// The loop waits in a system call. When it returns it needs a processor of the
// Go scheduler, and gets one late if many goroutines are ready to run; with at
// most GOMAXPROCS-1 of them it does not wait (protocol rule 10, measured).
// A slot is held while computing or in a system call that does not block, and
// never while waiting for something else.
type slots chan struct{}

func newSlots() slots { return make(slots, max(runtime.GOMAXPROCS(0)-1, 1)) }

func (s slots) acquire() { s <- struct{}{} }

func (s slots) release() { <-s }

// raiseProcs sees to it that the loop finds a processor: one more than there
// are cores, at least three (protocol rule 10).
func raiseProcs() {
	if least := max(3, runtime.NumCPU()+1); runtime.GOMAXPROCS(0) < least {
		runtime.GOMAXPROCS(least)
	}
}
