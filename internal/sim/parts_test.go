package sim

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// The first numbers of xoshiro256** for a known state: runs must not change
// with the tool chain.
func TestGenerator(t *testing.T) {
	r := prng{s: [4]uint64{1, 2, 3, 4}}
	for i, want := range []uint64{11520, 0, 1509978240, 1215971899390074240} {
		if got := r.next(); got != want {
			t.Errorf("number %d is %d, want %d", i, got, want)
		}
	}
	x := uint64(1234567)
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423} {
		if got := splitmix(&x); got != want {
			t.Errorf("splitmix %d is %d, want %d", i, got, want)
		}
	}
}

func TestStreamsDiffer(t *testing.T) {
	seen := map[uint64]bool{}
	for seed := range uint64(10) {
		for _, name := range []string{"", "a", "b", "ab"} {
			for n := range 3 {
				r := stream(seed, name, n)
				seen[r.next()] = true
			}
		}
	}
	if len(seen) != 10*4*3 {
		t.Errorf("%d streams of %d differ", len(seen), 10*4*3)
	}
}

func TestRanges(t *testing.T) {
	r := stream(1, "ranges")
	for range 1000 {
		if n := r.between(3, 5); n < 3 || n > 5 {
			t.Fatalf("between 3 and 5: %d", n)
		}
		if d := r.time(time.Millisecond, 2*time.Millisecond); d < time.Millisecond || d > 2*time.Millisecond {
			t.Fatalf("time %v", d)
		}
	}
	if r.chance(0) || !r.chance(1000) || r.time(time.Second, time.Second) != time.Second {
		t.Error("the ends of the ranges are wrong")
	}
	var b [13]byte
	if n, err := r.Read(b[:]); n != len(b) || err != nil || b[12] == 0 && b[11] == 0 && b[10] == 0 {
		t.Errorf("Read: %d, %v, %x", n, err, b)
	}
}

func TestHeapKeepsTimeAndTie(t *testing.T) {
	var h eventHeap
	r := stream(1, "heap")
	var want []occasion
	for range 2000 {
		o := occasion{at: time.Duration(r.below(50))}
		h.push(o)
		o.tie = h.tie
		want = append(want, o)
	}
	slices.SortFunc(want, func(a, b occasion) int {
		if a.before(&b) {
			return -1
		}
		return 1
	})
	for i := range want {
		if got := h.pop(); got != want[i] {
			t.Fatalf("item %d is %+v, want %+v", i, got, want[i])
		}
	}
	if !h.empty() {
		t.Error("something is left")
	}
}

func TestFilter(t *testing.T) {
	f := &filter{}
	for _, step := range []struct {
		counter uint64
		fresh   bool
	}{
		{1, true}, {1, false}, {3, true}, {2, true}, {2, false}, {3, false},
		{3 + filterSize, true}, {3, false}, {4, true}, {4, false},
		{1 << 40, true}, {1<<40 - filterSize, false}, {1<<40 - filterSize + 1, true}, {1<<40 - 1, true}, {1 << 40, false},
	} {
		if got := f.fresh(step.counter); got != step.fresh {
			t.Errorf("counter %d: fresh is %v", step.counter, got)
		}
	}
}

func TestLinkOrderAndGhosts(t *testing.T) {
	l := &link{seed: 1, hop: time.Millisecond}
	last := time.Duration(0)
	for i := range 100 {
		at := l.arrives(time.Duration(i)*10*time.Microsecond, time.Millisecond, 100)
		if at < last {
			t.Fatal("a packet overtook another")
		}
		last = at
	}
	l.extra = time.Second
	l.renew(time.Millisecond)
	late := l.arrives(time.Millisecond, 0, 100)
	l.weather = weather{}
	l.renew(time.Millisecond)
	if at := l.arrives(2*time.Millisecond, 0, 100); at >= late || at != 3*time.Millisecond {
		t.Errorf("after the network has stopped being late a packet arrives at %v, the late one at %v", at, late)
	}
	l.burst, l.bursts = 1000, 50
	if l.takes(0, 100) {
		t.Error("a certain burst did not begin")
	}
	l.weather = weather{}
	l.renew(time.Millisecond)
	if !l.takes(0, 100) {
		t.Error("a burst outlives its fault")
	}
}

