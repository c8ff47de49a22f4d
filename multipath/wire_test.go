package multipath

import (
	"bytes"
	"reflect"
	"testing"
)

func sampleHello(networks, echoes, reports, beacon int) *hello {
	h := &hello{redundancyLost: true, challenge: challenge{1, 2, 3}, beacon: bytes.Repeat([]byte{9}, beacon)}
	for i := range networks {
		h.networks = append(h.networks, helloNetwork{hash: uint32(i), size: 1472})
	}
	for i := range echoes {
		h.echoes = append(h.echoes, challenge{byte(i), byte(i >> 8)})
	}
	for i := range reports {
		r := report{daemon: DaemonID(i), short: 1 << 63, highest: 1<<64 - 1, heard: i%2 == 0}
		for n := range networks {
			r.paths[n] = pathReport{state: PathState(n % 5), late: n%2 == 1, size: 65535}
		}
		h.reports = append(h.reports, r)
	}
	return h
}

func TestHelloRoundTrip(t *testing.T) {
	for _, h := range []*hello{sampleHello(1, 0, 0, 0), sampleHello(2, 3, 2, 40), sampleHello(8, maxEchoes, maxDaemons, maxBeacon)} {
		b := h.append(nil)
		var got hello
		if !got.parse(b) {
			t.Fatal("refused")
		}
		if !reflect.DeepEqual(got.networks, h.networks) || !reflect.DeepEqual(got.reports, h.reports) || len(got.echoes) != len(h.echoes) ||
			got.challenge != h.challenge || !bytes.Equal(got.beacon, h.beacon) || !got.redundancyLost {
			t.Errorf("read back differently: %+v", got)
		}
	}
}

// correctness 9: lengths, counts, flags, order; cut anywhere; one byte more.
func TestHelloRefused(t *testing.T) {
	good := sampleHello(2, 3, 2, 5).append(nil)
	const networksAt, echoesAt, reportsAt = 9, 9 + 1 + 12, 9 + 1 + 12 + 2 + 24
	beaconAt := len(good) - 7
	set := func(at int, v ...byte) func([]byte) []byte {
		return func(b []byte) []byte { copy(b[at:], v); return b }
	}
	for name, change := range map[string]func([]byte) []byte{
		"unknown flag":             set(0, 4),
		"no networks":              set(networksAt, 0),
		"one network less":         set(networksAt, 1),
		"one network more":         set(networksAt, 3),
		"nine networks":            set(networksAt, 9),
		"255 networks":             set(networksAt, 255),
		"echo missing":             set(echoesAt, 0, 4),
		"65535 echoes":             set(echoesAt, 255, 255),
		"one report more":          set(reportsAt, 3),
		"one report less":          set(reportsAt, 1),
		"129 reports":              set(reportsAt, 129),
		"255 reports":              set(reportsAt, 255),
		"report flag":              set(reportsAt+1+20, 2),
		"state 5":                  set(reportsAt+1+21, 5),
		"state flag":               set(reportsAt+1+21, 0x10),
		"daemon twice":             set(reportsAt+1+27, 0, 0, 0, 0),
		"daemons out of order":     set(reportsAt+1, 0, 0, 0, 9),
		"beacon one byte longer":   set(beaconAt, 0, 6),
		"beacon one byte shorter":  set(beaconAt, 0, 4),
		"beacon of 65535":          set(beaconAt, 255, 255),
		"trailing byte":            func(b []byte) []byte { return append(b, 0) },
		"two glued together":       func(b []byte) []byte { return append(b, good...) },
		"all zero":                 func(b []byte) []byte { clear(b); return b },
		"all ones":                 func(b []byte) []byte { return bytes.Repeat([]byte{255}, len(b)) },
		"one more echo than ever":  func([]byte) []byte { return sampleHello(1, maxEchoes+1, 0, 0).append(nil) },
		"one more beacon byte":     func([]byte) []byte { return sampleHello(1, 0, 0, maxBeacon+1).append(nil) },
		"one more report than any": func([]byte) []byte { return sampleHello(1, 0, maxDaemons+1, 0).append(nil) },
	} {
		var h hello
		if h.parse(change(bytes.Clone(good))) {
			t.Errorf("%s: accepted", name)
		}
	}
	for n := range good {
		var h hello
		if h.parse(good[:n]) {
			t.Errorf("cut to %d: accepted", n)
		}
	}
}

