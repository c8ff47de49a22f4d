package ring

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

// network is a few rings in one goroutine on virtual time, with equal delays:
// enough to see the protocol work. Faults and judgement are internal/sim's.
type network struct {
	t      *testing.T
	now    Time
	nodes  []*node
	delay  time.Duration
	flying []flight
	cut    func(from, to int) bool
	drop   func(from, to int, s Send) bool
}

type node struct {
	*Ring
	process Process
	up      bool
	got     []Delivery
	confs   []*Configuration
}

type flight struct {
	at       Time
	from, to int
	fromP    Process
	kind     Kind
	payload  []byte
}

const testFD = 500 * time.Millisecond

func newNetwork(t *testing.T, n int) *network {
	w := &network{t: t, delay: 100 * time.Microsecond}
	for i := range n {
		w.nodes = append(w.nodes, &node{})
		w.start(i, Incarnation(1000+i))
	}
	return w
}

func (w *network) start(i int, life Incarnation) {
	p := Process{DaemonID(i + 1), life}
	var all []DaemonID
	for k := range 8 {
		all = append(all, DaemonID(k+1))
	}
	w.nodes[i] = &node{process: p, up: true, Ring: New(Config{
		Self: p, Daemons: all, FailureDetection: testFD, Epoch: 1700000000, PayloadSize: 1400, Hash: 7,
	})}
	w.hear()
}

func (w *network) linked(a, b int) bool {
	return w.nodes[a].up && w.nodes[b].up && (w.cut == nil || !w.cut(a, b))
}

// hear tells each node whom it hears: at once, as if hellos took no time.
func (w *network) hear() {
	for i, n := range w.nodes {
		if n.Ring == nil || !n.up {
			continue
		}
		var list []Hearing
		for k, m := range w.nodes {
			if k != i && m.Ring != nil {
				list = append(list, Hearing{Process: m.process, Mutual: w.linked(i, k) && w.linked(k, i), Beacon: m.Beacon()})
			}
		}
		n.SetHearing(w.now, list)
		w.drain(i)
	}
}

func (w *network) drain(i int) {
	n := w.nodes[i]
	for _, s := range n.Sends() {
		for k := range w.nodes {
			if k == i || s.To != 0 && s.To != w.nodes[k].process.Daemon || !w.linked(i, k) || w.drop != nil && w.drop(i, k, s) {
				continue
			}
			w.flying = append(w.flying, flight{w.now + w.delay, i, k, n.process, s.Kind, bytes.Clone(s.Payload)})
		}
	}
	for _, d := range n.Deliveries() {
		if d.Conf != nil {
			n.confs = append(n.confs, d.Conf)
		}
		d.Payload = bytes.Clone(d.Payload)
		n.got = append(n.got, d)
	}
}

// run lets time pass.
func (w *network) run(d time.Duration) {
	end := w.now + d
	hello := w.now
	for {
		next := min(end, hello)
		for _, f := range w.flying {
			next = min(next, f.at)
		}
		for _, n := range w.nodes {
			if n.up {
				next = min(next, max(n.Deadline(), w.now))
			}
		}
		w.now = next
		if w.now >= end {
			return
		}
		if w.now >= hello {
			hello = w.now + 50*time.Millisecond
			w.hear()
		}
		flying := w.flying
		w.flying = nil
		for _, f := range flying {
			switch {
			case f.at > w.now:
				w.flying = append(w.flying, f)
			case w.linked(f.from, f.to):
				w.nodes[f.to].Receive(w.now, f.fromP, f.kind, f.payload)
				w.drain(f.to)
			}
		}
		for i, n := range w.nodes {
			for k := 0; n.up && n.Deadline() <= w.now; k++ {
				if k > 1000 {
					w.t.Fatalf("node %d in %v never comes to rest at %v: %v %+v iso %v %v re %v", i, n.state, w.now, n.Deadline(), n.gathering, n.isolated, n.isolatedUntil, n.recheckAt)
				}
				n.Advance(w.now)
				w.drain(i)
			}
		}
	}
}

