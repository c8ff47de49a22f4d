package multipath

import (
	"bytes"
	"testing"
)

// Any datagram, from any daemon's address: no panic, nothing comes up that was
// not sealed, and the true packet is still taken afterwards.
func FuzzReceive(f *testing.F) {
	// Sealed with another key, else a seed would be a good packet.
	seed := pair(f, func(c *Config) { c.Keys = []Key{{ID: 7, Active: true}} })
	f.Add(seed.packet("payload"), byte(0))
	f.Add(seed.sealAs(KindHello, []byte{0, 0, 0, 1, 0, 1, 9}), byte(1))
	f.Add([]byte{}, byte(0))
	f.Fuzz(func(t *testing.T, data []byte, from byte) {
		w := pair(t)
		good := w.packet("good")
		if p, ok := w.nodes[0].Receive(w.now, NetworkID(from%2), testAddr(int(from%2), int(from/2%2)), bytes.Clone(data)); ok {
			t.Errorf("came up: %+v", p)
		}
		if p, ok := w.nodes[0].Receive(w.now, 0, testAddr(0, 1), good); !ok || string(p.Payload) != "good" {
			t.Error("a good packet was refused")
		}
	})
}

// Any body that a holder of the key may seal (SEC-9): no panic, bounded.
func FuzzBodies(f *testing.F) {
	h := sampleHello(2, 1, 2, 3)
	f.Add(byte(KindHello), append([]byte{0, 0, 1, 0, 0, 1}, h.append(nil)...))
	f.Add(byte(KindProbe), (&probe{interval: tickInterval, number: 1, responders: []DaemonID{testID(0)}}).append(nil, 40))
	f.Add(byte(KindProbeReply), appendProbeReply(nil, 1, 2))
	f.Add(byte(KindPart), (&part{id: 1, count: 2, kind: KindUpper, chunk: []byte("x")}).append(nil))
	f.Add(byte(KindOperator), []byte{1})
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		if len(body) > 60000 {
			return
		}
		w := pair(t)
		w.receive(w.nodes[0], 0, testAddr(0, 1), w.sealAs(Kind(kind), body))
		w.run(300 * ms)
		w.nodes[0].Status(w.now)
	})
}

func FuzzHello(f *testing.F) {
	f.Add(sampleHello(1, 0, 0, 0).append(nil))
	f.Add(sampleHello(2, 3, 2, 5).append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var h hello
		if h.parse(b) && !bytes.Equal(h.append(nil), b) {
			t.Error("two encodings of one hello")
		}
	})
}

func FuzzProbe(f *testing.F) {
	f.Add((&probe{interval: tickInterval, responders: []DaemonID{1}}).append(nil, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p probe
		if p.parse(b) && !bytes.Equal(p.append(nil, len(b)), b) {
			t.Error("two encodings of one probe")
		}
	})
}

func FuzzParts(f *testing.F) {
	f.Add((&part{id: 1, count: 2, kind: KindUpper, chunk: []byte("x")}).append(nil), []byte{0, 0, 0, 1, 1, 2, 32, 'y'})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		r := reassembly{sets: maxOpenSets}
		for _, body := range [][]byte{a, b} {
			p, ok := parsePart(body)
			if !ok {
				continue
			}
			if !bytes.Equal(p.append(nil), body) {
				t.Error("two encodings of one part")
			}
			r.add(0, p, nil)
		}
		for _, body := range [][]byte{a, b} {
			if p, ok := parseHelloPart(body); ok && !bytes.Equal(p.appendHello(nil), body) {
				t.Error("two encodings of one hello part")
			}
		}
	})
}

func FuzzOperatorBodies(f *testing.F) {
	f.Add(appendAsk(nil, 1, 2))
	f.Add(appendOffer(nil, 1, challenge{2}))
	f.Add((&opCommandMsg{text: []byte("x")}).append(nil))
	f.Add((&opReplyMsg{count: 1, chunk: []byte("x")}).append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var out []byte
		if target, token, ok := parseAsk(b); ok {
			out = appendAsk(nil, target, token)
		} else if token, c, ok := parseOffer(b); ok {
			out = appendOffer(nil, token, c)
		} else if c, ok := parseCommand(b); ok {
			out = c.append(nil)
		} else if r, ok := parseReply(b); ok {
			out = r.append(nil)
		} else {
			return
		}
		if !bytes.Equal(out, b) {
			t.Error("two encodings of one body")
		}
	})
}

// Any datagram at the tool.
func FuzzOperatorReceive(f *testing.F) {
	f.Add([]byte("x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newWorld(t, 2, 2)
		o := w.command(1, "x", 0)
		w.run(ms)
		o.Receive(w.now, 0, data)
		o.Advance(w.now)
	})
}
