package pulse

import (
	"time"

	"golang.org/x/sys/unix"
)

// priority is that of a daemon's loop.
const priority = -15

// raisePriority gives this thread a daemon's priority, where that is permitted;
// where it is not, daemons have none either.
func raisePriority() { _ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), priority) }

// sleep sleeps in the kernel: the runtime's own timers are served by threads of
// ordinary priority.
func sleep(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&ts, nil)
}
