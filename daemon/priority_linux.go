package daemon

import "golang.org/x/sys/unix"

const loopNice = -15

// raisePriority puts this thread before others as far as that is permitted,
// and tells whether it was (protocol rule 10). The thread's timers become
// exact; without that, waits of 20 µs take over 100.
//
// It is nice and not real-time: on the way out of a system call the Go runtime
// yields its processor until the garbage collector has finished with the
// goroutine's stack, and a real-time thread that yields does not let the
// collector run which it has just displaced.
func raisePriority() bool {
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	return unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), loopNice) == nil
}
