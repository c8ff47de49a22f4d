//go:build linux

package labnet

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Cable is the cable between a host and a switch, to be pulled quickly and
// often: without a process started. Pulled, both ends have lost their carrier,
// and keep their addresses. It belongs to one goroutine; Close it.
type Cable struct {
	port, host end
}

// end is an interface at an end of a cable, and a socket to speak of it with
// the kernel.
type end struct {
	socket int
	name   string
}

// Cable gives access to a host's cable on a network.
func (b *Testbed) Cable(host string, network int) (*Cable, error) {
	p, err := openEnd(b.names.switches(), port(host, network))
	if err != nil {
		return nil, err
	}
	h, err := openEnd(b.Namespace(host), Interface(network))
	if err != nil {
		unix.Close(p.socket)
		return nil, err
	}
	return &Cable{p, h}, nil
}

func openEnd(ns, name string) (e end, err error) {
	e.name = name
	err = within(ns, func() (err error) {
		e.socket, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return e, fmt.Errorf("labnet: %s: %w", name, err)
	}
	return e, nil
}

func (e end) flags() (*unix.Ifreq, error) {
	request, err := unix.NewIfreq(e.name)
	if err == nil {
		err = unix.IoctlIfreq(e.socket, unix.SIOCGIFFLAGS, request)
	}
	if err != nil {
		return nil, fmt.Errorf("labnet: %s: %w", e.name, err)
	}
	return request, nil
}

// Set pulls the cable or puts it in. It carries something again a little
// later (Carries).
func (c *Cable) Set(in bool) error {
	request, err := c.port.flags()
	if err != nil {
		return err
	}
	flags := request.Uint16() &^ unix.IFF_UP
	if in {
		flags |= unix.IFF_UP
	}
	request.SetUint16(flags)
	if err := unix.IoctlIfreq(c.port.socket, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("labnet: %s: %w", c.port.name, err)
	}
	return nil
}

// Carries tells whether both ends can send: the kernel takes notice of a
// carrier that is back in a worker of its own, in its own time.
func (c *Cable) Carries() (bool, error) {
	for _, e := range []end{c.port, c.host} {
		request, err := e.flags()
		if err != nil {
			return false, err
		}
		if request.Uint16()&unix.IFF_RUNNING == 0 {
			return false, nil
		}
	}
	return true, nil
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
func (c *Cable) Close() error {
	return errors.Join(unix.Close(c.port.socket), unix.Close(c.host.socket))
}
