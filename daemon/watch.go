package daemon

import (
	"slices"
	"time"

	"go.uber.org/zap"

	"mpspread/config"
	"mpspread/datalink"
	"mpspread/multipath"
	"mpspread/ring"
)

const (
	// watchEvery is how often links and paths are looked at: a dead path shows
	// within a second (S22).
	watchEvery = 250 * time.Millisecond
	// firstHealth is when paths have been tried: what they were before needs no
	// line.
	firstHealth = time.Second
	// pathQuiet keeps a path that comes and goes from filling the log.
	pathQuiet = 5 * time.Second
)

// watch notices what changes in links, paths and membership, tells the engine
// what it must know, and the log one line an episode. It is the loop's.
type watch struct {
	next       time.Duration // when to look again
	generation uint64
	states     []datalink.NetworkState
	sizes      []int // packet sizes the engine was told
	budget     int   // receive budget it was told
	networks   []string
	names      map[ring.DaemonID]string

	links    []multipath.NetworkState
	paths    map[pathKey]*pathLog
	degraded bool
	members  []ring.Process
}

// pathKey is a peer on a network.
type pathKey struct {
	network int
	daemon  multipath.DaemonID
}

// pathLog is what the log says of a path.
type pathLog struct {
	state multipath.PathState
	at    time.Duration
}

func (w *watch) init(c *config.Config, states []datalink.NetworkState, generation uint64) {
	w.states, w.generation, w.budget = states, generation, receiveBudget(states)
	w.names = make(map[ring.DaemonID]string)
	w.paths = make(map[pathKey]*pathLog)
	for i := range c.Networks {
		w.networks = append(w.networks, c.Networks[i].Name)
		w.sizes = append(w.sizes, packetSize(&states[i]))
	}
	for i := range c.Daemons {
		w.names[ring.DaemonID(c.Daemons[i].ID)] = c.Daemons[i].Name
	}
}

// observe looks at the links whenever they have changed, and at everything
// from time to time. It tells whether it was time to look.
func (l *loop) observe() bool {
	now, w := l.now(), &l.watch
	changed := l.links.Generation() != w.generation
	if !changed && now < w.next {
		return false
	}
	w.generation = l.links.Generation()
	w.states = l.links.States(w.states[:0])
	for i := range w.states {
		if size := packetSize(&w.states[i]); size != w.sizes[i] {
			l.linkChanged(i, w.sizes[i], size)
			w.sizes[i] = size
			l.engine.SetPacketSize(now, multipath.NetworkID(i), size)
			l.obey()
		}
	}
	if budget := receiveBudget(w.states); budget != 0 && budget != w.budget {
		w.budget = budget
		l.engine.SetReceiveBudget(now, budget)
		l.obey()
	}
	if now >= w.next {
		w.next = now + watchEvery
		if len(w.names) > 1 && now > firstHealth {
			w.health(l.log, now, l.engine.Status(now).Multipath)
		}
	}
	return true
}

// linkChanged logs a network of this host that came, went or changed.
func (l *loop) linkChanged(network, was, is int) {
	s := &l.watch.states[network]
	name := zap.String("network", l.watch.networks[network])
	switch {
	case is == 0:
		l.log.Warn("network down", name, zap.String("reason", s.Reason))
	case was == 0:
		l.log.Info("network up", name, zap.String("interface", s.Interface), zap.Int("packet_size", is))
	default:
		l.log.Info("network changed", name, zap.String("interface", s.Interface), zap.Int("packet_size", is))
	}
}

// health logs what became of networks, paths and redundancy.
func (w *watch) health(log *zap.Logger, now time.Duration, s multipath.Status) {
	if w.links == nil {
		w.links = make([]multipath.NetworkState, len(s.Networks))
		for i := range w.links {
			w.links[i] = multipath.NetworkUp // what needs no mention
		}
	}
	for i := range s.Networks {
		n := &s.Networks[i]
		if n.State != w.links[i] {
			w.links[i] = n.State
			log.Info("network state", zap.String("network", n.Name), zap.Stringer("state", n.State))
		}
		for j := range n.Peers {
			w.path(log, now, i, n.Name, &n.Peers[j])
		}
	}
	if s.RedundancyLost != w.degraded {
		w.degraded = s.RedundancyLost
		if s.RedundancyLost {
			log.Warn("redundancy lost: some pair of daemons has fewer live networks than it shares")
		} else {
			log.Info("redundancy is back")
		}
	}
}

// path logs that a path has another state than the log says.
func (w *watch) path(log *zap.Logger, now time.Duration, network int, name string, p *multipath.PathStatus) {
	key := pathKey{network, p.Daemon}
	said := w.paths[key]
	if said == nil { // a path begins in silence, which needs no mention
		said = &pathLog{state: multipath.PathSilent, at: -pathQuiet}
		w.paths[key] = said
	}
	if p.State == said.state || now-said.at < pathQuiet {
		return
	}
	level := log.Info
	if p.State != multipath.PathOK {
		level = log.Warn
	}
	level("path", zap.String("network", name), zap.String("from", p.Name), zap.Stringer("state", p.State), zap.Stringer("was", said.state))
	said.state, said.at = p.State, now
}

// configuration logs a change of membership.
func (w *watch) configuration(log *zap.Logger, c *ring.Configuration) {
	if c.Kind != ring.Regular {
		return
	}
	var members, came, gone []string
	for _, p := range c.Members {
		members = append(members, w.names[p.Daemon])
		if !slices.Contains(w.members, p) {
			came = append(came, w.names[p.Daemon])
		}
	}
	for _, p := range w.members {
		if !slices.Contains(c.Members, p) {
			gone = append(gone, w.names[p.Daemon])
		}
	}
	w.members = c.Members
	log.Info("membership", zap.Stringer("ring", c.New), zap.Strings("members", members), zap.Strings("came", came), zap.Strings("gone", gone))
}
