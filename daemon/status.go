package daemon

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"mpspread/config"
	"mpspread/datalink"
	"mpspread/internal/admin"
	"mpspread/internal/engine"
	"mpspread/multipath"
	"mpspread/ring"
)

// statusAge is how old a status may be when it is shown. The loop makes one
// only when somebody asks, and at most one in this time.
const statusAge = 100 * time.Millisecond

var errStopping = errors.New("daemon is stopping")

// snapshots is where the loop puts its status for others to read: immutable
// documents, swapped by one pointer store (B1). Nobody who asks holds the loop
// up.
type snapshots struct {
	wake    func()
	current atomic.Pointer[snapshot]
	wanted  atomic.Bool

	mu      sync.Mutex
	waiting chan struct{} // closed when the next one is there; nil if nobody waits
	ended   bool
}

// snapshot is a status and when it was made.
type snapshot struct {
	at     time.Time
	status admin.Status
}

func (s *snapshot) fresh() bool { return s != nil && time.Since(s.at) < statusAge }

// get returns a status that is fresh. Any goroutine.
func (s *snapshots) get(ctx context.Context) (admin.Status, error) {
	for {
		if c := s.current.Load(); c.fresh() {
			return c.status, nil
		}
		s.mu.Lock()
		if s.ended {
			s.mu.Unlock()
			return admin.Status{}, errStopping
		}
		if s.waiting == nil {
			s.waiting = make(chan struct{})
		}
		next := s.waiting
		s.mu.Unlock()
		s.wanted.Store(true)
		s.wake()
		select {
		case <-next:
		case <-ctx.Done():
			return admin.Status{}, ctx.Err()
		}
	}
}

// put publishes one; the loop's.
func (s *snapshots) put(c *snapshot) {
	s.current.Store(c)
	s.release(false)
}

// end sends everybody away who waits or comes.
func (s *snapshots) end() { s.release(true) }

func (s *snapshots) release(ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = s.ended || ended
	if s.waiting != nil {
		close(s.waiting)
		s.waiting = nil
	}
}

// publish makes a status if one is wanted, and tells whether.
func (l *loop) publish() bool {
	wanted := l.status.wanted.Swap(false)
	if wanted {
		l.status.put(l.snapshot())
	}
	return wanted
}

// snapshot is the status, the last one if it is fresh.
func (l *loop) snapshot() *snapshot {
	if c := l.status.current.Load(); c.fresh() {
		return c
	}
	now := l.now()
	l.watch.states = l.links.States(l.watch.states[:0])
	s := l.engine.Status(now)
	c := &snapshot{at: time.Now(), status: l.document(&s, l.watch.states)}
	c.status.UptimeS = int64(now / time.Second)
	return c
}

// document turns the engine's status into the document of design 8.
func (l *loop) document(s *engine.Status, links []datalink.NetworkState) admin.Status {
	doc := admin.Status{
		Daemon:            l.cfg.Daemons[l.self].Name,
		Incarnation:       l.incarnation,
		Software:          l.software,
		Cluster:           l.cfg.Cluster,
		State:             s.Ring.State.String(),
		MembershipChanges: s.Ring.Counters.MembershipChanges,
		Sessions:          s.Sessions,
		Groups:            s.Groups,
		Token:             admin.Token{RotationUS: s.Ring.Rotation.Microseconds()},
		Counters:          admin.Counters{},
		RedundancyLost:    s.Multipath.RedundancyLost,
		Refused:           l.names(s.Ring.Refused),
		PartialReach:      l.names(s.Ring.PartialReach),
		Security:          admin.Sealed,
	}
	if l.cfg.Security == config.Plaintext {
		doc.Security = admin.Plaintext
	}
	doc.Ring.Members = []string{}
	if !s.Ring.Ring.IsZero() {
		doc.Ring.ID = s.Ring.Ring.String()
	}
	for _, p := range s.Ring.Members {
		doc.Ring.Members = append(doc.Ring.Members, l.watch.names[p.Daemon])
	}
	for i := range s.Multipath.Networks {
		doc.Networks = append(doc.Networks, network(&s.Multipath.Networks[i], &links[i]))
	}
	doc.Counters.Add("ring_", s.Ring.Counters)
	doc.Counters.Add("multipath_", s.Multipath.Counters)
	doc.Counters.Add("groups_", s.GroupLayer.Counters)
	doc.Counters.Add("sessions_", l.counters)
	doc.Counters.Add("loop_", l.turned)
	return doc
}

func (l *loop) names(ids []ring.DaemonID) []string {
	var names []string
	for _, id := range ids {
		names = append(names, l.watch.names[id])
	}
	return names
}

// network is one network of the document.
func network(s *multipath.NetworkStatus, link *datalink.NetworkState) admin.Network {
	n := admin.Network{
		Name: s.Name, State: s.State.String(), Policy: policyName(s.Policy),
		Interface: link.Interface, PacketSize: s.PacketSize,
		Sent: link.Sent, Received: link.Received, SendErrors: link.SendErrors, Drops: link.Drops,
		Offload: link.Offload, SentRuns: link.SentRuns, ReceivedRuns: link.ReceivedRuns,
		LastError: link.LastError, Peers: []admin.Peer{},
	}
	if !link.Up {
		n.Reason = link.Reason
	}
	for i := range s.Peers {
		n.Peers = append(n.Peers, peerDocument(&s.Peers[i]))
	}
	return n
}

func policyName(p multipath.Policy) string {
	if p == multipath.Failover {
		return config.Failover.String()
	}
	return config.Replicate.String()
}

func peerDocument(p *multipath.PathStatus) admin.Peer {
	heard := int64(-1)
	if p.LastHeard >= 0 {
		heard = p.LastHeard.Milliseconds()
	}
	return admin.Peer{
		Daemon: p.Name, State: p.State.String(), Reverse: p.Reverse.String(),
		LastHeardMS: heard, RTTUS: p.RTT.Microseconds(), Loss: p.Loss,
		First: p.First, Late: p.Late, Rescued: p.Rescued, Missing: p.Missing,
	}
}
