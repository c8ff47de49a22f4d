package cluster

import "syscall"

// dieWithParent makes the kernel end a daemon process if this process dies
// without the chance to close its standard input.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
