//go:build !linux

package main

// realtimeGranted: not known here, so not counted on.
func realtimeGranted() bool { return false }
