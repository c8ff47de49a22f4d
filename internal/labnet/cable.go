//go:build linux

package labnet

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Cable is the cable between a host and a switch, to be pulled quickly and
// often: without a process started. Pulled, both ends have lost their carrier,
// and keep their addresses. It belongs to one goroutine; Close it.
type Cable struct {
	socket int
	port   string
}

// Cable gives access to a host's cable on a network.
func (b *Testbed) Cable(host string, network int) (*Cable, error) {
	c := &Cable{port: port(host, network)}
	err := within(b.names.switches(), func() (err error) {
		c.socket, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("labnet: cable %s: %w", c.port, err)
	}
	return c, nil
}

// Set pulls the cable or puts it in.
func (c *Cable) Set(in bool) error {
	request, err := unix.NewIfreq(c.port)
	if err == nil {
		err = unix.IoctlIfreq(c.socket, unix.SIOCGIFFLAGS, request)
	}
	if err == nil {
		flags := request.Uint16() &^ unix.IFF_UP
		if in {
			flags |= unix.IFF_UP
		}
		request.SetUint16(flags)
		err = unix.IoctlIfreq(c.socket, unix.SIOCSIFFLAGS, request)
	}
	if err != nil {
		return fmt.Errorf("labnet: cable %s: %w", c.port, err)
	}
	return nil
}

// CarrierChanges is how often a host's interface has lost or found its carrier.
func (b *Testbed) CarrierChanges(host string, network int) (n int, err error) {
	out, err := tool("", b.Inside(host, "cat", "/sys/class/net/"+Interface(network)+"/carrier_changes")...)
	if err == nil {
		_, err = fmt.Sscan(out, &n)
	}
	return n, err
}

// Close lets go of the cable and leaves it as it is.
func (c *Cable) Close() error { return unix.Close(c.socket) }
