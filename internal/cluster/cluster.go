// Package cluster runs a whole cluster of real daemons on one machine, for
// commands that need one of their own: three daemons in processes of their
// own on two networks, with a private directory for configuration, key,
// sockets and logs. The networks can be cut, made lossy and made late. They
// are loopback networks, which need no rights, or bridges between network
// namespaces, which need root on Linux and carry packets as real ones do.
//
// A Cluster's methods belong to one goroutine. RunDaemon is what its
// processes run.
package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mpspread/config"
)

// Daemons and Networks are the names of every cluster's, in order.
var (
	Daemons  = []string{"h1", "h2", "h3"}
	Networks = []string{"A", "B"}
)

// Options say what cluster to make.
type Options struct {
	// Name goes into the cluster's own name and those of its directories.
	Name string
	// Self is the command line of a program that calls RunDaemon with the two
	// arguments added: configuration file and daemon's name.
	Self []string
	// Namespaces puts each daemon into a network namespace of its own, with a
	// bridge for each network; needs root, ip and nft.
	Namespaces bool
	// MTU is the networks' IP MTU in bytes; 0: as the interfaces have it, which
	// on loopback is much more than on an Ethernet.
	MTU int
	// Plaintext leaves packets between the daemons unsealed.
	Plaintext bool
}

// Cluster is the directory of a cluster, its networks, and its processes once
// started.
type Cluster struct {
	o         Options
	dir       string
	port      int
	place     place
	processes []*process
}

// place is where a cluster's daemons live.
type place interface {
	// address is a daemon's address on a network, both counted from 0;
	// transport the lines of the configuration for a network.
	address(network, daemon int) string
	transport(network int) string
	// command is how a command line is run as a daemon's.
	command(daemon int, args []string) []string
	// cut and lose change a network. They return false if the place cannot:
	// then the daemons themselves do.
	cut(network int, cut bool) (bool, error)
	lose(share float64) (bool, error)
	remove() error
}

// New makes a private directory with configuration and a fresh key, and the
// networks. Remove removes them.
func New(o Options) (*Cluster, error) {
	c := &Cluster{o: o}
	var err error
	if o.Namespaces {
		c.port = 4803
		c.place, err = newNamespaces()
	} else {
		c.place = loopback{}
		c.port, err = freePort()
	}
	if err != nil {
		return nil, err
	}
	if c.dir, err = os.MkdirTemp("", "mpspread-"+o.Name+"-"); err != nil {
		err = fmt.Errorf("cluster: private directory: %w", err)
	} else {
		err = c.write()
	}
	if err != nil {
		return nil, errors.Join(err, c.Remove())
	}
	return c, nil
}

// Port is the UDP port between the daemons.
func (c *Cluster) Port() int { return c.port }

// ConfigFile is the configuration of all daemons.
func (c *Cluster) ConfigFile() string { return filepath.Join(c.dir, "spread.toml") }

// ClientSockets and AdminSockets are the daemons' sockets, in order.
func (c *Cluster) ClientSockets() []string { return each(c.clients) }

// AdminSockets is where each daemon answers operators.
func (c *Cluster) AdminSockets() []string { return each(c.admin) }

func (c *Cluster) key() string                  { return filepath.Join(c.dir, "cluster.key") }
func (c *Cluster) clients(daemon string) string { return filepath.Join(c.dir, daemon+".sock") }
func (c *Cluster) admin(daemon string) string   { return filepath.Join(c.dir, daemon+".admin") }
func (c *Cluster) log(daemon string) string     { return filepath.Join(c.dir, "log", daemon+".log") }

// each gives a path for every daemon.
func each(path func(daemon string) string) []string {
	var all []string
	for _, name := range Daemons {
		all = append(all, path(name))
	}
	return all
}

// write writes key and configuration.
func (c *Cluster) write() error {
	if err := os.Mkdir(filepath.Join(c.dir, "log"), 0o700); err != nil {
		return fmt.Errorf("cluster: log directory: %w", err)
	}
	if err := os.WriteFile(c.key(), config.GenerateKeyFile(), 0o600); err != nil {
		return fmt.Errorf("cluster: key file: %w", err)
	}
	if err := os.WriteFile(c.ConfigFile(), []byte(c.text()), 0o600); err != nil {
		return fmt.Errorf("cluster: configuration: %w", err)
	}
	return nil
}

