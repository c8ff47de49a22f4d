package demo

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"mpspread/config"
)

// The demonstration's cluster: daemons h1 to h3 with an address each on the
// networks A and B. Daemon i has 127.0.1.i and 127.0.2.i.
var (
	daemonNames  = []string{"h1", "h2", "h3"}
	networkNames = []string{"A", "B"}
)

// address is the address of a daemon on a network, both counted from 0.
func address(network, daemon int) string {
	return fmt.Sprintf("127.0.%d.%d", network+1, daemon+1)
}

// ErrNoLoopback tells that this machine has only 127.0.0.1 of all loopback
// addresses, as macOS has.
var ErrNoLoopback = errors.New("demo: this machine lacks loopback addresses")

// freePort finds a UDP port that is free on all addresses of the cluster.
func freePort() (int, error) {
	const attempts = 20
	var last error
	for range attempts {
		port, err := tryPort(addresses())
		if err == nil {
			return port, nil
		}
		if errors.Is(err, ErrNoLoopback) {
			return 0, err
		}
		last = err
	}
	return 0, fmt.Errorf("demo: looking for a free UDP port: %w", last)
}

// addresses are all addresses of the cluster.
func addresses() []string {
	var all []string
	for n := range networkNames {
		for d := range daemonNames {
			all = append(all, address(n, d))
		}
	}
	return all
}

// tryPort takes the port the kernel gives for the first address, and tries it
// on all others.
func tryPort(addresses []string) (int, error) {
	port := 0
	for _, a := range addresses {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(a), Port: port})
		if errors.Is(err, syscall.EADDRNOTAVAIL) {
			return 0, fmt.Errorf("%w: %s is not there; on macOS or BSD add them first (until the next boot):\n  for a in %s; do sudo ifconfig lo0 alias $a up; done",
				ErrNoLoopback, a, strings.Join(addresses, " "))
		}
		if err != nil {
			return 0, err
		}
		defer func() { _ = conn.Close() }()
		port = conn.LocalAddr().(*net.UDPAddr).Port
	}
	return port, nil
}

// cluster is the directory of a running demonstration: configuration, key,
// sockets and logs.
type cluster struct {
	dir  string
	port int
}

// newCluster makes a private directory with configuration and a fresh key.
func newCluster() (*cluster, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "mpspread-demo-")
	if err != nil {
		return nil, fmt.Errorf("demo: private directory: %w", err)
	}
	c := &cluster{dir: dir, port: port}
	if err := c.write(); err != nil {
		c.remove()
		return nil, err
	}
	return c, nil
}

func (c *cluster) config() string               { return filepath.Join(c.dir, "spread.toml") }
func (c *cluster) key() string                  { return filepath.Join(c.dir, "cluster.key") }
func (c *cluster) clients(daemon string) string { return filepath.Join(c.dir, daemon+".sock") }
func (c *cluster) admin(daemon string) string   { return filepath.Join(c.dir, daemon+".admin") }
func (c *cluster) log(daemon string) string     { return filepath.Join(c.dir, "log", daemon+".log") }

// write writes key and configuration.
func (c *cluster) write() error {
	if err := os.Mkdir(filepath.Join(c.dir, "log"), 0o700); err != nil {
		return fmt.Errorf("demo: log directory: %w", err)
	}
	if err := os.WriteFile(c.key(), config.GenerateKeyFile(), 0o600); err != nil {
		return fmt.Errorf("demo: key file: %w", err)
	}
	if err := os.WriteFile(c.config(), []byte(c.text()), 0o600); err != nil {
		return fmt.Errorf("demo: configuration: %w", err)
	}
	return nil
}

// text is the configuration of the cluster.
func (c *cluster) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cluster = \"demo\"\nport = %d\nkey_file = %q\n", c.port, c.key())
	for _, n := range networkNames {
		fmt.Fprintf(&b, "\n[[network]]\nname = %q\ntransport = \"unicast\"\n", n)
	}
	for d, name := range daemonNames {
		fmt.Fprintf(&b, "\n[[daemon]]\nname = %q\naddress = { ", name)
		for n, network := range networkNames {
			if n > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%s = %q", network, address(n, d))
		}
		b.WriteString(" }\n")
	}
	fmt.Fprintf(&b, "\n[client]\nsockets = [%q]\n\n[monitor]\nsocket = %q\n", c.clients("{name}"), c.admin("{name}"))
	return b.String()
}

// keepLogs moves the daemons' logs out of the directory, which will be
// removed, and returns where they are.
func (c *cluster) keepLogs() (string, error) {
	kept, err := os.MkdirTemp("", "mpspread-demo-log-")
	if err != nil {
		return "", fmt.Errorf("demo: keeping logs: %w", err)
	}
	for _, name := range daemonNames {
		err := os.Rename(c.log(name), filepath.Join(kept, name+".log"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("demo: keeping logs: %w", err)
		}
	}
	return kept, nil
}

// remove removes the directory. What it cannot remove it leaves: a temporary
// file is no reason to fail.
func (c *cluster) remove() { _ = os.RemoveAll(c.dir) }
