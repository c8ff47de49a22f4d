package admin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"mpspread/config"
	"mpspread/multipath"
)

// remoteTimeout bounds a command whose context has no deadline.
const remoteTimeout = 4 * time.Second

// ErrNotOnNetwork tells that a daemon has no address on the network it was to
// be asked over.
var ErrNotOnNetwork = errors.New("not on that network")

// Remote asks one daemon by sealed datagrams, over one network or over all
// that it is on, from the configuration and keys alone: no ring and no daemon
// of this host takes part (protocol rule 9, S26). It may be used from any
// goroutine.
type Remote struct {
	cfg      *config.Config
	keys     []multipath.Key
	daemon   *config.Daemon
	networks []int // indexes into cfg.Networks
}

// NewRemote is the way to the daemon with this index. network names the only
// one to be used; "" means all that the daemon is on. keys are ignored with
// plaintext. It fails if there is no such network, and with ErrNotOnNetwork.
func NewRemote(cfg *config.Config, keys []config.Key, daemon int, network string) (*Remote, error) {
	r := &Remote{cfg: cfg, daemon: &cfg.Daemons[daemon]}
	for _, k := range keys {
		r.keys = append(r.keys, multipath.Key{ID: k.ID, Active: k.Active, Secret: k.Secret})
	}
	known := false
	for i := range cfg.Networks {
		if network != "" && cfg.Networks[i].Name != network {
			continue
		}
		known = true
		if r.daemon.On(i) {
			r.networks = append(r.networks, i)
		}
	}
	switch {
	case !known:
		return nil, fmt.Errorf("there is no network %s in %s", network, cfg.File)
	case len(r.networks) == 0:
		return nil, fmt.Errorf("daemon %s, network %s: %w", r.daemon.Name, network, ErrNotOnNetwork)
	}
	return r, nil
}

// Ask sends one command, again and again until it is acknowledged, and returns
// the answer, which may be a refusal. If none comes until ctx ends it fails
// with an UnreachableError.
func (r *Remote) Ask(ctx context.Context, command string) (Reply, error) {
	timeout := remoteTimeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = max(time.Until(deadline), time.Millisecond)
	}
	op, err := multipath.NewOperator(multipath.OperatorConfig{
		Cluster: r.cfg.Cluster, Plaintext: r.cfg.Security == config.Plaintext, Keys: r.keys,
		Target: multipath.DaemonID(r.daemon.ID), Networks: r.ways(),
		Command: encode(Command{command}), Timeout: timeout, Entropy: rand.Reader,
	})
	if err != nil {
		return Reply{}, err
	}
	e := &exchange{op: op, begun: time.Now(), packets: make(chan packet), stop: make(chan struct{})}
	e.open(ctx, r)
	defer e.close()
	if len(e.links) == 0 {
		return Reply{}, r.unreachable(e.failures())
	}
	if err := e.run(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return Reply{}, fmt.Errorf("asking daemon %s: %w", r.where(), err)
	}
	reply, err := op.Result()
	switch {
	case !op.Done(), errors.Is(err, multipath.ErrUnreachable):
		return Reply{}, r.unreachable(e.failures())
	case errors.Is(err, multipath.ErrOutcomeUnknown):
		return Reply{}, r.unreachable(err)
	case err != nil:
		return Reply{}, fmt.Errorf("daemon %s: %w", r.where(), err)
	}
	return Reply{Body: reply.Body, RTT: reply.RTT, Came: reply.Came, Network: reply.Network}, nil
}

// ways are the daemon's addresses on the networks to use.
func (r *Remote) ways() []multipath.OperatorNetwork {
	var ways []multipath.OperatorNetwork
	for _, n := range r.networks {
		way := multipath.OperatorNetwork{ID: multipath.NetworkID(n), Name: r.cfg.Networks[n].Name}
		for _, a := range r.daemon.Addresses[n] {
			way.To = append(way.To, netip.AddrPortFrom(a, r.cfg.Port))
		}
		ways = append(ways, way)
	}
	return ways
}

// where is the daemon and the networks, in words.
func (r *Remote) where() string {
	var names []string
	for _, n := range r.networks {
		names = append(names, r.cfg.Networks[n].Name)
	}
	if len(names) == 1 {
		return r.daemon.Name + " on network " + names[0]
	}
	return r.daemon.Name + " on networks " + strings.Join(names, " and ")
}

func (r *Remote) unreachable(err error) error {
	return &UnreachableError{
		Where: r.where(), Err: err,
		Hint: "is that network whole, spreadd running there, and its key the same? try another --network",
	}
}