func TestProbeRefused(t *testing.T) {
	p := probe{network: 1, interval: tickInterval, number: 9, sent: 77, responders: []DaemonID{3, 4}}
	good := p.append(nil, 60)
	var got probe
	if !got.parse(good) || !reflect.DeepEqual(got, p) || len(good) != 60 {
		t.Fatalf("read back as %+v", got)
	}
	for name, b := range map[string][]byte{
		"empty":                nil,
		"short":                good[:probeFixed-1],
		"responders cut":       good[:probeFixed+7],
		"five responders":      append(append(bytes.Clone(good[:18]), 5), make([]byte, 20)...),
		"255 responders":       append(append(bytes.Clone(good[:18]), 255), good[19:]...),
		"padding not zero":     append(bytes.Clone(good), 1),
		"interval 0":           append(append(bytes.Clone(good[:4]), 0, 0), good[6:]...),
		"interval 9 ms":        append(append(bytes.Clone(good[:4]), 0, 9), good[6:]...),
		"interval over 10 s":   append(append(bytes.Clone(good[:4]), 0x27, 0x11), good[6:]...),
		"interval of a minute": append(append(bytes.Clone(good[:4]), 255, 255), good[6:]...),
	} {
		if got.parse(b) {
			t.Errorf("%s: accepted", name)
		}
	}
	reply := appendProbeReply(nil, 5, 6)
	for n := range len(reply) + 2 {
		b := append(bytes.Clone(reply), 0)[:n]
		if hash, sent, ok := parseProbeReply(b); ok != (n == len(reply)) || ok && (hash != 5 || sent != 6) {
			t.Errorf("reply of %d bytes: %v", n, ok)
		}
	}
}

func TestPartRefused(t *testing.T) {
	good := part{id: 5, index: 1, count: 3, kind: KindUpper, chunk: []byte("x")}
	got, ok := parsePart(good.append(nil))
	if !ok || !reflect.DeepEqual(got, good) {
		t.Fatalf("read back as %+v", got)
	}
	for name, change := range map[string]func(*part){
		"count 0":         func(p *part) { p.count = 0 },
		"count 1":         func(p *part) { p.index, p.count = 0, 1 },
		"count 33":        func(p *part) { p.count = 33 },
		"count 255":       func(p *part) { p.count = 255 },
		"index = count":   func(p *part) { p.index = 3 },
		"index 255":       func(p *part) { p.index = 255 },
		"empty chunk":     func(p *part) { p.chunk = nil },
		"kind of our own": func(p *part) { p.kind = KindPart },
		"kind hello":      func(p *part) { p.kind = KindHello },
		"kind 31":         func(p *part) { p.kind = KindUpper - 1 },
	} {
		p := good
		change(&p)
		if _, ok := parsePart(p.append(nil)); ok {
			t.Errorf("%s: accepted", name)
		}
	}
	for n := range partHeader + 1 {
		if _, ok := parsePart(good.append(nil)[:n]); ok {
			t.Errorf("cut to %d: accepted", n)
		}
	}
	for name, b := range map[string][]byte{
		"empty":       nil,
		"no chunk":    {0, 0, 0, 1, 0, 1},
		"count 0":     {0, 0, 0, 1, 0, 0, 9},
		"index=count": {0, 0, 0, 1, 1, 1, 9},
		"count 33":    {0, 0, 0, 1, 0, 33, 9},
	} {
		if _, ok := parseHelloPart(b); ok {
			t.Errorf("hello part, %s: accepted", name)
		}
	}
}

