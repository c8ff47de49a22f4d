//go:build linux

package labnet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

var made atomic.Int32 // testbeds of this process

// names gives out what a testbed calls its things. Interfaces have short names
// of their own in each namespace: n0, n1 … for a host's ends, and at the
// switches br0, br1 … and h1n0 for the port of h1 on network 0.
type names struct{ base string }

func newNames() names {
	return names{fmt.Sprintf("%s%d-%d", Prefix, os.Getpid(), made.Add(1))}
}

func (n names) switches() string        { return n.base + "-sw" }
func (n names) host(host string) string { return n.base + "-" + host }
func bridge(network int) string         { return "br" + strconv.Itoa(network) }

// Interface is the name of a host's interface on a network: n0, n1 …
func Interface(network int) string { return "n" + strconv.Itoa(network) }

func port(host string, network int) string {
	return host + Interface(network)
}

// owner returns the process id in a name of ours; ok is false for all others.
func owner(name string) (pid int, ok bool) {
	rest, ok := strings.CutPrefix(name, Prefix)
	if !ok {
		return 0, false
	}
	digits, _, ok := strings.Cut(rest, "-")
	if !ok {
		return 0, false
	}
	pid, err := strconv.Atoi(digits)
	return pid, err == nil && pid > 0
}

// dead tells that no process has this id.
func dead(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// RemoveLeftovers removes what processes that are dead have left behind:
// namespaces, the programs in them, and directories under the temporary one.
// Call it before the first New. May be called from any goroutine.
func RemoveLeftovers() error {
	list, err := namespaces()
	if err != nil {
		return err
	}
	var all []error
	for _, ns := range list {
		if pid, ok := owner(ns); ok && dead(pid) {
			all = append(all, removeNamespace(ns))
		}
	}
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), Prefix+"*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if pid, ok := owner(filepath.Base(dir)); ok && dead(pid) {
			all = append(all, removeDirectory(dir))
		}
	}
	return errors.Join(all...)
}

// removeDirectory removes a directory in which small file systems may stand.
func removeDirectory(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			_ = syscall.Unmount(filepath.Join(dir, e.Name()), syscall.MNT_DETACH) // none stands in most
		}
	}
	return os.RemoveAll(dir)
}

// namespaces returns the names of all network namespaces.
func namespaces() ([]string, error) {
	out, err := tool("", "ip", "netns", "list")
	if err != nil {
		return nil, err
	}
	var list []string
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) > 0 {
			list = append(list, f[0])
		}
	}
	return list, nil
}

// removeNamespace ends what still runs in a namespace of ours and removes it.
// That another process removes it at the same time is no error.
func removeNamespace(ns string) error {
	if _, ok := owner(ns); !ok {
		panic("labnet: namespace " + ns + " is not ours")
	}
	out, err := tool("", "ip", "netns", "pids", ns)
	for _, f := range strings.Fields(out) {
		if pid, convErr := strconv.Atoi(f); convErr == nil && pid != os.Getpid() {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	if _, gone := os.Stat("/run/netns/" + ns); errors.Is(gone, os.ErrNotExist) {
		return nil
	}
	_, delErr := tool("", "ip", "netns", "del", ns)
	if _, gone := os.Stat("/run/netns/" + ns); errors.Is(gone, os.ErrNotExist) {
		return nil
	}
	return errors.Join(err, delErr)
}
