//go:build !linux

package daemon

// raisePriority leaves the loop an ordinary thread on this system.
func raisePriority() bool { return false }

// RaisePriority does nothing here.
func RaisePriority() {}