// text is the configuration of the cluster.
func (c *Cluster) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cluster = %q\nport = %d\n", c.o.Name, c.port)
	if c.o.Plaintext {
		b.WriteString("security = \"plaintext\"\n")
	} else {
		fmt.Fprintf(&b, "key_file = %q\n", c.key())
	}
	for n, name := range Networks {
		fmt.Fprintf(&b, "\n[[network]]\nname = %q\n%s", name, c.place.transport(n))
		if c.o.MTU > 0 {
			fmt.Fprintf(&b, "mtu = %d\n", c.o.MTU)
		}
	}
	for d, name := range Daemons {
		fmt.Fprintf(&b, "\n[[daemon]]\nname = %q\naddress = { ", name)
		for n, network := range Networks {
			if n > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%s = %q", network, c.place.address(n, d))
		}
		b.WriteString(" }\n")
	}
	fmt.Fprintf(&b, "\n[client]\nsockets = [%q]\n\n[monitor]\nsocket = %q\n", c.clients("{name}"), c.admin("{name}"))
	return b.String()
}

// Start starts all daemons and returns when each is ready. Whatever it
// returns, Stop ends those that run.
func (c *Cluster) Start() error {
	for d, name := range Daemons {
		args := append(c.o.Self[:len(c.o.Self):len(c.o.Self)], c.ConfigFile(), name)
		p, err := startProcess(c.place.command(d, args), c.log(name), name)
		if err != nil {
			return err
		}
		c.processes = append(c.processes, p)
	}
	for _, p := range c.processes {
		if err := p.expect(lineReady, startTimeout); err != nil {
			return err
		}
	}
	return nil
}

// Ended tells which daemon has ended and why; nil while all run. It may be
// called from any goroutine between Start and Stop.
func (c *Cluster) Ended() error {
	for _, p := range c.processes {
		select {
		case <-p.ended:
			return fmt.Errorf("cluster: daemon %s ended: %w", p.name, p.reason())
		default:
		}
	}
	return nil
}

// Stop ends all daemons, at once, and tells which did not end well.
func (c *Cluster) Stop() []error {
	failures := make(chan error, len(c.processes))
	for _, p := range c.processes {
		go func() { failures <- p.stop(stopTimeout) }()
	}
	var all []error
	for range c.processes {
		if err := <-failures; err != nil {
			all = append(all, err)
		}
	}
	c.processes = nil
	return all
}

// Cut makes a network carry nothing, or again what it can.
func (c *Cluster) Cut(network string, cut bool) error {
	done, err := c.place.cut(networkIndex(network), cut)
	if done || err != nil {
		return err
	}
	if cut {
		return c.tell(verbCut + " " + network)
	}
	return c.tell(verbHeal + " " + network)
}

// Lose makes all networks lose this share, 0 to 1, of all packets, at each
// receiver on its own.
func (c *Cluster) Lose(share float64) error {
	done, err := c.place.lose(share)
	if done || err != nil {
		return err
	}
	for _, n := range Networks {
		if err := c.tell(fmt.Sprintf("%s %s %g", verbLose, n, share)); err != nil {
			return err
		}
	}
	return nil
}

// Late makes a network late by d.
func (c *Cluster) Late(network string, d time.Duration) error {
	return c.tell(fmt.Sprintf("%s %s %v", verbLate, network, d))
}

// tell has every daemon do what a line says.
func (c *Cluster) tell(line string) error {
	for _, p := range c.processes {
		if err := p.command(line); err != nil {
			return err
		}
	}
	return nil
}

func networkIndex(name string) int {
	for i, n := range Networks {
		if n == name {
			return i
		}
	}
	panic("cluster: no network " + name)
}

// KeepLogs moves the daemons' logs out of the directory, which will be
// removed, and returns where they are.
func (c *Cluster) KeepLogs() (string, error) {
	kept, err := os.MkdirTemp("", "mpspread-"+c.o.Name+"-log-")
	if err != nil {
		return "", fmt.Errorf("cluster: keeping logs: %w", err)
	}
	for _, name := range Daemons {
		err := os.Rename(c.log(name), filepath.Join(kept, name+".log"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("cluster: keeping logs: %w", err)
		}
	}
	return kept, nil
}

// Remove removes directory and networks, after Stop.
func (c *Cluster) Remove() error {
	err := c.place.remove()
	if c.dir != "" {
		err = errors.Join(err, os.RemoveAll(c.dir))
	}
	if err != nil {
		return fmt.Errorf("cluster: removing: %w", err)
	}
	return nil
}
