package daemon

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

const (
	loopNice    = -15
	processNice = -10
)

// RaisePriority puts all threads of this process before those of ordinary
// programs, as far as that is permitted; threads made later inherit it. A
// program that is nothing but a daemon calls it first of all: while the garbage
// collector stops the world, the loop waits for a thread that some busy program
// has displaced (protocol rule 10). With 20 busy programs on two cores the
// longest gap between deliveries fell from 560 to 200 ms.
func RaisePriority() {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return // no /proc: the loop still raises its own
	}
	for _, t := range tasks {
		if tid, err := strconv.Atoi(t.Name()); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, tid, processNice)
		}
	}
}

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
