package ring

import (
	"bytes"
	"testing"
	"time"
)

func samplePackets() map[string][]byte {
	tok := sampleToken()
	h := header{ring: sampleRing, origin: 2, safe: true, seq: 9, round: 4, counter: 77}
	packet := h.append(nil)
	for _, c := range []chunk{
		{service: Agreed, data: []byte("hello")},
		{service: Safe, fragment: true, message: 3, total: 500, offset: 100, data: bytes.Repeat([]byte{1}, 200)},
		{service: Unreliable},
	} {
		packet = c.append(packet)
	}
	j := join{gather: 4, epoch: 1700000000, old: sampleRing, hash: 7, hears: set{7}, proposal: set{3}}
	c := commitToken{ring: sampleRing, round: 1, entries: []commitEntry{
		{process: sampleRing.Representative, gather: 4, filled: true, old: sampleRing, aru: 5, high: 9, delivered: 5, stable: 4, obligations: set{3}},
		{process: Process{4, 9}, gather: 2},
	}}
	return map[string][]byte{"token": tok.append(nil), "data": packet, "join": j.append(nil), "commit": c.append(nil)}
}

func parsePacket(kind string, b []byte) (again []byte, ok bool) {
	switch kind {
	case "token":
		var t token
		if ok = t.parse(b); ok {
			again = t.append(nil)
		}
	case "data":
		h, chunks, good := parseHeader(b)
		if ok = good && wellFormed(chunks, h.safe); ok {
			again = h.append(nil)
			for rest := chunks; len(rest) > 0; {
				var c chunk
				c, rest, _ = nextChunk(rest)
				again = c.append(again)
			}
		}
	case "join":
		var j *join
		if j, ok = parseJoin(b, 0); ok {
			again = j.append(nil)
		}
	case "commit":
		var c *commitToken
		if c, ok = parseCommit(b); ok {
			again = c.append(nil)
		}
	}
	return again, ok
}

// Correctness reference 9: one encoding per value, whatever comes in.
func TestPacketsHaveOneEncoding(t *testing.T) {
	for kind, b := range samplePackets() {
		again, ok := parsePacket(kind, b)
		if !ok || !bytes.Equal(again, b) {
			t.Errorf("%s: accepted %v, came back as\n%x, want\n%x", kind, ok, again, b)
		}
		for n := range b {
			if again, ok := parsePacket(kind, b[:n]); ok && !bytes.Equal(again, b[:n]) {
				t.Errorf("%s cut after %d bytes is read as something else", kind, n)
			}
		}
		for bit := range 8 * len(b) {
			flipped := bytes.Clone(b)
			flipped[bit/8] ^= 1 << (bit % 8)
			if again, ok := parsePacket(kind, flipped); ok && !bytes.Equal(again, flipped) {
				t.Errorf("%s with bit %d flipped is read as something else", kind, bit)
			}
		}
	}
}

func TestDataRefusesBadInput(t *testing.T) {
	good := header{ring: sampleRing, seq: 1}
	with := func(safe bool, chunks ...[]byte) []byte {
		h := good
		h.safe = safe
		return append(h.append(nil), bytes.Join(chunks, nil)...)
	}
	agreed := chunk{service: Agreed, data: []byte("x")}
	safe := chunk{service: Safe, data: []byte("x")}
	fragment := func(total, offset uint32, n int) []byte {
		c := chunk{service: Agreed, fragment: true, total: total, offset: offset, data: make([]byte, n)}
		return c.append(nil)
	}
	tests := []struct {
		name string
		have []byte
	}{
		{"no chunk", with(false)},
		{"safe without the mark", with(false, safe.append(nil))},
		{"mark without safe", with(true, agreed.append(nil))},
		{"unknown service", with(false, []byte{6, 0, 0})},
		{"unknown flags", with(false, []byte{0x14, 0, 0})},
		{"length past the end", with(false, []byte{4, 0, 2, 'x'})},
		{"byte left over", with(false, agreed.append(nil), []byte{0})},
		{"fragment of nothing", with(false, fragment(10, 0, 0))},
		{"fragment that is the whole", with(false, fragment(10, 0, 10))},
		{"fragment past the end", with(false, fragment(10, 8, 3))},
		{"offset that overflows", with(false, fragment(10, ^uint32(0), 3))},
		{"message too long", with(false, fragment(longestMessage+1, 0, 3))},
	}
	for _, test := range tests {
		if _, ok := parsePacket("data", test.have); ok {
			t.Errorf("%s: accepted", test.name)
		}
	}
}

