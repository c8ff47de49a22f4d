package ring

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// drainLanes packs everything into packets of size and takes them apart again.
func drainLanes(t fataler, l *lanes, size int) (finished []submission, packets int) {
	var f filling
	var re reassembly
	for !l.empty() {
		f = filling{large: 1 << 30}
		packet := l.fill(nil, size, &f)
		if len(packet) == 0 || len(packet) > size {
			t.Fatalf("packet of %d bytes, size %d", len(packet), size)
		}
		packets++
		var whole [][]byte
		for rest := packet; len(rest) > 0; {
			var c chunk
			var ok bool
			if c, rest, ok = nextChunk(rest); !ok {
				t.Fatalf("malformed packet %x", packet)
			}
			m := c.data
			if c.fragment {
				m, _ = re.add(0, &c, 1<<30)
			}
			if c.last() {
				whole = append(whole, bytes.Clone(m))
			}
		}
		if len(whole) != len(f.finished) {
			t.Fatalf("%d messages end in the packet, %d were reported", len(whole), len(f.finished))
		}
		for i := range whole {
			if !bytes.Equal(whole[i], f.finished[i].payload) {
				t.Fatalf("message of %d bytes came out as %d others", len(f.finished[i].payload), len(whole[i]))
			}
		}
		finished = append(finished, f.finished...)
	}
	return finished, packets
}

func TestLanesKeepEveryMessageInItsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLanes(1 << 30)
		sent := map[byte][]int{}
		for i := range rapid.IntRange(1, 40).Draw(t, "messages") {
			id := rapid.ByteRange(1, 4).Draw(t, "lane")
			size := rapid.SampledFrom([]int{0, 1, 60, 400, 1000, 5000, 150000}).Draw(t, "size")
			m := append([]byte{id, byte(i)}, make([]byte, size)...)
			if err := l.submit(Lane(id), Agreed, m); err != nil {
				t.Fatal(err)
			}
			sent[id] = append(sent[id], i)
		}
		got := map[byte][]int{}
		finished, _ := drainLanes(t, &l, rapid.IntRange(200, 1500).Draw(t, "packet"))
		for _, s := range finished {
			got[s.payload[0]] = append(got[s.payload[0]], int(s.payload[1]))
		}
		if fmt.Sprint(got) != fmt.Sprint(sent) {
			t.Fatalf("came out as %v, want %v", got, sent)
		}
		if l.bytes != 0 || len(l.byID) != 0 || l.large != nil {
			t.Fatalf("left over: %d bytes, %d lanes, large %v", l.bytes, len(l.byID), l.large)
		}
	})
}

// fataler is what tests and rapid's have in common.
type fataler interface {
	Fatalf(format string, args ...any)
}

func TestLanesAreFair(t *testing.T) {
	l := newLanes(1 << 30)
	for range 100 {
		l.submit(1, Agreed, make([]byte, 1000))
	}
	l.submit(2, Agreed, []byte("small"))
	finished, _ := drainLanes(t, &l, 1400)
	for i, s := range finished {
		if len(s.payload) == 5 && i > 4 {
			t.Errorf("a small message waited for %d of another client", i)
		}
	}
}

func TestLaneLimit(t *testing.T) {
	l := newLanes(100)
	if err := l.submit(1, Agreed, make([]byte, 500)); err != nil {
		t.Errorf("an empty lane refused a message: %v", err)
	}
	if err := l.submit(1, Agreed, []byte("x")); err != ErrWindowFull {
		t.Errorf("a full lane: %v, want ErrWindowFull", err)
	}
	if err := l.submit(2, Agreed, []byte("x")); err != nil {
		t.Errorf("another lane: %v", err)
	}
	drainLanes(t, &l, 300)
	if !l.freed || !l.room(1) {
		t.Error("room in the full lane was not reported")
	}
}

// A message cut off by a change of rings is sent again from its beginning.
func TestLanesRestart(t *testing.T) {
	l := newLanes(1 << 20)
	l.submit(1, Agreed, bytes.Repeat([]byte("a"), 200000))
	f := filling{large: 1 << 30}
	l.fill(nil, 1400, &f)
	if f.begun != 200000 || l.large == nil || l.bytes >= 200000 {
		t.Fatalf("begun %d, waiting %d", f.begun, l.bytes)
	}
	l.restart()
	if l.bytes != 200000 || l.large != nil {
		t.Errorf("after restart: waiting %d, large %v", l.bytes, l.large)
	}
	if finished, _ := drainLanes(t, &l, 1400); len(finished) != 1 {
		t.Errorf("%d messages came out, want 1", len(finished))
	}
}

func TestOneLargeMessageAtATime(t *testing.T) {
	l := newLanes(1 << 30)
	l.submit(1, Agreed, make([]byte, 200000))
	l.submit(2, Agreed, make([]byte, 300000))
	l.submit(3, Agreed, []byte("x"))
	f := filling{large: 250000}
	l.fill(nil, 1400, &f)
	l.fill(nil, 1400, &f)
	l.fill(nil, 1400, &f)
	if f.begun != 200000 {
		t.Errorf("%d bytes of large messages begun, want the first one's 200000", f.begun)
	}
	f = filling{large: 0}
	l2 := newLanes(1 << 30)
	l2.submit(1, Agreed, make([]byte, 200000))
	if b := l2.fill(nil, 1400, &f); len(b) != 0 || f.begun != 0 {
		t.Errorf("began a large message beyond the budget")
	}
}

// One whose large message may not begin yet does not hold up those behind it.
func TestBlockedLargeMessageHoldsNobodyUp(t *testing.T) {
	l := newLanes(1 << 30)
	for id := Lane(1); id <= 3; id++ {
		l.submit(id, Agreed, make([]byte, 200000))
	}
	f := filling{large: 0}
	l.fill(nil, 1400, &f)
	l.submit(4, Agreed, []byte("small"))
	l.fill(nil, 1400, &f)
	if len(f.finished) != 1 || len(f.finished[0].payload) != 5 {
		t.Errorf("the small message was not sent")
	}
}
