package ring

import (
	"fmt"
	"testing"
	"time"
)

// turningRing is a ring of n members in Operational, seen by the one at
// position self, without the others.
func turningRing(n, self int) (*Ring, *instance) {
	cfg := Config{Self: Process{DaemonID(self + 1), 1}, FailureDetection: testFD, Epoch: 1, PayloadSize: 1400}
	var members []member
	for i := range n {
		cfg.Daemons = append(cfg.Daemons, DaemonID(i+1))
		members = append(members, member{index: i, process: Process{DaemonID(i + 1), 1}})
	}
	r := New(cfg)
	r.begin(0)
	r.cur = newInstance(RingID{2, members[0].process}, members, self, &r.cfg)
	r.Sends()
	r.Deliveries()
	return r, r.cur
}

// hold puts packets of some positions into the store.
func (in *instance) hold(positions ...Seq) {
	for _, seq := range positions {
		h := header{ring: in.id, seq: seq}
		in.store.fits(seq)
		in.store.put(seq, (&chunk{service: Agreed, data: []byte("x")}).append(h.append(nil)))
	}
}

func allUpTo(n Seq) (list []Seq) {
	for seq := Seq(1); seq <= n; seq++ {
		list = append(list, seq)
	}
	return list
}

func TestAnswer(t *testing.T) {
	tests := []struct {
		name    string
		hold    []Seq
		discard Seq
		have    []request
		want    []request // left on the token
		sent    string    // position>daemon, 0 for all
		ignored uint64
	}{
		{"one asker: to it alone", allUpTo(5), 0, []request{{asker: 2, of: 255, first: 2, count: 2}}, nil, "2>3 3>3 ", 0},
		{"two askers: to all, once", allUpTo(5), 0, []request{{asker: 2, of: 255, first: 2, count: 2}, {asker: 1, of: 255, first: 3, count: 1}}, nil, "2>0 3>0 ", 0},
		{"not held", nil, 0, []request{{asker: 2, of: 255, first: 2, count: 2}}, []request{{asker: 2, of: 255, first: 2, count: 2}}, "", 0},
		{"partly held", []Seq{1, 3, 5}, 0, []request{{asker: 2, of: 255, first: 2, count: 3}},
			[]request{{asker: 2, of: 255, first: 2, count: 1}, {asker: 2, of: 255, first: 4, count: 1}}, "3>3 ", 0},
		{"passed over once", allUpTo(5), 0, []request{{asker: 2, of: 255, attempt: 1, skip: 1, first: 2, count: 2}},
			[]request{{asker: 2, of: 255, attempt: 1, able: 1, first: 2, count: 2}}, "", 0},
		{"not able: not passed over", []Seq{9}, 0, []request{{asker: 2, of: 255, skip: 1, first: 2, count: 2}},
			[]request{{asker: 2, of: 255, skip: 1, first: 2, count: 2}}, "", 0},
		{"discarded", allUpTo(5), 5, []request{{asker: 2, of: 255, first: 2, count: 2}}, nil, "", 1},
		{"discarded in part", allUpTo(5), 3, []request{{asker: 2, of: 255, first: 1, count: 4}}, nil, "4>3 ", 1},
		{"above the highest", allUpTo(5), 0, []request{{asker: 2, of: 255, first: 9, count: 2}}, nil, "", 1},
		{"of another ring", allUpTo(5), 0, []request{{asker: 2, of: 1, first: 2, count: 2}}, nil, "", 1},
	}
	for _, test := range tests {
		r, in := turningRing(4, 0)
		in.hold(test.hold...)
		in.store.discard(test.discard)
		tok := token{seq: 9, requests: test.have}
		if tok.requests[0].first == 9 {
			tok.seq = 5
		}
		r.answer(0, in, &tok, ofThisRing, tok.seq, 1<<20)
		if fmt.Sprint(tok.requests) != fmt.Sprint(test.want) {
			t.Errorf("%s: left on the token %v, want %v", test.name, tok.requests, test.want)
		}
		sent := ""
		for _, s := range r.Sends() {
			h, _, _ := parseHeader(s.Payload)
			sent += fmt.Sprintf("%d>%d ", h.seq, s.To)
			if !s.EveryNetwork {
				t.Errorf("%s: not sent again on every network", test.name)
			}
		}
		if sent != test.sent || r.n.RequestsIgnored != test.ignored {
			t.Errorf("%s: sent %q and ignored %d, want %q and %d", test.name, sent, r.n.RequestsIgnored, test.sent, test.ignored)
		}
	}
}

