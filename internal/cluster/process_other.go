//go:build !linux

package cluster

import "syscall"

// dieWithParent is left to the end of the standard input, which comes on every
// system when this process dies.
func dieWithParent() *syscall.SysProcAttr { return nil }