func TestJoinRefusesContradictions(t *testing.T) {
	tests := []struct {
		name string
		have join
	}{
		{"does not hear itself", join{gather: 1, hears: set{2}, proposal: set{3}}},
		{"not in its own ring", join{gather: 1, hears: set{3}, proposal: set{2}}},
		{"wants whom it does not hear", join{gather: 1, hears: set{1}, proposal: set{3}}},
		{"gather 0", join{hears: set{1}, proposal: set{1}}},
	}
	for _, test := range tests {
		if _, ok := parseJoin(test.have.append(nil), 0); ok {
			t.Errorf("%s: accepted", test.name)
		}
	}
}

func TestCommitRefusesBadInput(t *testing.T) {
	change := func(f func(c *commitToken)) []byte {
		c, _ := parseCommit(samplePackets()["commit"])
		f(c)
		return c.append(nil)
	}
	tests := []struct {
		name string
		have []byte
	}{
		{"no entry", change(func(c *commitToken) { c.entries = nil })},
		{"round 0", change(func(c *commitToken) { c.round = 0 })},
		{"round 3", change(func(c *commitToken) { c.round = 3 })},
		{"not from its representative", change(func(c *commitToken) { c.ring.Representative.Incarnation++ })},
		{"aru above high", change(func(c *commitToken) { c.entries[0].aru = 10 })},
		{"delivered above high", change(func(c *commitToken) { c.entries[0].delivered = 10 })},
		{"stable above aru", change(func(c *commitToken) { c.entries[0].stable = 6 })},
		{"a window without end", change(func(c *commitToken) { c.entries[0].high = 1 << 40 })},
		{"too many members", change(func(c *commitToken) {
			for len(c.entries) <= maxDaemons {
				c.entries = append(c.entries, c.entries[0])
			}
		})},
	}
	for _, test := range tests {
		if _, ok := parseCommit(test.have); ok {
			t.Errorf("%s: accepted", test.name)
		}
	}
}

// Whatever a holder of the key sends, in whatever state, the ring lives (S7).
func FuzzReceive(f *testing.F) {
	for _, b := range samplePackets() {
		for kind := KindToken; kind <= KindCommit; kind++ {
			f.Add(byte(kind), b)
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, payload []byte) {
		w := newNetwork(t, 3)
		w.run(300 * time.Millisecond)
		n := w.nodes[1]
		for _, from := range []int{0, 2} {
			n.Receive(w.now, w.nodes[from].process, Kind(kind), payload)
			if len(payload) > 20 { // the same of the present ring
				own := append(putRingID(nil, n.cur.id), payload[20:]...)
				n.Receive(w.now, w.nodes[from].process, Kind(kind), own)
			}
		}
		w.drain(1)
		w.run(50 * time.Millisecond)
	})
}

func FuzzPackets(f *testing.F) {
	for kind, b := range samplePackets() {
		f.Add(kind, b)
	}
	f.Fuzz(func(t *testing.T, kind string, b []byte) {
		if again, ok := parsePacket(kind, b); ok && !bytes.Equal(again, b) {
			t.Errorf("%s: %x is read as %x", kind, b, again)
		}
	})
}

func FuzzBeacon(f *testing.F) {
	f.Add(New(Config{Self: Process{1, 1}, Daemons: []DaemonID{1}, FailureDetection: testFD}).startedBeacon())
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, ok := parseBeacon(b); ok && len(b) != beaconSize {
			t.Errorf("beacon of %d bytes accepted: %+v", len(b), p)
		}
	})
}

func (r *Ring) startedBeacon() []byte {
	r.Advance(0)
	return r.Beacon()
}