func TestReassembly(t *testing.T) {
	p := func(id uint32, index, count uint8, chunk string) part {
		return part{id: id, index: index, count: count, kind: KindUpper, chunk: []byte(chunk)}
	}
	r := reassembly{sets: maxOpenSets}
	step := func(name string, in part, whole string, dropped int) {
		t.Helper()
		got, complete, d := r.add(0, in, nil)
		if complete != (whole != "") || string(got) != whole || d != dropped {
			t.Errorf("%s: %q %v, dropped %d", name, got, complete, d)
		}
	}
	step("last first", p(1, 2, 3, "c"), "", 0)
	step("another set between", p(2, 0, 2, "x"), "", 0)
	step("again", p(1, 2, 3, "C"), "", 1)
	step("other count", p(1, 0, 4, "a"), "", 1)
	step("first", p(1, 0, 3, "a"), "", 0)
	step("complete", p(1, 1, 3, "b"), "abc", 0)
	step("complete set again", p(1, 1, 3, "b"), "", 1)
	step("other set complete", p(2, 1, 2, "y"), "xy", 0)
	if len(r.open) != 0 || r.bytes != 0 {
		t.Errorf("%d sets, %d bytes left", len(r.open), r.bytes)
	}
	for id := range uint32(20) {
		r.add(Time(id), p(100+id, 0, 2, "z"), nil)
	}
	if len(r.open) != maxOpenSets || r.bytes != maxOpenSets {
		t.Errorf("%d sets, %d bytes", len(r.open), r.bytes)
	}
	if n := r.expire(15); n != 3 || len(r.open) != 5 {
		t.Errorf("expired %d, left %d", n, len(r.open))
	}
	r = reassembly{sets: maxOpenSets}
	big := string(make([]byte, 65000))
	for id := range uint32(8) {
		for i := range uint8(31) {
			r.add(0, p(id, i, 32, big), nil)
		}
	}
	if r.bytes > maxOpenBytes {
		t.Errorf("%d bytes kept", r.bytes)
	}
}

func TestOperatorBodiesRefused(t *testing.T) {
	ask := appendAsk(nil, 1, 2)
	offer := appendOffer(nil, 3, challenge{4})
	command := (&opCommandMsg{target: 1, text: []byte("x")}).append(nil)
	reply := (&opReplyMsg{count: 1, chunk: []byte("x")}).append(nil)
	parsers := map[byte]func([]byte) bool{
		opAsk:     func(b []byte) bool { _, _, ok := parseAsk(b); return ok },
		opOffer:   func(b []byte) bool { _, _, ok := parseOffer(b); return ok },
		opCommand: func(b []byte) bool { _, ok := parseCommand(b); return ok },
		opReply:   func(b []byte) bool { _, ok := parseReply(b); return ok },
	}
	for _, b := range [][]byte{ask, offer, command, reply} {
		for op, parse := range parsers {
			if parse(b) != (op == b[0]) {
				t.Errorf("body %d read as %d", b[0], op)
			}
		}
		if min := map[byte]int{opAsk: len(ask), opOffer: len(offer), opCommand: commandHeader, opReply: replyHeader}[b[0]]; true {
			for n := range min {
				if parsers[b[0]](b[:n]) {
					t.Errorf("body %d cut to %d: accepted", b[0], n)
				}
			}
		}
	}
	for name, r := range map[string]opReplyMsg{
		"status 6":              {status: 6},
		"no part":               {chunk: []byte("x")},
		"index = count":         {index: 1, count: 1},
		"too many parts":        {count: maxReplyParts + 1, chunk: make([]byte, replyChunk)},
		"middle part not full":  {count: 2, chunk: []byte("x")},
		"part too large":        {count: 1, chunk: make([]byte, replyChunk+1)},
		"status with a chunk":   {status: replyBusy, chunk: []byte("x")},
		"status with a count":   {status: replyBusy, count: 1},
		"expired, no challenge": {status: replyExpired},
	} {
		if _, ok := parseReply(r.append(nil)); ok {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, ok := parseCommand((&opCommandMsg{text: make([]byte, MaxCommand+1)}).append(nil)); ok {
		t.Error("command too long accepted")
	}
}
