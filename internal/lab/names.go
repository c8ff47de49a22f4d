//go:build linux

package lab

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

var labs atomic.Int32 // made by this process

// names gives out what a lab calls its things. Interfaces have short names of
// their own in each namespace: n0, n1 … for a daemon's ends, and at the switches
// br0, br1 … and h1n0 for the port of h1 on network 0.
type names struct{ base string }

func newNames() names {
	return names{fmt.Sprintf("%s%d-%d", namePrefix, os.Getpid(), labs.Add(1))}
}

func (n names) switches() string          { return n.base + "-sw" }
func (n names) host(daemon string) string { return n.base + "-" + daemon }
func iface(network int) string            { return "n" + strconv.Itoa(network) }
func bridge(network int) string           { return "br" + strconv.Itoa(network) }
func port(daemon string, network int) string {
	return daemon + iface(network)
}

// owner returns the process id in a name of ours; ok is false for all others.
func owner(name string) (pid int, ok bool) {
	rest, ok := strings.CutPrefix(name, namePrefix)
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

// removeLeftovers removes what test processes that are dead have left behind:
// namespaces, the daemons in them, and directories. Once per process.
func removeLeftovers(t testing.TB) {
	leftovers.Do(func() {
		for _, ns := range namespaces(t) {
			if pid, ok := owner(ns); ok && dead(pid) {
				removeNamespace(t, ns)
			}
		}
		dirs, err := filepath.Glob(filepath.Join(os.TempDir(), namePrefix+"*"))
		if err != nil {
			t.Fatalf("lab: %v", err)
		}
		for _, dir := range dirs {
			if pid, ok := owner(filepath.Base(dir)); ok && dead(pid) {
				os.RemoveAll(dir)
			}
		}
	})
}

var leftovers sync.Once

// namespaces returns the names of all network namespaces.
func namespaces(t testing.TB) []string {
	out, err := exec.Command("ip", "netns", "list").Output()
	if err != nil {
		t.Fatalf("lab: ip netns list: %v", err)
	}
	var list []string
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		if f := strings.Fields(s.Text()); len(f) > 0 {
			list = append(list, f[0])
		}
	}
	return list
}

// removeNamespace ends what still runs in a namespace of ours and removes it.
func removeNamespace(t testing.TB, ns string) {
	if _, ok := owner(ns); !ok {
		panic("lab: namespace " + ns + " is not ours")
	}
	out, err := exec.Command("ip", "netns", "pids", ns).Output()
	if err != nil {
		t.Logf("lab: processes of %s: %v", ns, err)
	}
	for _, f := range strings.Fields(string(out)) {
		if pid, err := strconv.Atoi(f); err == nil && pid != os.Getpid() {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	if out, err := exec.Command("ip", "netns", "del", ns).CombinedOutput(); err != nil {
		t.Logf("lab: removing %s: %v: %s", ns, err, out)
	}
}