// RNG-7: attempt k passes over the first k holders, so that each of them gets
// its turn, and one whose packets do not arrive keeps nobody waiting.
func TestAnswererChanges(t *testing.T) {
	const holders = 3
	var answered [holders]bool
	for attempt := range uint8(holders) {
		tok := token{seq: 1, requests: []request{{asker: 0, of: ofThisRing, skip: attempt % holders, first: 1, count: 1}}}
		for at := range holders {
			r, in := turningRing(holders+1, at+1)
			in.hold(1)
			r.answer(0, in, &tok, ofThisRing, 1, 1<<20)
			if len(r.Sends()) > 0 {
				if answered[at] || at != int(attempt) {
					t.Errorf("attempt %d is answered by holder %d", attempt, at)
				}
				answered[at] = true
			}
		}
		if len(tok.requests) != 0 {
			t.Errorf("attempt %d: nobody answers", attempt)
		}
	}
}

// Nobody sends a packet again twice within twice the lag (protocol rule 5).
func TestAnsweredOnceWithinLag(t *testing.T) {
	r, in := turningRing(3, 0)
	in.hold(1)
	in.lateness = lateness{mean: 4 * time.Millisecond, deviation: 0}
	sent := 0
	for now := Time(0); now < 20*time.Millisecond; now += time.Millisecond {
		tok := token{seq: 1, requests: []request{{asker: 1, of: ofThisRing, first: 1, count: 1}}}
		r.answer(now, in, &tok, ofThisRing, 1, 1<<20)
		if len(tok.requests) > 0 {
			t.Fatalf("at %v a request that is being answered stays on the token", now)
		}
		sent += len(r.Sends())
	}
	if sent != 3 { // at 0, 9 and 18 ms
		t.Errorf("sent again %d times in 20 ms with a lag of 4 ms, want 3", sent)
	}
}

// Every member of every ring can ask: 128 members share the 80 places of
// a token of 1400 bytes, and 17 those of the smallest one.
func TestEveryMemberCanAsk(t *testing.T) {
	for _, n := range []int{2, 18, 81, 128} {
		for _, size := range []int{minPayload, 1172, 1400} {
			r, in := turningRing(n, 0)
			r.payload = size
			if room := r.requestRoom(in, &token{}); room < 1 {
				t.Errorf("%d members, packets of %d: room for %d requests", n, size, room)
			}
		}
	}
}

// The token fits one packet, however the answers cut the requests up.
func TestRequestsFitThePacket(t *testing.T) {
	r, in := turningRing(3, 0)
	for seq := Seq(2); seq <= 400; seq += 2 {
		in.hold(seq)
	}
	tok := token{seq: 400, requests: []request{{asker: 1, of: ofThisRing, first: 1, count: 400}}}
	r.answer(0, in, &tok, ofThisRing, 400, 1<<20)
	if n := len(tok.append(nil)); n > 1400 {
		t.Errorf("token of %d bytes, the packet size is 1400", n)
	}
	if len(r.Sends()) != 200 {
		t.Error("what is held is not sent again")
	}
}

// SEC-9: a request without end costs no more than one over the window.
func TestRequestWithoutEnd(t *testing.T) {
	r, in := turningRing(3, 0)
	in.store = newStore(1 << 32)
	in.hold(1<<32+1, 1<<32+2)
	tok := token{seq: 1<<32 + 2, requests: []request{{asker: 1, of: ofThisRing, first: 4, count: ^uint32(0)}}}
	r.answer(0, in, &tok, ofThisRing, tok.seq, 1<<20)
	if len(r.Sends()) != 2 || r.n.RequestsIgnored != 1 {
		t.Errorf("%d sent, %d ignored", len(r.sends), r.n.RequestsIgnored)
	}
}

// A faulty member may put any packet size on the token; there is room for the
// token itself in every packet (SEC-9; found by lies in the simulator, seed 16).
func TestTokenOfAFaultyMemberWithTinyPackets(t *testing.T) {
	for _, size := range []uint32{1, tokenHeader - 1, tokenHeader, minPayload, 1 << 31, 1<<32 - 1} {
		r, in := turningRing(3, 1)
		tok := token{ring: in.id, tseq: 1, arq: 1, setter: nobody, sizeLast: size, requests: []request{{asker: 2, of: ofThisRing, first: 1, count: 1}}}
		r.visit(1, in, &tok)
		if got := r.payloadSize(&tok); got < minPayload || got > r.payload {
			t.Errorf("size %d on the token: packets of %d bytes", size, got)
		}
	}
}

// RNG-7: each attempt passes over one more of those that may answer, so that
// the one that does changes.
func TestAskChangesTheHolder(t *testing.T) {
	r, in := turningRing(4, 0)
	in.hold(2)
	var skips []uint8
	now := Time(1)
	for range 5 {
		tok := token{ring: in.id, setter: nobody}
		r.ask(now, in, &tok, request{asker: 0, of: ofThisRing}, 1, 3, 10)
		if len(tok.requests) != 1 || tok.requests[0].first != 1 {
			t.Fatalf("requests %+v", tok.requests)
		}
		skips = append(skips, tok.requests[0].skip)
		now += time.Second
	}
	if got, want := fmt.Sprint(skips), "[0 1 2 0 1]"; got != want {
		t.Errorf("members passed over: %s, want %s", got, want)
	}
}
