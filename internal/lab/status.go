//go:build linux

package lab

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// The exit codes of spreadctl (design 8).
const (
	ExitWell        = 0
	ExitUnreachable = 3
	ExitRedundancy  = 4
)

// Status is what the lab reads of "spreadctl status --json". The names of the
// keys are part of the contract with operators, so they are written here once
// more and not taken from the program.
type Status struct {
	Version           int             `json:"version"`
	Daemon            string          `json:"daemon"`
	Incarnation       string          `json:"incarnation"`
	State             string          `json:"state"`
	Ring              RingStatus      `json:"ring"`
	MembershipChanges uint64          `json:"membership_changes"`
	Networks          []NetworkStatus `json:"networks"`
	Sessions          int             `json:"sessions"`
	Groups            int             `json:"groups"`
	UptimeS           int64           `json:"uptime_s"`
	Token             struct {
		RotationUS int64 `json:"rotation_us"`
	} `json:"token"`
	Counters map[string]uint64 `json:"counters"`
}

// RingStatus is a ring as a daemon sees it.
type RingStatus struct {
	ID      string   `json:"id"`
	Members []string `json:"members"`
}

// NetworkStatus is one network as a daemon sees it.
type NetworkStatus struct {
	Name       string       `json:"name"`
	State      string       `json:"state"`
	SendErrors uint64       `json:"send_errors"`
	Peers      []PeerStatus `json:"peers"`
}

// PeerStatus is the path to and from another daemon over one network.
type PeerStatus struct {
	Daemon      string  `json:"daemon"`
	State       string  `json:"state"`
	Reverse     string  `json:"reverse"`
	LastHeardMS float64 `json:"last_heard_ms"`
	Loss        float64 `json:"loss"`
	First       uint64  `json:"first"`
	Late        uint64  `json:"late"`
	Rescued     uint64  `json:"rescued"`
	Missing     uint64  `json:"missing"`
}

// peer finds a path in the networks a daemon told of.
func peer(networks []NetworkStatus, network, daemon string) (PeerStatus, error) {
	for _, n := range networks {
		if n.Name != network {
			continue
		}
		for _, p := range n.Peers {
			if p.Daemon == daemon {
				return p, nil
			}
		}
	}
	return PeerStatus{}, fmt.Errorf("no peer %s on network %s", daemon, network)
}

// Ctl runs spreadctl on the admin socket of a daemon.
func (l *Lab) Ctl(daemon string, args ...string) Result {
	return run("", append([]string{l.programs.spreadctl, "--socket", l.path(daemon + ".admin")}, args...)...)
}

// Remote runs spreadctl on a host of the lab with the configuration file, for
// commands that go over the networks.
func (l *Lab) Remote(host string, args ...string) Result {
	return run("", inside(l.Daemon(host).namespace,
		append([]string{l.programs.spreadctl, "--config", l.ConfigFile()}, args...)...)...)
}

// AwaitRing waits until all daemons are operational in one ring of all, and
// tells how long that took.
func (l *Lab) AwaitRing(t testing.TB, within time.Duration) time.Duration {
	t.Helper()
	return Eventually(t, within, "one ring of all", func() error { return l.ringOf(l.Names()) })
}

// ringOf tells why the daemons are not in one ring of exactly them.
func (l *Lab) ringOf(daemons []string) error {
	if err := l.Died(); err != nil {
		return err
	}
	var id string
	for _, d := range daemons {
		s, err := l.Status(d)
		switch {
		case err != nil:
			return err
		case s.State != "operational":
			return fmt.Errorf("%s is in %s", d, s.State)
		case !slices.Equal(s.Ring.Members, daemons):
			return fmt.Errorf("%s is with %q", d, s.Ring.Members)
		case id != "" && id != s.Ring.ID:
			return fmt.Errorf("%s is in ring %s, another in %s", d, s.Ring.ID, id)
		}
		id = s.Ring.ID
	}
	return nil
}

// AwaitWell waits until every daemon says that all is well: one ring of all,
// every path alive in both directions, and the exit code that says so.
func (l *Lab) AwaitWell(t testing.TB, within time.Duration) time.Duration {
	t.Helper()
	return Eventually(t, within, "all well", func() error {
		if err := l.ringOf(l.Names()); err != nil {
			return err
		}
		for _, d := range l.Names() {
			if err := l.well(d); err != nil {
				return fmt.Errorf("%s: %w", d, err)
			}
		}
		return nil
	})
}

// well tells why a daemon does not find all well.
func (l *Lab) well(daemon string) error {
	networks, err := l.NetworksOf(daemon)
	if err != nil {
		return err
	}
	for _, n := range networks {
		for _, p := range n.Peers {
			if p.State == "silent" || p.Reverse == "silent" {
				return fmt.Errorf("%s on %s: %s, reverse %s", p.Daemon, n.Name, p.State, p.Reverse)
			}
		}
	}
	if r := l.Ctl(daemon, "networks"); r.Code != ExitWell {
		return fmt.Errorf("exit code %d: %v", r.Code, r)
	}
	return nil
}

// MembershipChanges asks every daemon how often the membership has changed.
func (l *Lab) MembershipChanges(t testing.TB) map[string]uint64 {
	t.Helper()
	changes := map[string]uint64{}
	for _, d := range l.Names() {
		s, err := l.Status(d)
		if err != nil {
			t.Fatal(err)
		}
		changes[d] = s.MembershipChanges
	}
	return changes
}

// untold tells of a path that the daemons at its ends do not tell to be dead:
// the receiver as the path's state, the sender by what the receiver reports of
// it.
func (l *Lab) untold(paths []Path) error {
	views := map[string][]NetworkStatus{}
	for _, d := range l.Names() {
		v, err := l.NetworksOf(d)
		if err != nil {
			return err
		}
		views[d] = v
	}
	for _, p := range paths {
		if s, err := peer(views[p.To], p.Network, p.From); err != nil || s.State != "silent" {
			return fmt.Errorf("%v: state %q at %s (%v)", p, s.State, p.To, err)
		}
		if s, err := peer(views[p.From], p.Network, p.To); err != nil || s.Reverse != "silent" {
			return fmt.Errorf("%v: reverse %q at %s (%v)", p, s.Reverse, p.From, err)
		}
	}
	return nil
}

// wantUnchanged fails the test if a daemon's membership has changed since.
func (l *Lab) wantUnchanged(t testing.TB, before map[string]uint64) {
	t.Helper()
	for daemon, have := range l.MembershipChanges(t) {
		if have != before[daemon] {
			_, longest := l.pulse.Lost(l.made)
			t.Errorf("%s: membership_changes = %d, was %d (this machine has kept us from running for up to %v at a stretch)", daemon, have, before[daemon], longest)
		}
	}
}
