package ring

import (
	"bytes"
	"testing"
	"time"
)

// sayFrom lets a node multicast for a while, and returns how many it has.
func (w *network) sayFrom(i, n int, every time.Duration) {
	for k := range n {
		_ = w.nodes[i].Submit(w.now, Lane(1), Agreed, bytes.Repeat([]byte{byte(k)}, 1000))
		w.drain(i)
		w.run(every)
	}
}

// largePacket is what only whole packets are.
func largePacket(s Send) bool { return len(s.Payload) > 900 }

// SCN-17, LIV-7: packets larger than the token do not get through to one
// member. It asks for a bounded time, then the others go on without it.
func TestDeafForLargePackets(t *testing.T) {
	w, _ := formed(t, 4)
	w.drop = func(_, to int, s Send) bool { return to == 3 && largePacket(s) }
	w.sayFrom(0, 1, time.Millisecond)
	at := w.now
	for w.nodes[0].cur.daemons.has(3) && w.now < at+10*testFD {
		w.run(10 * time.Millisecond)
	}
	if took := w.now - at; took > 4*testFD {
		t.Errorf("excluded after %v", took)
	}
	w.run(testFD)
	w.wantRing(0, 1, 2)
}

// LIV-5: large packets of one member get through to nobody. All others lack
// them; they leave it, and stay together.
func TestMuteForLargePackets(t *testing.T) {
	w, _ := formed(t, 4)
	w.drop = func(from, _ int, s Send) bool { return from == 3 && largePacket(s) }
	w.sayFrom(3, 1, time.Millisecond)
	at := w.now
	for w.nodes[0].cur.daemons.has(3) && w.now < at+10*testFD {
		w.run(10 * time.Millisecond)
	}
	if took := w.now - at; took > 4*testFD {
		t.Errorf("excluded after %v", took)
	}
	w.run(10 * time.Millisecond)
	w.wantRing(0, 1, 2)
	for i, n := range w.nodes {
		if n.isolated {
			t.Errorf("node %d takes itself for deaf", i)
		}
	}
}

// LIV-7: one member receives a tenth of all packets. It slows the ring or is
// excluded, again and again; the others deliver what they send.
func TestReceiverOfATenth(t *testing.T) {
	w, from := formed(t, 4)
	n := uint64(0)
	w.drop = func(_, to int, _ Send) bool {
		n = n*6364136223846793005 + 1442695040888963407
		return to == 3 && n>>33%10 != 0
	}
	const messages = 300
	w.sayFrom(0, messages, 50*time.Millisecond)
	w.run(20 * testFD)
	for i := range 3 {
		got := 0
		for _, d := range w.nodes[i].got[from[i]:] {
			if d.Conf == nil {
				got++
			}
		}
		if got != messages {
			t.Errorf("node %d has delivered %d of %d messages", i, got, messages)
		}
	}
}

// LIV-8: a process that stood still, for however long, is back in the ring
// within the bound, with nothing started anew.
func TestPaused(t *testing.T) {
	for _, pause := range []time.Duration{testFD / 2, testFD, 3 * testFD / 2, 3 * testFD, 100 * testFD} {
		w, _ := formed(t, 3)
		for range 4 { // it may happen more than once
			w.nodes[1].up = false
			w.run(pause)
			w.nodes[1].up = true
			w.run(12 * testFD)
			w.wantRing(0, 1, 2)
		}
	}
}

// RNG-7: the asker learns from a request that comes back how many can answer,
// and passes over no more of them than there are, lest most of its requests are
// in vain. There may be one more by now.
func TestHoldersAreLearned(t *testing.T) {
	r, in := turningRing(5, 0)
	in.hold(9)
	q := request{asker: 0, of: ofThisRing}
	skips := ""
	for range 6 {
		tok := token{seq: 9}
		r.ask(0, in, &tok, q, 1, 4, 10)
		asked := tok.requests[0]
		skips += string('0' + rune(asked.skip))
		if asked.skip > 0 { // position 3 alone holds it, and was passed over
			asked.skip, asked.able = asked.skip-1, 4
			in.noteHolders(&asked)
		}
	}
	if s := in.store.at(1); skips != "010101" || s.able != 1 || s.holder != 3 {
		t.Errorf("passed over %s, then %d hold it, %d the last", skips, s.able, s.holder)
	}
}

// SCN-07, LIV-5: one that receives nothing, or sends nothing, for ever. The
// others settle, and stay.
func TestDeafOrMuteNode(t *testing.T) {
	for name, cut := range map[string]func(a, b int) bool{
		"deaf": func(_, b int) bool { return b == 1 },
		"mute": func(a, _ int) bool { return a == 1 },
	} {
		w, _ := formed(t, 4)
		w.cut = cut
		w.run(12 * testFD)
		w.wantRing(0, 2, 3)
		before := w.nodes[0].n.MembershipChanges
		w.run(40 * testFD)
		if n := w.nodes[0].n.MembershipChanges - before; n > 0 {
			t.Errorf("%s: %d membership changes though nothing changed", name, n)
		}
	}
}
