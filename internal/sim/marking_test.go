package sim

import (
	"encoding/binary"
	"testing"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// feed hands events to the first daemon's marking.
func feed(w *World, events ...trace.Event) {
	for i := range events {
		w.mark(&w.daemons[0], &events[i])
	}
}

// staleBy is a token so many rotations older than the last one accepted.
func staleBy(n uint64) func(w *World) {
	return func(w *World) {
		id := ring.RingID{Epoch: 9}
		feed(w, trace.Event{Kind: trace.TokenIn, Verdict: ring.TokenAccepted, Ring: id, TSeq: 1 << 20})
		feed(w, trace.Event{Kind: trace.TokenIn, Verdict: ring.TokenStale, Ring: id, TSeq: 1<<20 - n})
		// Of another ring, and by another distance: none of them.
		feed(w, trace.Event{Kind: trace.TokenIn, Verdict: ring.TokenStale, Ring: ring.RingID{Epoch: 8}, TSeq: 1<<20 - n})
		feed(w, trace.Event{Kind: trace.TokenIn, Verdict: ring.TokenStale, Ring: id, TSeq: 1<<20 - 18})
	}
}

func states(list ...ring.State) (events []trace.Event) {
	for _, s := range list {
		events = append(events, trace.Event{Kind: trace.State, State: s})
	}
	return events
}

// losesLast cuts all networks from one daemon to another, one last.
func losesLast(last int) func(w *World) {
	return func(w *World) {
		w.markPaths()
		for net := range w.plan.Networks {
			if net != last {
				w.link(net, 0, 1).cut = true
				w.markPaths()
			}
		}
		w.link(last, 0, 1).cut = true
		w.markPaths()
	}
}

// sends is a daemon that sends a packet with a counter.
func sends(w *World, counter uint64) {
	data := make([]byte, ringHeader)
	binary.BigEndian.PutUint64(data[9:], counter)
	w.markSent(&w.daemons[0], data)
}

// Every situation is recognised when it occurs, once, and no other one for it.
func TestEveryMark(t *testing.T) {
	regular := func(came ...ring.RingID) trace.Event {
		return trace.Event{Kind: trace.Conf, Conf: &ring.Configuration{Kind: ring.Regular, New: ring.RingID{Epoch: 99}, Members: make([]ring.Process, 3), Came: came}}
	}
	transitional := trace.ConfID{Kind: ring.Transitional}
	id := func(epoch uint64) ring.RingID { return ring.RingID{Epoch: epoch} }
	g, c, r, o := ring.Gather, ring.Commit, ring.Recovery, ring.Operational
	for mark, occurs := range map[Mark]func(w *World){
		TokenDuplicate: func(w *World) { feed(w, trace.Event{Kind: trace.TokenIn, Verdict: ring.TokenDuplicate}) },
		StaleBy1:       staleBy(1), StaleBy15: staleBy(15), StaleBy16: staleBy(16), StaleBy17: staleBy(17),
		StaleBy255: staleBy(255), StaleBy256: staleBy(256), StaleBy257: staleBy(257), StaleBy65536: staleBy(65536),
		SafeInTransitional: func(w *World) {
			feed(w, trace.Event{Kind: trace.Deliver, In: transitional, Message: trace.Message{Service: ring.Safe}},
				trace.Event{Kind: trace.Deliver, In: transitional, Message: trace.Message{Service: ring.Agreed}},
				trace.Event{Kind: trace.Deliver, Message: trace.Message{Service: ring.Safe}})
		},
		CommitInterrupted:   func(w *World) { feed(w, states(g, c, g, o, g)...) },
		RecoveryInterrupted: func(w *World) { feed(w, states(g, c, r, g)...) },
		ReportedInterrupted: func(w *World) {
			feed(w, states(g, c, r)...)
			feed(w, trace.Event{Kind: trace.Commit})
			feed(w, states(g)...)
		},
		ThreeWayMerge: func(w *World) {
			w.first[id(5)] = true
			feed(w, regular(id(1), id(2), id(1)), regular(id(1), id(2), id(5)), regular(id(1), id(2), id(3)))
		},
		RestartUnnoticed: func(w *World) {
			w.daemons[1].node = &ringNode{}
			w.daemons[1].marking.state = o
			former := ring.Process{Daemon: 3, Incarnation: 4}
			w.daemons[1].view.members = []ring.Process{former}
			w.markRestart(&w.daemons[0], former)
			w.markRestart(&w.daemons[0], ring.Process{Daemon: 3, Incarnation: 5})
		},
		CounterLower: func(w *World) {
			sends(w, 7)
			w.markRestart(&w.daemons[0], ring.Process{})
			sends(w, 6)
			sends(w, 8)
		},
		SeqPassed31:     func(w *World) { feed(w, trace.Event{Kind: trace.Originate, Seq: 1 << 31}) },
		SeqPassed32:     func(w *World) { feed(w, trace.Event{Kind: trace.Originate, Seq: 1 << 32}) },
		RoundPassed31:   func(w *World) { feed(w, trace.Event{Kind: trace.TokenIn, Verdict: ring.TokenAccepted, TSeq: 1 << 31}) },
		RoundPassed32:   func(w *World) { feed(w, trace.Event{Kind: trace.TokenIn, Verdict: ring.TokenAccepted, TSeq: 1 << 32}) },
		CounterPassed31: func(w *World) { sends(w, 1<<31) },
		CounterPassed32: func(w *World) { sends(w, 1<<32) },
		WindowFull: func(w *World) {
			feed(w, trace.Event{Kind: trace.Visit, Sizes: &trace.Sizes{Window: 100, Used: 90, Packet: 11}},
				trace.Event{Kind: trace.Visit, Sizes: &trace.Sizes{Window: 100, Used: 90, Packet: 10}})
		},
		OverflowClosed: func(w *World) {
			feed(w, trace.Event{Kind: trace.ClientClose, Text: tooSlow}, trace.Event{Kind: trace.ClientClose, Text: "stopped"})
		},
		LastPathA: losesLast(0), LastPathB: losesLast(1), LastPathC: losesLast(2), LastPathD: losesLast(3),
	} {
		w := newWorld(quietPlan(RingMode, 2, 4), Options{})
		occurs(w)
		var want Marks
		want[mark] = 1
		if w.marks != want {
			t.Errorf("%s: %v", mark, w.marks)
		}
	}
	w := newWorld(quietPlan(RingMode, 2, 4), Options{})
	feed(w, states(g, c, r, g, c, r, g)...)
	if w.marks != (Marks{RecoveryInterrupted: 2, TwoInterrupted: 1}) {
		t.Errorf("two in a row: %v", w.marks)
	}
	feed(w, states(c, r, o)...)
	feed(w, regular())
	if feed(w, states(g, c, r, g)...); w.marks[TwoInterrupted] != 1 {
		t.Errorf("one after a configuration: %v", w.marks)
	}
}

// The marks that stand for what a run has counted at its end.
func TestFinalMarks(t *testing.T) {
	p := quietPlan(RingMode, 2, 1)
	w := newWorld(p, Options{})
	w.totals.RequestsIgnored = 3
	if m := w.finalMarks(); m[RequestBelowStable] != 0 {
		t.Error("requests ignored without a fault that makes any")
	}
	p.Faults = []Fault{{Kind: Stray, Network: -1, From: -1, To: -1}}
	w = newWorld(p, Options{})
	w.totals.RequestsIgnored = 3
	if m := w.finalMarks(); m[RequestBelowStable] != 3 {
		t.Errorf("%d requests ignored", m[RequestBelowStable])
	}
}
