package ring

import (
	"testing"
	"time"
)

func TestWindow(t *testing.T) {
	const payload = 1400
	packet := cost(payload)
	tests := []struct {
		name     string
		rate     int64
		rotation time.Duration
		members  int
		budget   int
		want     int
	}{
		{"nothing measured: the floor", 0, 0, 3, 1 << 30, 3 * 32 * packet},
		{"rate times rotation and a quarter", 1 << 30, 1600 * time.Microsecond, 3, 1 << 30, 1 << 31 / 1000},
		{"cap: the rate for 2 ms", 1 << 30, 100 * time.Millisecond, 3, 1 << 30, 1 << 31 / 1000},
		{"short rotation", 1 << 30, time.Millisecond, 3, 1 << 30, 1 << 30 / 1000 * 5 / 4},
		{"slow: the floor", 1 << 20, 100 * time.Microsecond, 3, 1 << 30, 3 * 32 * packet},
		{"floor of three above the budget", 0, 0, 3, 212992, 212992 - packet},
		{"budget below the rate", 1 << 30, time.Millisecond, 3, 500000, 500000 - packet},
		{"no budget to speak of", 1 << 30, time.Millisecond, 3, 1, 2 * packet},
		{"128 members on default buffers", 0, 0, 128, 212992, 212992 - packet},
	}
	for _, test := range tests {
		var f flow
		if test.rotation > 0 {
			f.rotated(0, test.rotation)
		}
		f.rate.note(0, test.rate)
		// Within a byte per microsecond: the order of the divisions.
		if got := f.window(test.members, payload, test.budget); got < test.want-1100 || got > test.want+1100 {
			t.Errorf("%s: window %d, want %d", test.name, got, test.want)
		}
	}
}

func TestShare(t *testing.T) {
	const w = 800000
	tests := []struct {
		name                  string
		mine, others, members int
		want                  int
	}{
		{"nobody else waits", 5, 0, 8, w},
		{"equal", 1000, 1000, 2, w / 2},
		{"little among much", 0, 1 << 30, 8, w / 64},
		{"much among little", 1 << 30, 1, 8, w/64 + w*7/8},
		{"the whole queue of 128", 1 << 20, 127 << 20, 128, w / 128},
	}
	for _, test := range tests {
		if got := share(w, test.mine, test.others, test.members); got < test.want-2 || got > test.want {
			t.Errorf("%s: share %d, want %d", test.name, got, test.want)
		}
	}
}

// rotations lets members with some backlogs, in bytes, that never shrink take
// their turns, and returns how many packets each has sent. No rotation, from
// any member's visit to its next, may carry more than the budget.
func rotations(t *testing.T, n, budget int, backlog []int) (sent []int) {
	const payload = 1400
	flows := make([]flow, len(backlog))
	sent = make([]int, len(backlog))
	last := make([]int, len(backlog))
	var tok token
	all := 0
	for _, b := range backlog {
		all += b
	}
	for range n {
		for i := range flows {
			f := &flows[i]
			w := f.window(len(flows), payload, budget)
			left, mine, used := f.left(w, &tok), share(w, backlog[i], all-backlog[i], len(flows)), 0
			for backlog[i] > 0 && used < left && used+cost(payload) <= f.credit+mine {
				used += cost(payload)
				sent[i]++
			}
			f.spent(mine, used, cost(payload))
			tok.fcc = swapShare(tok.fcc, f.fccMine, used)
			f.fccMine, last[i] = uint32(used), used
			total := 0
			for _, u := range last {
				total += u
			}
			if total > budget {
				t.Fatalf("%d bytes in a rotation, the budget is %d", total, budget)
			}
		}
	}
	return sent
}

