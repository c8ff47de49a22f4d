package ring

import (
	"bytes"
	"testing"
	"time"
)

var sampleRing = RingID{Epoch: 1700000001, Representative: Process{3, 0x1122334455667788}}

func sampleToken() token {
	return token{
		ring: sampleRing, arq: 0x07, retrans: 2, tseq: 0x1_0000_0007, seq: 8500, aru: 8411, setter: 1,
		fcc: 70000, backlog: 123456, budgetNow: 212992, budgetLast: 200000, sizeNow: 1400, sizeLast: 1300,
		large: 1 << 33, hold: 100000, heard: set{5, 1 << 63}, recovered: set{7},
		requests: []request{{asker: 1, of: ofThisRing, attempt: 3, skip: 1, first: 8412, count: 9, able: 2}, {asker: 2, of: 0, first: 1, count: 1}},
	}
}

func TestTokenRoundTrip(t *testing.T) {
	want := sampleToken()
	b := want.append(nil)
	if len(b) != tokenHeader+2*requestSize {
		t.Fatalf("token of %d bytes, want %d", len(b), tokenHeader+2*requestSize)
	}
	var got token
	if !got.parse(b) {
		t.Fatal("own token refused")
	}
	if !bytes.Equal(got.append(nil), b) {
		t.Errorf("token changed on the way:\n%+v\n%+v", got, want)
	}
}

func TestTokenRefusesBadInput(t *testing.T) {
	good := sampleToken()
	whole := good.append(nil)
	change := func(f func(t *token)) []byte {
		c := sampleToken()
		f(&c)
		return c.append(nil)
	}
	tests := []struct {
		name string
		have []byte
	}{
		{"empty", nil},
		{"one byte more", append(bytes.Clone(whole), 0)},
		{"two tokens glued", append(bytes.Clone(whole), whole...)},
		{"all ones", bytes.Repeat([]byte{0xff}, len(whole))},
		{"aru above seq", change(func(t *token) { t.aru = t.seq + 1 })},
		{"arq that is not of tseq", change(func(t *token) { t.arq++ })},
		{"empty request", change(func(t *token) { t.requests[0].count = 0 })},
		{"request of position 0", change(func(t *token) { t.requests[0].first = 0 })},
		{"request that overflows", change(func(t *token) { t.requests[0].first = ^Seq(0) - 2 })},
	}
	for _, test := range tests {
		var got token
		if got.parse(test.have) {
			t.Errorf("%s: accepted", test.name)
		}
	}
	for n := range whole {
		var got token
		if got.parse(whole[:n]) && (n-tokenHeader)%requestSize != 0 {
			t.Errorf("cut after %d bytes: accepted", n)
		}
	}
}

// RNG-3, S3, S4: every relation of a token to the last one accepted.
func TestTokenRelations(t *testing.T) {
	const last = uint64(0x1_0000_0105)
	const lastRetrans = 3
	tests := []struct {
		name    string
		tseq    uint64
		retrans uint8
		want    relation
	}{
		{"next", last + 1, 0, tokenNext},
		{"next, tried again", last + 1, 9, tokenNext},
		{"last, higher retrans", last, 4, tokenAgain},
		{"last, equal retrans", last, 3, tokenRepeated},
		{"last, lower retrans", last, 2, tokenRepeated},
		{"before last", last - 1, 0, tokenUnrelated},
		{"before last, higher retrans", last - 1, 9, tokenUnrelated},
		{"two ahead", last + 2, 0, tokenUnrelated},
		{"zero", 0, 0, tokenUnrelated},
		{"greatest", ^uint64(0), 0, tokenUnrelated},
	}
	for _, test := range tests {
		have := token{tseq: test.tseq, arq: uint8(test.tseq), retrans: test.retrans}
		if got := have.relate(last, lastRetrans); got != test.want {
			t.Errorf("%s: relation %d, want %d", test.name, got, test.want)
		}
	}
	for off := -300; off <= 300; off++ { // the wraps of 4 and 8 bits among them
		tseq := last + uint64(off)
		have := token{tseq: tseq, arq: uint8(tseq)}
		got := have.relate(last, lastRetrans)
		want := tokenUnrelated
		switch off {
		case 0:
			want = tokenRepeated
		case 1:
			want = tokenNext
		}
		if got != want {
			t.Errorf("last%+d: relation %d, want %d", off, got, want)
		}
	}
	late := last + 256 + 1 // the right ARQ, 256 rounds off
	wrapped := token{tseq: late, arq: uint8(late)}
	if got := wrapped.relate(last, lastRetrans); got != tokenUnrelated {
		t.Errorf("the right ARQ 256 rounds late has relation %d, want stale", got)
	}
}

