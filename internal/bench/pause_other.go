//go:build !linux

package bench

import "time"

// exactTimers is a thing of Linux; elsewhere messages may go out somewhat late,
// and that is measured.
func exactTimers(bool) {}

// pause waits about d.
func pause(d time.Duration) { time.Sleep(d) }