func (w *network) wantRing(nodes ...int) {
	w.t.Helper()
	for _, i := range nodes {
		st := w.nodes[i].Status()
		if st.State != Operational || len(st.Members) != len(nodes) || st.Ring != w.nodes[nodes[0]].Status().Ring {
			w.t.Fatalf("at %v node %d: %v in ring %v of %d, want a common ring of %v", w.now, i, st.State, st.Ring, len(st.Members), nodes)
		}
	}
}

func TestThreeFormOneRing(t *testing.T) {
	w := newNetwork(t, 3)
	w.run(500 * time.Millisecond)
	w.wantRing(0, 1, 2)
	if n := w.nodes[0].Status().Counters.MembershipChanges; n > 2 {
		t.Errorf("%d membership changes to form the first ring, want at most 2", n)
	}
}

func TestTotalOrder(t *testing.T) {
	w := newNetwork(t, 3)
	w.run(500 * time.Millisecond)
	for i := range 300 {
		size := []int{0, 1, 100, 1300, 1400, 5000, 140000}[i%7]
		m := append([]byte(fmt.Sprintf("%d:", i)), bytes.Repeat([]byte{byte(i)}, size)...)
		n := i % 3
		for w.nodes[n].Submit(w.now, Lane(i%5), Service(i%6), m) == ErrWindowFull {
			w.run(time.Millisecond)
		}
		w.drain(n)
		if i%10 == 0 {
			w.run(time.Millisecond)
		}
	}
	w.run(2 * time.Second)
	w.wantRing(0, 1, 2)
	var want []string
	for i, n := range w.nodes {
		var got []string
		for _, d := range n.got {
			if d.Conf == nil {
				got = append(got, fmt.Sprintf("%d/%d/%d %.20q", d.Sender.Daemon, d.Counter, len(d.Payload), d.Payload))
			}
		}
		if len(got) != 300 {
			t.Errorf("node %d delivered %d messages, want 300", i, len(got))
		}
		if want == nil {
			want = got
		} else if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("node %d delivered another sequence than node 0", i)
		}
	}
}

func TestCrashAndReturn(t *testing.T) {
	w := newNetwork(t, 3)
	w.run(500 * time.Millisecond)
	w.wantRing(0, 1, 2)
	w.nodes[1].up = false
	w.run(time.Second)
	w.wantRing(0, 2)
	w.start(1, 99)
	w.run(time.Second)
	w.wantRing(0, 1, 2)
}

func TestPartitionAndMerge(t *testing.T) {
	w := newNetwork(t, 4)
	w.run(500 * time.Millisecond)
	w.wantRing(0, 1, 2, 3)
	w.cut = func(a, b int) bool { return a/2 != b/2 }
	w.run(2 * time.Second)
	w.wantRing(0, 1)
	w.wantRing(2, 3)
	w.cut = nil
	w.run(time.Second)
	w.wantRing(0, 1, 2, 3)
}

func TestLeaveIsNoticedAtOnce(t *testing.T) {
	w := newNetwork(t, 3)
	w.run(500 * time.Millisecond)
	w.nodes[0].Leave(w.now)
	w.drain(0)
	w.run(100 * time.Millisecond)
	w.wantRing(1, 2)
}

// Limits of a daemon's own clients are not limits of what others may send:
// what one member refuses to put together the others would deliver (VS-1).
func TestMembersWithDifferentLimits(t *testing.T) {
	w, from := formed(t, 3)
	w.nodes[2].cfg.MaxMessage, w.nodes[2].cfg.ReassemblyBudget = 150000, 150000
	large := bytes.Repeat([]byte("x"), 1000000)
	for i := range 2 {
		if err := w.nodes[i].Submit(w.now, 1, Agreed, bytes.Clone(large)); err != nil {
			t.Fatal(err)
		}
		w.drain(i)
	}
	w.run(2 * time.Second)
	w.wantRing(0, 1, 2)
	for i, n := range w.nodes {
		got := n.got[from[i]:]
		if len(got) != 2 || len(got[0].Payload) != len(large) || len(got[1].Payload) != len(large) {
			t.Errorf("node %d was given %d deliveries, want the two large messages", i, len(got))
		}
	}
}
