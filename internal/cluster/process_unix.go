//go:build unix && !linux

package cluster

import "syscall"

// attributes are those of a daemon process: an interrupt typed at the terminal
// is for this process alone, which then ends its daemons. Its death ends their
// standard input.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
