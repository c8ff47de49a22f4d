//go:build !unix

package cluster

import "syscall"

// attributes has nothing to set: the standard input ends on every system when
// this process dies.
func attributes() *syscall.SysProcAttr { return nil }
