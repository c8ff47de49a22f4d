package sim

import (
	"slices"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// Faults that wait for a protocol event (correctness reference 5.4, targeted):
// "crash the representative after it has sent the first commit token". What
// the world can see of a daemon is its trace, the kinds of its packets and
// whether its group layer exchanges its state.

// stateNames are the membership states a fault can wait for.
var stateNames = [...]string{ring.Gather: "gather", ring.Commit: "commit", ring.Recovery: "recovery", ring.Operational: "operational"}

// The other events. What is sent counts on each network.
const (
	onJoin           = "join-sent"
	onCommitToken    = "commit-token-sent"
	onRecovered      = "recovered-sent" // a message of the old ring sent again in recovery
	onReported       = "recovered-all"  // a daemon reports that it has recovered all (protocol rule 8)
	onTransitional   = "transitional"   // a transitional configuration is installed
	onInTransitional = "delivered-in-transitional"
	onRegular        = "regular" // a regular configuration is installed
	onTokenAccepted  = "token-accepted"
	onTokenSent      = "token-sent" // forwarded; not again
	onHurry          = "hurry-sent"
	onData           = "data-sent"
	onSafe           = "safe-originated"
	onSafeDelivered  = "safe-delivered"
	onExchange       = "exchange-begun" // the group layer begins to exchange its state
	onExchangeHalf   = "exchange-half"  // and has received a part of it
)

// protocolEvents are all that Fault.On can name.
var protocolEvents = append(stateNames[:len(stateNames):len(stateNames)],
	onJoin, onCommitToken, onRecovered, onReported, onTransitional, onInTransitional, onRegular,
	onTokenAccepted, onTokenSent, onHurry, onData, onSafe, onSafeDelivered, onExchange, onExchangeHalf)

// groupEvents is how many of them, the last, a ring alone does not know.
const groupEvents = 2

// sentNames are the events of packets by what they carry.
var sentNames = map[ring.Kind]string{
	ring.KindJoin: onJoin, ring.KindCommit: onCommitToken, ring.KindRecovered: onRecovered, ring.KindHurry: onHurry, ring.KindData: onData,
}

// Role names a daemon by what it is when a fault's event happens.
type Role string

// The roles. The ring is the one of the actor's last regular configuration.
const (
	Actor          Role = "actor" // the daemon at which the event happens
	Successor      Role = "successor"
	Predecessor    Role = "predecessor"
	Representative Role = "representative"
)

var roles = []Role{Actor, Successor, Predecessor, Representative}

// view is what the world knows of where a life of a daemon stands.
type view struct {
	members    []ring.Process // of its last regular configuration
	exchanging bool
	half       bool // a part of this exchange has come
	delivered  int  // since the last regular configuration
}

// observe notes an event of d's trace and begins the faults that wait for it.
func (w *World) observe(d *daemon, e *trace.Event) {
	switch e.Kind {
	case trace.State:
		w.trigger(d, stateNames[e.State])
	case trace.Conf:
		w.trigger(d, confName(e.Conf))
		if e.Conf.Kind == ring.Regular {
			d.view = view{members: e.Conf.Members}
		}
	case trace.Deliver:
		d.view.delivered++
		if e.In.Kind == ring.Transitional {
			w.trigger(d, onInTransitional)
		}
		if e.Message.Service == ring.Safe {
			w.trigger(d, onSafeDelivered)
		}
	case trace.Originate:
		if e.Message.Service == ring.Safe {
			w.trigger(d, onSafe)
		}
	case trace.TokenIn:
		if e.Verdict == ring.TokenAccepted {
			w.trigger(d, onTokenAccepted)
		}
	case trace.TokenOut:
		w.trigger(d, onTokenSent)
	case trace.Commit:
		w.trigger(d, onReported)
	}
}

func confName(c *ring.Configuration) string {
	if c.Kind == ring.Regular {
		return onRegular
	}
	return onTransitional
}

// observeSent begins the faults that wait for what d has just sent.
func (w *World) observeSent(d *daemon, data []byte) {
	if len(w.armed) == 0 {
		return
	}
	packet := Passage{Data: data, world: w}
	if name := sentNames[packet.RingKind()]; name != "" {
		w.trigger(d, name)
	}
}

// observeExchange looks, after a step of d, at where its group layer stands, if
// a fault waits for that: the status costs as much as the step.
func (w *World) observeExchange(d *daemon) {
	n, ok := d.node.(*engineNode)
	if !ok || !w.awaited(onExchange, onExchangeHalf) {
		return
	}
	was := d.view.exchanging
	d.view.exchanging = n.engine.Status(d.local(w.now)).GroupsState == "exchange"
	switch {
	case d.view.exchanging && !was:
		w.trigger(d, onExchange)
	case d.view.exchanging && d.view.delivered > 0 && !d.view.half:
		d.view.half = true
		w.trigger(d, onExchangeHalf)
	}
}

// awaited tells whether a fault waits for one of the events.
func (w *World) awaited(events ...string) bool {
	for _, i := range w.armed {
		if slices.Contains(events, w.plan.Faults[i].On) {
			return true
		}
	}
	return false
}

// trigger begins the faults that wait for an event of d: after the present
// step, like all others. Only a crash of d itself strikes at once, so that a
// daemon can die between two outputs of one step (P1).
func (w *World) trigger(d *daemon, event string) {
	if len(w.armed) == 0 || w.quiet {
		return
	}
	w.armed = slices.DeleteFunc(w.armed, func(i int) bool {
		f := &w.plan.Faults[i]
		if f.On != event {
			return false
		}
		if w.happened[i]++; w.happened[i] < f.Nth {
			return false
		}
		w.fired[i] = true
		w.cast(f, d)
		if f.Kind == Crash && f.Count == 0 && f.After == 0 && f.From == d.at {
			d.doomed = 0
		}
		w.heap.push(occasion{at: w.now + f.After, kind: faultBegins, n: int32(i)})
		return true
	})
}

// cast fills in whom a fault strikes, by its role at the event of d.
func (w *World) cast(f *Fault, d *daemon) {
	if f.Role == "" {
		return
	}
	struck := w.inRole(f.Role, d)
	if f.Kind == Deaf {
		f.To = struck
		return
	}
	f.From = struck
}

// inRole is the daemon that has a role in the ring of d; d itself where it is
// in none.
func (w *World) inRole(role Role, d *daemon) int {
	members := d.view.members
	at := slices.Index(members, d.process)
	if at < 0 {
		return d.at
	}
	switch role {
	case Successor:
		at = (at + 1) % len(members)
	case Predecessor:
		at = (at + len(members) - 1) % len(members)
	case Representative:
		at = 0
	}
	return w.position(members[at].Daemon)
}