// Nobody starves, whatever the others have to send and whoever comes first, and
// the window is used.
func TestNobodyStarves(t *testing.T) {
	much := func(n int) (list []int) {
		for range n {
			list = append(list, 1<<20)
		}
		return list
	}
	tests := []struct {
		name    string
		budget  int
		backlog []int
		least   int // packets of each that has some, in 1000 rotations
		all     int
	}{
		{"two with much, the last with little", 212992, []int{1 << 20, 1 << 20, 100}, 2500, 75000},
		{"128 members share 91 packets", 212992, much(128), 590, 76000},
		{"128 members, one with little", 212992, append(much(127), 100), 80, 78000},
		{"one of 128", 212992, append(make([]int, 127), 1<<20), 0, 90000},
		{"a budget of a few packets", 10 * cost(1400), much(16), 300, 7000},
	}
	for _, test := range tests {
		sent := rotations(t, 1000, test.budget, test.backlog)
		all := 0
		for i, n := range sent {
			all += n
			if test.backlog[i] > 0 && n < test.least {
				t.Errorf("%s: member %d sent %d packets in 1000 rotations, want %d", test.name, i, n, test.least)
			}
		}
		if all < test.all {
			t.Errorf("%s: %d packets in 1000 rotations, want %d", test.name, all, test.all)
		}
	}
}

func TestPeakAndTroughForget(t *testing.T) {
	var p peak
	var low trough
	p.note(0, 100)
	low.note(0, 1)
	for now := time.Second; now <= 5*time.Second; now += time.Second {
		p.note(now, 10)
		low.note(now, 10)
	}
	if p.best != 100 || low.best != 1 {
		t.Errorf("after 5 s: peak %d, trough %d, want 100 and 1", p.best, low.best)
	}
	for now := 6 * time.Second; now <= 16*time.Second; now += time.Second {
		p.note(now, 10)
		low.note(now, 10)
	}
	if p.best != 10 || low.best != 10 {
		t.Errorf("after 16 s: peak %d, trough %d, want 10", p.best, low.best)
	}
}

// A small message of one member is sent while the others saturate the ring.
func TestSmallMessageBesideSaturation(t *testing.T) {
	w, _ := formed(t, 3)
	fill := func() {
		for i := range 2 {
			for w.nodes[i].Submit(w.now, 1, Agreed, make([]byte, 1000)) == nil {
			}
			w.drain(i)
		}
	}
	for range 100 {
		fill()
		w.run(100 * time.Microsecond)
	}
	w.say(2, Agreed, "small")
	for range 50 {
		fill()
		w.run(100 * time.Microsecond)
		for _, d := range w.nodes[2].got {
			if string(d.Payload) == "small" {
				return
			}
		}
	}
	t.Error("a small message was not delivered within 5 ms")
}

// S28: what is multicast in a rotation, resends and all, never takes more of
// a receive buffer than the smallest one in the ring has.
func TestRotationFitsTheSmallestBuffer(t *testing.T) {
	for _, loss := range []int{0, 20, 5} { // one in so many
		w, _ := formed(t, 3)
		const budget = 100000
		w.nodes[1].SetReceiveBudget(w.now, budget)
		w.run(time.Second)
		visit := make([]int, 3) // bytes sent since the last visit of each
		most, packets := 0, 0
		for i, n := range w.nodes {
			n.cfg.Trace = func(_ Time, e *TraceEvent) {
				if e.Kind == TraceTokenIn && e.Verdict == TokenAccepted {
					visit[i] = 0
				}
			}
		}
		w.drop = func(a, b int, s Send) bool {
			if s.Kind != KindData {
				return false
			}
			if b == (a+1)%3 || s.To != 0 { // once for each packet
				visit[a] += cost(len(s.Payload))
				most = max(most, visit[0]+visit[1]+visit[2])
			}
			packets++
			return loss > 0 && packets%loss == 0
		}
		for range 5000 {
			for i, n := range w.nodes {
				for n.Submit(w.now, 1, Agreed, make([]byte, 1000)) == nil {
				}
				w.drain(i)
				n.got = n.got[:0]
			}
			w.run(20 * time.Microsecond)
		}
		if most > budget || most < budget/2 {
			t.Errorf("loss of one in %d: up to %d bytes in a rotation, want at most %d and more than half of it", loss, most, budget)
		}
		w.wantRing(0, 1, 2)
	}
}
