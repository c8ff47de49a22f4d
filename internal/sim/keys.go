package sim

import (
	"fmt"
	"time"

	"mpspread/multipath"
	"mpspread/ring"
)

// clusterKeys is how far the rotations of the cluster's key have come. Keys
// are numbered by their ids, from 1.
type clusterKeys struct {
	active  uint8 // before the rotation that is going on, or after the last one
	removed uint8 // the last one rotated away; 0: none
	fault   int   // the rotation that is going on …
	step    int   // … and its next step, 1 to 3; 0: none is
	behind  bool  // the daemon a step behind takes the one before first
}

// secretKey is the cluster's key with an id.
func secretKey(id uint8, active bool) multipath.Key {
	k := multipath.Key{ID: id, Active: active}
	copy(k.Secret[:], "the key of the simulated cluster")
	k.Secret[0] ^= id
	return k
}

func firstKeys() []multipath.Key { return []multipath.Key{secretKey(1, true)} }

// keysAt is the key file after a step of the rotation from key old.
func keysAt(old uint8, step int) []multipath.Key {
	switch step {
	case 1: // install
		return []multipath.Key{secretKey(old, true), secretKey(old+1, false)}
	case 2: // activate
		return []multipath.Key{secretKey(old, false), secretKey(old+1, true)}
	}
	return []multipath.Key{secretKey(old+1, true)} // remove
}

// lastKey is the last id: further rotations are left out.
const lastKey = 250

// rotate begins a rotation, unless one is going on.
func (w *World) rotate(fault int) {
	if w.plan.Mode == RingMode || w.plan.Plaintext || w.cluster.step > 0 || w.cluster.active == lastKey {
		return
	}
	w.cluster.fault, w.cluster.step, w.cluster.behind = fault, 1, false
	w.stepRotation(fault)
}

// stepRotation lets the daemon that is behind take the last step and then all
// others the next one. While some daemon cannot take a step the operator
// waits: it would be two behind.
func (w *World) stepRotation(fault int) {
	c, f := &w.cluster, &w.plan.Faults[fault]
	again := occasion{at: w.now + f.Delay, kind: rotation, n: int32(fault)}
	for i := range w.daemons {
		if d := &w.daemons[i]; d.node != nil && d.paused > 0 {
			w.heap.push(again)
			return
		}
	}
	if c.behind {
		c.behind = false
		w.stepAll(c.step-1, func(at int) bool { return at == f.From })
	}
	if c.step > 3 {
		c.active, c.removed, c.step = c.active+1, c.active, 0
		return
	}
	w.stepAll(c.step, func(at int) bool { return at != f.From })
	c.behind = f.From >= 0
	c.step++
	w.heap.push(again)
}

// stepAll lets the daemons at some positions take a step.
func (w *World) stepAll(step int, which func(at int) bool) {
	for i := range w.daemons {
		if which(w.daemons[i].at) {
			w.takeKeys(&w.daemons[i], step)
		}
	}
	w.tellLinks()
}

// takeKeys writes a daemon's key file, and has it read if it runs.
func (w *World) takeKeys(d *daemon, step int) {
	d.keys = keysAt(w.cluster.active, step)
	w.keyTurned(d, step)
	if d.node == nil || d.mistaken != nil {
		return
	}
	if d.marking.state == ring.Recovery {
		w.marks[RotatedInRecovery]++
	}
	d.node.setKeys(d.local(w.now), d.keys)
	w.settle(d)
}

// keyTurned notes for a daemon's links how long packets come on them whose key it
// opens no more. Over a network that is late by more than a step of the rotation
// takes that is everything for a while (MPX-3), whatever the network is like.
func (w *World) keyTurned(d *daemon, step int) {
	for net := range w.plan.Networks {
		for peer := range w.plan.Daemons {
			switch out, in := w.link(net, d.at, peer), w.link(net, peer, d.at); step {
			case 2:
				out.former = min(out.latest, w.now+w.delay(out))
			case 3:
				if in.refused = in.former; in.refused > w.now {
					w.heap.push(occasion{at: in.refused, kind: keyGone})
				}
			}
		}
	}
}

func (n *engineNode) setKeys(now time.Duration, keys []multipath.Key) {
	n.note(act{kind: actKeys, now: now, keys: keys})
	if err := n.engine.SetKeys(now, keys); err != nil {
		n.w.checker.Broke(fmt.Sprintf("a step of a rotation is refused: %v", err))
	}
}

// keysOf are the keys a life starts with.
func (d *daemon) keysOf() []multipath.Key {
	if d.mistaken != nil {
		return d.mistaken
	}
	return d.keys
}

// mistakenKeys are those of a key file with a mistake in it; nil: it has none.
func (w *World) mistakenKeys(m Mistake) []multipath.Key {
	switch m {
	case WrongKey:
		k := secretKey(w.cluster.active, true)
		k.Secret[1]++
		return []multipath.Key{k}
	case RemovedKey:
		return []multipath.Key{secretKey(w.cluster.removed, true)}
	}
	return nil
}

// suspend takes a network out of use at a daemon, or into use again when no
// fault wants it out any more.
func (w *World) suspend(d *daemon, net int) {
	out := false
	for i := range w.plan.Faults {
		f := &w.plan.Faults[i]
		out = out || w.active[i] && f.Kind == Suspend && f.From == d.at && f.Network == net
	}
	if d.node == nil || d.paused > 0 || d.ports[net].suspended == out {
		return
	}
	d.ports[net].suspended = out
	d.node.suspend(d.local(w.now), net, out)
	w.settle(d)
	w.tellLinks()
}

func (n *engineNode) suspend(now time.Duration, network int, suspended bool) {
	n.note(act{kind: actSuspend, now: now, network: network, yes: suspended})
	n.engine.Suspend(now, multipath.NetworkID(network), suspended)
}

// A bare ring has no keys and no networks.
func (n *ringNode) setKeys(time.Duration, []multipath.Key) {}
func (n *ringNode) suspend(time.Duration, int, bool)       {}
