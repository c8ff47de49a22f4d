package sim

import (
	"fmt"
	"time"

	"mpspread/groups"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// recorder writes the events of a daemon's ring down.
type recorder struct {
	w        *World
	d        *daemon
	inForce  trace.ConfID // the configuration last traced
	out      trace.Event  // being written down
	expected []delivered  // what the trace said was delivered (ring mode)
}

// delivered is a delivery as the trace saw it.
type delivered struct {
	conf   *ring.Configuration
	sender ring.Process
	count  uint64
}

// newNode makes a new life of a daemon.
func (w *World) newNode(d *daemon) node {
	if w.plan.Mode == EngineMode {
		return w.newEngineNode(d)
	}
	return w.newRingNode(d)
}

// firstEpoch is what wall clocks show when a run begins, in Unix seconds.
const firstEpoch = 1_700_000_000

// ringConfig is what the ring is told in both modes. Epochs are Unix seconds,
// by clocks that are not all right.
func (w *World) ringConfig(d *daemon, r *recorder) ring.Config {
	p, hash := w.plan, uint64(1)
	if d.mistake == WrongHash {
		hash = 2
	}
	return ring.Config{
		Epoch:     firstEpoch + uint64((w.now+d.wall)/time.Second) + uint64(d.rand.below(5)),
		LaneQueue: p.LaneQueue, Hash: hash, StartSeq: p.StartSeq, StartTSeq: p.StartTSeq, Trace: r.trace,
	}
}

// position is a daemon's place in file order.
func (w *World) position(id ring.DaemonID) int {
	for i, d := range w.plan.Order {
		if d == id {
			return i
		}
	}
	panic("sim: a packet for a daemon that is not in the plan")
}

// trace is the callback of ring.Config.Trace.
func (r *recorder) trace(_ time.Duration, e *ring.TraceEvent) {
	out := &r.out
	*out = trace.Event{Ring: e.Ring, Seq: e.Seq, TSeq: e.TSeq, From: e.From, First: e.First, Verdict: e.Verdict}
	switch e.Kind {
	case ring.TraceConf:
		out.Kind, out.Ring, out.Conf = trace.Conf, ring.RingID{}, e.Conf
		r.inForce = trace.IDOf(e.Conf)
		r.expect(delivered{conf: e.Conf})
	case ring.TraceOriginate:
		out.Kind, out.In = trace.Originate, r.inForce
		r.message(out, e)
		r.asked(out, e.Message.Payload)
	case ring.TraceDeliver:
		out.Kind, out.In = trace.Deliver, trace.IDOf(e.Conf)
		r.message(out, e)
		r.expect(delivered{nil, e.Message.Sender, e.Message.Counter})
	case ring.TraceRecv:
		out.Kind = trace.Recv
		if e.First {
			out.Message.Digest = trace.DigestOf(e.Packet)
		}
	case ring.TraceTokenIn:
		out.Kind = trace.TokenIn
	case ring.TraceTokenOut:
		out.Kind = trace.TokenOut
	case ring.TraceStable:
		out.Kind = trace.Stable
	case ring.TraceDiscard:
		out.Kind = trace.Discard
	case ring.TraceState:
		out.Kind, out.State = trace.State, e.State
	case ring.TraceCommitted:
		out.Kind, out.Conf = trace.Commit, e.Conf
	case ring.TraceRequest:
		out.Kind, out.Counter = trace.Request, uint64(e.Attempt)
	case ring.TraceAnswer:
		out.Kind, out.Counter = trace.Answer, uint64(e.Attempt)
	case ring.TraceVisit:
		out.Kind, out.Sizes = trace.Visit, visitSizes(e)
	}
	r.w.emit(r.d, out)
}

func (r *recorder) expect(e delivered) {
	if r.w.plan.Mode == RingMode {
		r.expected = append(r.expected, e)
	}
}

func (r *recorder) message(out *trace.Event, e *ring.TraceEvent) {
	out.Message = trace.Message{Sender: e.Message.Sender, Counter: e.Message.Counter, Service: e.Message.Service}
	describe(&out.Message, e.Message.Payload)
}

func visitSizes(e *ring.TraceEvent) *trace.Sizes {
	v := &e.Visit
	return &trace.Sizes{
		Window: v.Window, Used: v.Used, Own: v.Own, Packet: v.Packet, Gap: int(e.Seq - v.Stable),
		Held: v.Held, Room: v.Room, Begun: v.Begun, Budget: v.Budget,
	}
}

// idleSizes are the sizes of a ring that should have nothing left to do.
func idleSizes(s ring.Sizes) *trace.Sizes {
	return &trace.Sizes{Held: s.Held, Room: s.Room, Begun: s.Begun, Budget: s.Budget, Missing: s.Missing, Waiting: s.Waiting, Timers: s.Timers}
}

// asked notes what a payload asks of the groups.
func (r *recorder) asked(out *trace.Event, payload []byte) {
	if r.w.plan.Mode != EngineMode {
		return
	}
	q, err := groups.Inspect(payload)
	if err != nil {
		r.w.checker.Broke(fmt.Sprintf("%s originated %x: %v", trace.ProcessString(r.d.process), payload, err))
		return
	}
	out.Message.Act, out.Message.Name, out.Message.Groups, out.Message.Discard = q.Act, q.Name, q.Groups, q.SelfDiscard
}
