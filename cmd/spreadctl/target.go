package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"

	"mpspread/config"
	"mpspread/internal/admin"
)

// defaultConfig is where a packaged daemon's configuration is.
const defaultConfig = "/etc/spread/spread.toml"

// asker is one way to a daemon: admin.Local or admin.Remote.
type asker interface {
	Ask(ctx context.Context, command string) (admin.Reply, error)
}

// target is a daemon to ask. Its name is empty where only its answer tells it.
type target struct {
	daemon string
	asker
}

// result is what a target answered.
type result struct {
	daemon string
	reply  admin.Reply
	err    error
}

// targets are the daemons that the flags mean.
func (a *app) targets() ([]target, error) {
	switch {
	case a.timeout <= 0:
		return nil, usagef("--timeout must be more than 0")
	case a.all && a.daemon != "":
		return nil, usagef("--all and --daemon exclude each other")
	case a.network == "" && a.daemon == "" && !a.all:
		socket, err := a.adminSocket()
		if err != nil {
			return nil, err
		}
		return []target{{asker: admin.Local{Socket: socket}}}, nil
	case a.socket != "":
		return nil, usagef("--socket asks the daemon of this host; it excludes --network, --daemon and --all")
	}
	return a.remoteTargets()
}

// adminSocket is --socket, or the one that can be found.
func (a *app) adminSocket() (string, error) {
	if a.socket != "" {
		return a.socket, nil
	}
	configured, port := "", uint16(0)
	if a.config != "" {
		cfg, err := loadConfig(a.config)
		if err != nil {
			return "", err
		}
		configured, port = cfg.Monitor.Socket, cfg.Port
	}
	return admin.Discover(admin.Patterns(configured, port, a.getenv))
}

// remoteTargets are daemons reached by sealed datagrams.
func (a *app) remoteTargets() ([]target, error) {
	file := a.config
	if file == "" {
		file = defaultConfig
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			return nil, usagef("--network, --daemon and --all need --config FILE (there is no %s)", defaultConfig)
		}
	}
	cfg, err := loadConfig(file)
	if err != nil {
		return nil, err
	}
	var keys []config.Key
	if cfg.Security == config.Sealed {
		if keys, err = config.LoadKeys(cfg.KeyFile); err != nil {
			return nil, configError{err}
		}
	}
	daemons, err := a.chosen(cfg)
	if err != nil {
		return nil, err
	}
	var targets []target
	for _, d := range daemons {
		remote, err := admin.NewRemote(cfg, keys, d, a.network)
		if errors.Is(err, admin.ErrNotOnNetwork) && a.all {
			continue // it is asked over a network that it does not have
		}
		if err != nil {
			return nil, usageError{err.Error()}
		}
		targets = append(targets, target{daemon: cfg.Daemons[d].Name, asker: remote})
	}
	return targets, nil
}

// chosen are the daemons that --daemon or --all mean, else this host's.
func (a *app) chosen(cfg *config.Config) ([]int, error) {
	if a.all {
		all := make([]int, len(cfg.Daemons))
		for i := range all {
			all[i] = i
		}
		return all, nil
	}
	if a.daemon != "" {
		d, err := cfg.SelfByName(a.daemon)
		if err != nil {
			return nil, usageError{err.Error()}
		}
		return []int{d}, nil
	}
	d, err := cfg.SelfByAddress(hostAddresses())
	if err != nil {
		return nil, usagef("this host is not exactly one daemon of %s; choose with --daemon NAME or --all", cfg.File)
	}
	return []int{d}, nil
}

// hostAddresses are this host's addresses; none if they cannot be read.
func hostAddresses() []netip.Addr {
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var all []netip.Addr
	for _, i := range interfaces {
		if prefix, err := netip.ParsePrefix(i.String()); err == nil {
			all = append(all, prefix.Addr().Unmap())
		}
	}
	return all
}

func loadConfig(file string) (*config.Config, error) {
	cfg, err := config.Load(file)
	if err != nil {
		return nil, configError{err}
	}
	return cfg, nil
}

// ask asks all targets at once and returns their answers in order.
func (a *app) ask(ctx context.Context, targets []target, command string) []result {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	results := make([]result, len(targets))
	var all sync.WaitGroup
	for i, t := range targets {
		all.Go(func() {
			reply, err := t.Ask(ctx, command)
			results[i] = result{t.daemon, reply, err}
		})
	}
	all.Wait()
	return results
}

// clientAddresses is where send and recv connect: --connect, or the client
// sockets of the configuration if one is given, or the usual ones ("").
func (a *app) clientAddresses(connect string) (string, error) {
	if connect != "" || a.config == "" {
		return connect, nil
	}
	cfg, err := loadConfig(a.config)
	if err != nil {
		return "", err
	}
	daemons, err := a.chosen(cfg)
	if err != nil {
		return "", err
	}
	var addresses []string
	for _, socket := range cfg.Client.Sockets {
		addresses = append(addresses, "unix:"+cfg.Expand(socket, cfg.Daemons[daemons[0]].Name))
	}
	return strings.Join(addresses, ","), nil
}
