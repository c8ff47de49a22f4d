package multipath

import "time"

const (
	// pairGrace is how long a new life, of a peer or this one, may take until
	// all its paths work for the first time, before that counts as lost
	// redundancy.
	pairGrace = 2 * time.Second
	// duplicateShown is how long two daemons of one name stay in the status.
	duplicateShown = 10 * time.Second
)

// Status returns a snapshot of everything that operators see.
func (m *Multipath) Status(now Time) Status {
	s := Status{Counters: m.counters, RedundancyLost: m.redundancyLost(now), Keys: m.keyStatus()}
	for _, n := range m.networks {
		s.Networks = append(s.Networks, m.networkStatus(now, n))
	}
	for _, d := range m.daemons {
		if d.life != nil && d.life.heard && d.life.redundancyLost {
			s.RedundancyLost = true
		}
		if d.duplicate != 0 && now-d.duplicate < duplicateShown {
			s.DuplicateIdentity = append(s.DuplicateIdentity, d.ID)
		}
	}
	return s
}

func (m *Multipath) networkStatus(now Time, n *network) NetworkStatus {
	s := NetworkStatus{Name: n.Name, State: m.networkState(now, n), Policy: m.cfg.Policy, PacketSize: n.verified}
	for _, d := range n.peers {
		s.Peers = append(s.Peers, m.pathStatus(now, n, d))
	}
	return s
}

func (m *Multipath) pathStatus(now Time, n *network, d *daemon) PathStatus {
	p, line := &d.paths[n.id], &d.ledger.lines[n.id]
	loss := p.loss.share(now, p.overdue(now))
	if !p.alive {
		loss = 1
	}
	s := PathStatus{
		Daemon: d.ID, Name: d.Name, State: p.state(now), Reverse: p.reverse,
		Slow: p.slow(m.lateAge) || p.reverseLate, LastHeard: now - p.lastHeard, RTT: p.rtt, Loss: loss,
		First: line.first, Late: line.late, Rescued: line.rescued, Missing: line.missing,
	}
	if p.lastHeard == never {
		s.LastHeard = -1
	}
	if d.life == nil || !d.life.heard {
		s.Reverse = PathSilent
	}
	return s
}

// networkState judges this daemon's end of a network. It is down if its
// interface is, or if nobody is heard over it who is heard over another; it is
// degraded if the path of some configured peer does not fully work, be it that
// the peer is missing.
func (m *Multipath) networkState(now Time, n *network) NetworkState {
	switch {
	case !n.up():
		return NetworkDown
	case n.suspended:
		return NetworkSuspended
	}
	there, heard, good := 0, 0, 0
	for _, d := range n.peers {
		if !m.reachable(d) {
			continue
		}
		there++
		p := &d.paths[n.id]
		if p.alive {
			heard++
		}
		if p.live(m.lateAge) && p.state(now) == PathOK && (!p.reverseKnown || p.reverse == PathOK) {
			good++
		}
	}
	switch {
	case there > 0 && heard == 0:
		return NetworkDown
	case good < len(n.peers):
		return NetworkDegraded
	}
	return NetworkUp
}

// reachable tells whether a daemon is there: over some network it is heard.
func (m *Multipath) reachable(d *daemon) bool {
	if d.life == nil {
		return false
	}
	for i := range d.paths {
		if d.paths[i].alive {
			return true
		}
	}
	return false
}

// redundancyLost tells whether this daemon and some other configured one have
// fewer live networks than they share (design 8, exit code 4). Networks down or
// suspended here count as not live; with a daemon that is missing none is.
func (m *Multipath) redundancyLost(now Time) bool {
	for _, d := range m.daemons {
		switch {
		case d.self:
		case m.reachable(d):
			if !m.pairWorks(d) && (d.life.paired || now-d.life.since >= pairGrace) {
				return true
			}
		case now-m.startedAt >= pairGrace:
			return true
		}
	}
	return false
}

// pairWorks tells whether all networks shared with another daemon are live.
func (m *Multipath) pairWorks(d *daemon) bool {
	for _, n := range m.networks {
		if d.shared&n.bit != 0 && !(n.usable() && d.paths[n.id].live(m.lateAge)) {
			return false
		}
	}
	return true
}