// S3, S5, S6 on a running ring, at each position: tokens that are not exactly
// the expected one change nothing but a counter, and the ring turns on.
func TestStaleTokensOnARunningRing(t *testing.T) {
	w := newNetwork(t, 3)
	w.run(500 * time.Millisecond)
	for i, n := range w.nodes {
		in := n.cur
		before := n.n
		state := *in
		for _, off := range []int{-300, -257, -256, -255, -17, -16, -15, -2, -1, 2, 15, 16, 17, 255, 256, 257} {
			tseq := in.lastTSeq + uint64(off)
			stale := token{ring: in.id, tseq: tseq, arq: uint8(tseq), seq: in.store.high, aru: in.store.aru, setter: nobody}
			n.Receive(w.now, in.predecessor().process, KindToken, stale.append(nil))
		}
		if got := n.n.TokensStale - before.TokensStale; got != 16 {
			t.Errorf("node %d counted %d stale tokens, want 16", i, got)
		}
		other := token{ring: in.id, tseq: in.lastTSeq + 1, arq: uint8(in.lastTSeq + 1), setter: nobody}
		n.Receive(w.now, in.successor().process, KindToken, other.append(nil)) // not my predecessor
		other.ring.Epoch--
		n.Receive(w.now, in.predecessor().process, KindToken, other.append(nil)) // another ring
		if got := n.n.TokensForeign - before.TokensForeign; got != 2 {
			t.Errorf("node %d counted %d foreign tokens, want 2", i, got)
		}
		if in.lastTSeq != state.lastTSeq || in.lossAt != state.lossAt || len(n.sends) > 0 || len(n.deliveries) > 0 {
			t.Errorf("node %d: a token that was not due had an effect", i)
		}
	}
	w.run(time.Second)
	w.wantRing(0, 1, 2)
	if n := w.nodes[0].n.MembershipChanges; n > 2 {
		t.Errorf("%d membership changes", n)
	}
}

// S8, the historical crash: "retrans of 8253 requested while Aru is 8411".
func TestRequestBelowAruIsHarmless(t *testing.T) {
	w := newNetwork(t, 2)
	for i := range w.nodes {
		w.nodes[i].cfg.StartSeq = 8400
	}
	w.run(500 * time.Millisecond)
	w.wantRing(0, 1)
	for range 11 {
		w.nodes[0].Submit(w.now, 1, Agreed, []byte("x"))
		w.drain(0)
		w.run(200 * time.Millisecond)
	}
	n := w.nodes[1]
	in := n.cur
	if in.store.aru != 8411 || in.store.base != 8411 {
		t.Fatalf("aru %d, discarded up to %d, want 8411", in.store.aru, in.store.base)
	}
	tests := []struct {
		name string
		q    request
	}{
		{"discarded", request{of: ofThisRing, first: 8253, count: 1}},
		{"above the highest", request{of: ofThisRing, first: 8412, count: 5}},
		{"without end", request{of: ofThisRing, first: 1, count: ^uint32(0)}},
		{"of another ring", request{of: 0, first: 8411, count: 1}},
	}
	for _, test := range tests {
		before := n.n
		have := token{ring: in.id, tseq: in.lastTSeq + 1, seq: 8411, aru: 8411, setter: nobody, requests: []request{test.q}}
		have.arq = uint8(have.tseq)
		n.Receive(w.now, in.predecessor().process, KindToken, have.append(nil))
		for _, s := range n.Sends() {
			if s.Kind != KindToken {
				t.Errorf("%s: answered with a packet of kind %d", test.name, s.Kind)
			} else if len(s.Payload) != tokenHeader {
				t.Errorf("%s: the request is still on the token", test.name)
			}
		}
		if n.n.RequestsIgnored != before.RequestsIgnored+1 {
			t.Errorf("%s: counted %d, want 1", test.name, n.n.RequestsIgnored-before.RequestsIgnored)
		}
		if n.n.TokensAccepted != before.TokensAccepted+1 || n.state != Operational {
			t.Errorf("%s: token not accepted, state %v", test.name, n.state)
		}
	}
	w.run(2 * time.Second) // the forged rounds made the real token stale; the ring forms anew
	w.wantRing(0, 1)
}

// SCN-15: a member that has stood still for longer than the others can have
// waited for the token does not go on with the one it finds in its socket. What
// its clients have submitted meanwhile waits for the next ring.
func TestTokenFoundAfterAPause(t *testing.T) {
	for _, test := range []struct {
		name   string
		late   time.Duration // after the time at which the ring is lost
		accept bool
	}{
		{"the others may still wait", testFD - 1, true},
		{"the others have gone on", testFD, false},
	} {
		w := newNetwork(t, 3)
		w.run(500 * time.Millisecond)
		w.wantRing(0, 1, 2)
		n := w.nodes[1]
		in := n.cur
		if err := n.Submit(w.now, 1, Agreed, []byte("x")); err != nil {
			t.Fatal(err)
		}
		now := in.lossAt + test.late
		before := n.n
		have := token{ring: in.id, tseq: in.lastTSeq + 1, arq: uint8(in.lastTSeq + 1), seq: in.store.high, aru: in.store.aru, setter: nobody}
		n.Receive(now, in.predecessor().process, KindToken, have.append(nil))
		if accepted := n.n.TokensAccepted > before.TokensAccepted; accepted != test.accept || accepted != (n.n.DataSent > before.DataSent) {
			t.Errorf("%s: accepted %v, sent %v, want %v", test.name, accepted, n.n.DataSent > before.DataSent, test.accept)
		}
		n.Advance(now)
		if (n.state == Operational) != test.accept {
			t.Errorf("%s: state %v", test.name, n.state)
		}
	}
}
