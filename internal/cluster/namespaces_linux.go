package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// namespaces is a network namespace for each daemon and one for the bridges,
// one a network, that join them. Their names carry this process's id.
type namespaces struct{ base string }

const (
	namespacePrefix = "mpspread"
	// toolLimit ends an ip or nft that hangs.
	toolLimit = 20 * time.Second
)

func newNamespaces() (place, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("cluster: network namespaces need root")
	}
	for _, t := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(t); err != nil {
			return nil, fmt.Errorf("cluster: network namespaces: %w", err)
		}
	}
	removeLeftovers()
	n := &namespaces{base: fmt.Sprintf("%s%d", namespacePrefix, os.Getpid())}
	if err := n.build(); err != nil {
		return nil, errors.Join(err, n.remove())
	}
	return n, nil
}

func (n *namespaces) bridges() string        { return n.base + "-sw" }
func (n *namespaces) host(daemon int) string { return n.base + "-" + Daemons[daemon] }
func device(network int) string              { return "n" + strconv.Itoa(network) }
func bridge(network int) string              { return "br" + strconv.Itoa(network) }
func port(daemon, network int) string        { return Daemons[daemon] + device(network) }
func (*namespaces) transport(n int) string   { return fmt.Sprintf("subnet = \"10.77.%d.0/24\"\n", n+1) }
func (n *namespaces) all() (namespaces []string) {
	namespaces = append(namespaces, n.bridges())
	for d := range Daemons {
		namespaces = append(namespaces, n.host(d))
	}
	return namespaces
}

func (*namespaces) address(network, daemon int) string {
	return fmt.Sprintf("10.77.%d.%d", network+1, daemon+1)
}

// command: "ip netns exec" becomes the program, so that its process is the
// daemon's.
func (n *namespaces) command(daemon int, args []string) []string {
	return append([]string{"ip", "netns", "exec", n.host(daemon)}, args...)
}

// build makes namespaces, bridges and cables. All interfaces are made where
// they stay: none ever shows in the machine's own namespace.
func (n *namespaces) build() error {
	for _, ns := range n.all() {
		if err := tool("", "ip", "netns", "add", ns); err != nil {
			return err
		}
	}
	for net := range Networks {
		lines := fmt.Sprintf("link add %[1]s type bridge forward_delay 0 mcast_snooping 0\nlink set %[1]s up\n", bridge(net))
		if err := tool(lines, "ip", "-n", n.bridges(), "-batch", "-"); err != nil {
			return err
		}
		for d := range Daemons {
			if err := n.plug(d, net); err != nil {
				return err
			}
		}
	}
	for d := range Daemons {
		if err := tool("table inet mpspread { chain loss { type filter hook prerouting priority -290; }\n}\n",
			n.command(d, []string{"nft", "-f", "-"})...); err != nil {
			return err
		}
	}
	return nil
}

// plug joins a daemon to a bridge and gives it its address.
func (n *namespaces) plug(daemon, network int) error {
	return errors.Join(
		tool("", "ip", "link", "add", device(network), "netns", n.host(daemon),
			"type", "veth", "peer", "name", port(daemon, network), "netns", n.bridges()),
		tool(fmt.Sprintf("link set %[1]s master %[2]s\nlink set %[1]s up\n", port(daemon, network), bridge(network)),
			"ip", "-n", n.bridges(), "-batch", "-"),
		tool(fmt.Sprintf("link set lo up\nlink set %[1]s up\naddr add %[2]s/24 brd + dev %[1]s\n", device(network), n.address(network, daemon)),
			"ip", "-n", n.host(daemon), "-batch", "-"),
	)
}

// cut takes the bridge down: the daemons' own interfaces stay up.
func (n *namespaces) cut(network int, cut bool) (bool, error) {
	state := "up"
	if cut {
		state = "down"
	}
	return true, tool("", "ip", "-n", n.bridges(), "link", "set", bridge(network), state)
}

func (n *namespaces) lose(share float64) (bool, error) {
	rule := "flush chain inet mpspread loss\n"
	if share > 0 {
		rule += fmt.Sprintf("add rule inet mpspread loss meta l4proto udp numgen random mod 1000000 < %d drop\n", int(share*1e6))
	}
	for d := range Daemons {
		if err := tool(rule, n.command(d, []string{"nft", "-f", "-"})...); err != nil {
			return true, err
		}
	}
	return true, nil
}

func (n *namespaces) remove() error {
	var all []error
	for _, ns := range n.all() {
		all = append(all, removeNamespace(ns))
	}
	return errors.Join(all...)
}

// removeNamespace removes a namespace of ours and ends what still runs in it;
// one that is not there is no error.
func removeNamespace(ns string) error {
	if _, err := os.Stat("/run/netns/" + ns); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	out, err := exec.Command("ip", "netns", "pids", ns).Output()
	if err != nil {
		return fmt.Errorf("cluster: processes of %s: %w", ns, err)
	}
	for _, f := range strings.Fields(string(out)) {
		if pid, err := strconv.Atoi(f); err == nil && pid != os.Getpid() {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may just have ended
		}
	}
	return tool("", "ip", "netns", "del", ns)
}

// removeLeftovers removes the namespaces of processes that are dead. What
// cannot be removed is in nobody's way: names are never used twice at a time.
func removeLeftovers() {
	entries, err := os.ReadDir("/run/netns")
	if err != nil {
		return // none was ever made
	}
	for _, e := range entries {
		digits, _, _ := strings.Cut(strings.TrimPrefix(e.Name(), namespacePrefix), "-")
		pid, err := strconv.Atoi(digits)
		if strings.HasPrefix(e.Name(), namespacePrefix) && err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = removeNamespace(e.Name())
		}
	}
}

// tool runs a program with input on its standard input.
func tool(input string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), toolLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("cluster: %s: %w: %s%s", strings.Join(args, " "), err, input, out.String())
	}
	return nil
}