func TestPayloadDescribesItself(t *testing.T) {
	for _, size := range []int{0, 1, headerSize - 1, headerSize, headerSize + 1, 100, 3000} {
		b := appendPayload([]byte("before"), 7, 9, size)[6:]
		if len(b) != size {
			t.Fatalf("size %d: %d bytes", size, len(b))
		}
		var m trace.Message
		describe(&m, append([]byte("another layer's header"), b...))
		if known := size >= headerSize; known != (m.Client == 7 && m.ClientCounter == 9) {
			t.Errorf("size %d: %+v", size, m)
		}
	}
	a, b := appendPayload(nil, 1, 1, 500), appendPayload(nil, 1, 2, 500)
	if slices.Equal(a[headerSize:], b[headerSize:]) {
		t.Error("two messages have one content")
	}
}

// A recording of a dead life proves nothing, nor does a network that is late.
func TestHearing(t *testing.T) {
	const fd = 400 * time.Millisecond
	a, b := newHearing(0, 2, 1, fd), newHearing(1, 2, 1, fd)
	say := func(h *hearing, now time.Duration) []byte { return h.appendHello(nil, now, []byte("beacon")) }
	at := time.Second
	b.hello(at, 0, 0, 0xa, 0xb, say(&a, at))
	if b.peers[0].life != 0 {
		t.Fatal("a life is proven by its first hello")
	}
	old := say(&b, at)
	a.hello(at, 0, 1, 0xb, 0xa, old)
	if a.peers[1].life != 0xb || a.peers[1].mutual {
		t.Fatalf("proven and not yet mutual: %+v", a.peers[1])
	}
	b.hello(at, 0, 0, 0xa, 0xb, say(&a, at))
	a.hello(at, 0, 1, 0xb, 0xa, say(&b, at))
	if !a.peers[1].mutual || !b.peers[0].mutual {
		t.Fatal("not mutual after two rounds")
	}
	if string(a.hearings([]ring.DaemonID{1, 2})[0].Beacon) != "beacon" {
		t.Error("the beacon was lost")
	}
	at += fd
	a.hello(at, 0, 1, 0xb, 0xa, old)
	a.judge(at, 1)
	if a.peers[1].mutual {
		t.Error("an old hello keeps a silent daemon heard")
	}
	// A new life is admitted, and the old one refused from then on.
	c := newHearing(1, 2, 1, fd)
	c.hello(at, 0, 0, 0xa, 0xc, say(&a, at))
	a.hello(at, 0, 1, 0xc, 0xa, say(&c, at))
	if a.peers[1].life != 0xc {
		t.Fatal("the new life is not admitted")
	}
	a.hello(at, 0, 1, 0xb, 0xa, say(&b, at))
	if a.peers[1].life != 0xc || a.known(at, 0, 1, 0xb) || !a.known(at, 0, 1, 0xc) {
		t.Error("the old life is back")
	}
	if n := binary.BigEndian.Uint64(say(&a, at)); time.Duration(n) != at {
		t.Error("a hello does not carry its clock")
	}
}

func TestClocks(t *testing.T) {
	for _, rate := range []int{900, 1000, 1100, 333} {
		d := &clock{rate: rate, base: 17 * time.Second}
		for _, local := range []time.Duration{17*time.Second + 1, 18 * time.Second, 19*time.Second + 7} {
			at := d.global(local)
			if d.local(at) < local || d.local(at-4) >= local {
				t.Errorf("rate %d: %v is reached at %v, which is %v", rate, local, at, d.local(at))
			}
		}
	}
}

// Pushes and pops in turn, as a world makes them: what is popped is always the
// earliest of all that is there.
func TestHeapWhileItIsUsed(t *testing.T) {
	var h eventHeap
	r := stream(1, "heap in use")
	var now time.Duration
	for range 200_000 {
		for n := r.below(4); n > 0 || h.empty(); n-- {
			h.push(occasion{at: now + time.Duration(r.below(1000))})
		}
		o := h.pop()
		if o.at < now {
			t.Fatalf("an event of %d comes at %d", o.at, now)
		}
		now = o.at
	}
}
