//go:build linux

package labnet

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// InNamespace runs f on a thread that is in a host's namespace: sockets opened
// there stay there. May be called from any goroutine.
func (b *Testbed) InNamespace(host string, f func() error) error {
	return within(b.Namespace(host), f)
}

// within runs f on a thread that is in the namespace.
func within(ns string, f func() error) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		back, err := enter(ns, f)
		if back {
			runtime.UnlockOSThread()
		} // else the thread, still away from home, ends with the goroutine
		result <- err
	}()
	return <-result
}

// enter runs f with the calling thread in the namespace and brings it back.
// It may be the process's main thread, which cannot be thrown away.
func enter(ns string, f func() error) (back bool, err error) {
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return true, err
	}
	defer home.Close()
	there, err := os.Open("/run/netns/" + ns)
	if err != nil {
		return true, err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return true, fmt.Errorf("entering %s: %w", ns, err)
	}
	err = f()
	if returned := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); returned != nil {
		return false, errors.Join(err, fmt.Errorf("returning from %s: %w", ns, returned))
	}
	return true, err
}
