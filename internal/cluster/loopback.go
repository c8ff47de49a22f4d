package cluster

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
)

// loopback is two unicast networks of loopback addresses: daemon i has
// 127.0.1.i and 127.0.2.i. Cuts and losses are made in the daemons.
type loopback struct{}

func (loopback) address(network, daemon int) string {
	return fmt.Sprintf("127.0.%d.%d", network+1, daemon+1)
}
func (loopback) transport(int) string                      { return "transport = \"unicast\"\n" }
func (loopback) command(_ int, args []string) []string     { return args }
func (loopback) cut(network int, cut bool) (bool, error)   { return false, nil }
func (loopback) lose(share float64) (done bool, err error) { return false, nil }
func (loopback) remove() error                             { return nil }

// ErrNoLoopback tells that this machine has only 127.0.0.1 of all loopback
// addresses, as macOS has.
var ErrNoLoopback = errors.New("cluster: this machine lacks loopback addresses")

// freePort finds a UDP port that is free on all loopback addresses of a
// cluster.
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
	return 0, fmt.Errorf("cluster: looking for a free UDP port: %w", last)
}

// addresses are all loopback addresses of a cluster.
func addresses() []string {
	var all []string
	for n := range Networks {
		for d := range Daemons {
			all = append(all, loopback{}.address(n, d))
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
