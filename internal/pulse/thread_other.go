//go:build !linux

package pulse

import "time"

func raisePriority() {}

func sleep(d time.Duration) { time.Sleep(d) }
