//go:build !linux

package bench

import "time"

func daemonProcess(string) (int, error)  { return 0, errNoProcess }
func cpuTime(int) (time.Duration, error) { return 0, errNoProcess }
