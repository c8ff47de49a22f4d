package bench

import (
	"time"

	"golang.org/x/sys/unix"
)

// exactTimers makes the kernel wake the calling thread at the time it asked
// for, or up to 50 µs later, as is usual.
func exactTimers(on bool) {
	slack := uintptr(0) // the usual one
	if on {
		slack = 1 // nanosecond
	}
	// Where it is refused, messages go out somewhat late, and that is measured.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, slack, 0, 0, 0)
}

// pause waits about d. The runtime's own timers are rounded up to a
// millisecond when nothing else happens, so the kernel's are used.
func pause(d time.Duration) {
	// A signal may end it early; the caller looks at the clock again.
	t := unix.NsecToTimespec(int64(d))
	_ = unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &t, nil)
}
