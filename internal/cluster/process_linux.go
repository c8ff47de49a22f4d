package cluster

import "syscall"

// attributes are those of a daemon process. The kernel ends it if this process
// dies without the chance to close its standard input; and an interrupt typed at
// the terminal is for this process alone, which then ends its daemons.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
