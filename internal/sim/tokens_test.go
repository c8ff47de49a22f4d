package sim

import (
	"encoding/binary"
	"testing"
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

var quietPlan = NewPlan

// formed is when a quiet cluster has come together for good.
const formed = 1500 * time.Millisecond

// busy is traffic of all services from all daemons.
func busy(p *Plan, from, to time.Duration) []Load {
	var list []Load
	for i, at := 0, from; at < to; i, at = i+1, at+7*time.Millisecond {
		list = append(list, Load{At: at, Daemon: i % p.Daemons, Lane: i % 2, Service: ring.Service(i % 6), Size: i * 37 % 2000, Count: 2})
	}
	return list
}

// changes counts configurations installed between two times.
type changes struct {
	from, to time.Duration
	n        int
}

func (c *changes) watch(e *trace.Event) {
	if e.Kind == trace.Conf && e.Conf.Kind == ring.Regular && e.Time >= c.from && e.Time < c.to {
		c.n++
	}
}

// bothModes runs a scenario with bare rings and with whole engines.
func bothModes(t *testing.T, scenario func(t *testing.T, mode Mode)) {
	for _, mode := range []Mode{RingMode, EngineMode} {
		t.Run(string(mode), func(t *testing.T) { scenario(t, mode) })
	}
}

// A cluster with traffic and no fault forms once and stays, whatever the
// number of networks.
func TestNoFaultNoChange(t *testing.T) {
	bothModes(t, func(t *testing.T, mode Mode) {
		for networks := 1; networks <= 3; networks++ {
			p := quietPlan(mode, 4, networks)
			p.RunFor = 4 * time.Second
			p.Load = busy(p, 100*time.Millisecond, 4*time.Second)
			c := changes{from: formed, to: time.Hour}
			r := run(t, p, Options{Each: c.watch})
			if c.n > 0 || r.Counters.MessagesDelivered < 1000 {
				t.Errorf("%d networks: %d changes, %d deliveries", networks, c.n, r.Counters.MessagesDelivered)
			}
		}
	})
}

// tokenTap runs a ring of bare nodes step by step, records its tokens, and hands
// tokens to a member again.
type tokenTap struct {
	w      *World
	tokens map[int][][]byte // by receiver, in the order of arrival
}

// tapTokens runs a plan until a time.
func tapTokens(t *testing.T, p *Plan, until time.Duration) *tokenTap {
	t.Helper()
	tap := &tokenTap{tokens: make(map[int][][]byte)}
	tap.w = newWorld(p, Options{})
	tap.until(t, func(o *occasion) bool { return o.at >= until })
	return tap
}

// until runs the world up to the first occasion that is wanted, which is left
// to happen, and returns it.
func (tap *tokenTap) until(t *testing.T, wanted func(o *occasion) bool) *occasion {
	t.Helper()
	w := tap.w
	for !w.heap.empty() && !wanted(&w.heap.items[0]) {
		o := w.heap.pop()
		w.now = o.at
		for to := range w.plan.Daemons {
			if tap.tokenFor(&o, to) {
				tap.tokens[to] = append(tap.tokens[to], tap.bytes(&o))
			}
		}
		w.happen(&o)
	}
	if v := w.checker.Verdict(); v != nil {
		t.Fatal(v)
	}
	if w.heap.empty() {
		t.Fatal("the run is over")
	}
	return &w.heap.items[0]
}

// bytes copies the packet of an arrival.
func (tap *tokenTap) bytes(o *occasion) []byte {
	return append([]byte(nil), tap.w.buffers[tap.w.flights[o.n].buf].data...)
}

// tokenFor tells whether an occasion is a token's arrival at a daemon.
func (tap *tokenTap) tokenFor(o *occasion, to int) bool {
	if o.kind != arrival || tap.w.flights[o.n].to != int32(to) {
		return false
	}
	return tap.w.buffers[tap.w.flights[o.n].buf].data[0] == byte(ring.KindToken)
}

// feed hands a token's bytes to a member as if from its predecessor, past the
// duplicate filter, and returns the change of its counters.
func (tap *tokenTap) feed(to int, data []byte) (before, after ring.Counters, d *daemon) {
	d = &tap.w.daemons[to]
	n := d.node.(*ringNode)
	before = n.counters()
	from := (to + tap.w.plan.Daemons - 1) % tap.w.plan.Daemons
	packet := append([]byte(nil), data[ringHeader:]...)
	n.ring.Receive(d.local(tap.w.now), tap.w.daemons[from].process, ring.KindToken, packet)
	after = n.counters()
	tap.w.settle(d)
	return before, after, d
}

// turns runs the world on and tells whether the ring still turns and orders.
func (tap *tokenTap) turns(t *testing.T, d *daemon) {
	t.Helper()
	n := d.node.(*ringNode)
	was, end := n.counters(), tap.w.now+400*time.Millisecond
	tap.until(t, func(o *occasion) bool { return o.at >= end })
	is := n.counters()
	if is.TokensAccepted <= was.TokensAccepted || is.MessagesDelivered <= was.MessagesDelivered || is.MembershipChanges != was.MembershipChanges {
		t.Errorf("the ring does not turn any more: %+v, then %+v", was, is)
	}
}

func busyRing() *Plan {
	p := quietPlan(RingMode, 3, 1)
	p.Unfiltered = true
	p.RunFor = 10 * time.Second
	for at := formed; at < 8*time.Second; at += time.Millisecond {
		p.Load = append(p.Load, Load{At: at, Daemon: int(at/time.Millisecond) % 3, Service: ring.Agreed, Size: 100, Count: 1})
	}
	return p
}

// S3, S5, SCN-01: a token that is late by any number of rotations, those at
// which 4-bit and 8-bit counters wrap included, is swallowed and counted
// stale, by the representative as by the others.
func TestStaleTokens(t *testing.T) {
	tap := tapTokens(t, busyRing(), 4*time.Second)
	for to := range 3 {
		tokens := tap.tokens[to]
		for _, rotations := range []int{1, 2, 15, 16, 17, 254, 255, 256, 257} {
			if len(tokens) <= rotations {
				t.Fatalf("daemon %d saw only %d tokens", to, len(tokens))
			}
			before, after, _ := tap.feed(to, tokens[len(tokens)-1-rotations])
			if after.TokensStale != before.TokensStale+1 || after.TokensAccepted != before.TokensAccepted || after.TokensDuplicate != before.TokensDuplicate {
				t.Errorf("daemon %d, late by %d rotations: %+v, then %+v", to, rotations, before, after)
			}
		}
		before, after, _ := tap.feed(to, tokens[len(tokens)-1])
		if after.TokensDuplicate != before.TokensDuplicate+1 {
			t.Errorf("daemon %d: the last token again is no duplicate: %+v, then %+v", to, before, after)
		}
	}
	tap.turns(t, &tap.w.daemons[1])
}

// S3: tokens of the future, last+2 to last+300 and those that an 8-bit or a
// 4-bit counter would take for the next one, are swallowed.
func TestFutureTokens(t *testing.T) {
	tap := tapTokens(t, busyRing(), 3*time.Second)
	for to := range 3 {
		last := tap.tokens[to][len(tap.tokens[to])-1]
		for _, ahead := range []uint64{2, 15, 16, 17, 255, 256, 257, 300, 1 << 32} {
			forged := append([]byte(nil), last...)
			tseq := ahead + binary.BigEndian.Uint64(forged[ringHeader+22:])
			binary.BigEndian.PutUint64(forged[ringHeader+22:], tseq)
			forged[ringHeader+20] = byte(tseq)
			before, after, _ := tap.feed(to, forged)
			if after.TokensStale != before.TokensStale+1 || after.TokensAccepted != before.TokensAccepted {
				t.Errorf("daemon %d, %d ahead: %+v, then %+v", to, ahead, before, after)
			}
		}
	}
	tap.turns(t, &tap.w.daemons[0])
}

// S8, literally: "retrans of 8253 requested while Aru is 8411". An old token
// that asks for 8253 comes when Aru is 8411: stale, counted, nothing else. And
// the *current* token with that request: accepted, the request ignored and
// counted. The daemon lives and the ring turns.
func TestRetransOf8253RequestedWhileAruIs8411(t *testing.T) {
	const asked, reached = 8253, 8411
	p := quietPlan(RingMode, 3, 1)
	p.Unfiltered, p.StartSeq, p.RunFor = true, 8000, 10*time.Second
	one := Load{Service: ring.Agreed, Size: 1300, Count: 1} // fills a packet: one position each
	for i := range reached - 8000 {
		one.At, one.Daemon = formed+time.Duration(i)*5*time.Millisecond, i%3
		p.Load = append(p.Load, one)
	}
	for at := 4600 * time.Millisecond; at < 8*time.Second; at += 5 * time.Millisecond {
		one.At = at
		p.Load = append(p.Load, one)
	}
	tap := tapTokens(t, p, 4500*time.Millisecond)
	token := tap.bytes(tap.until(t, func(o *occasion) bool { return tap.tokenFor(o, 0) }))
	tap.w.now = tap.w.heap.pop().at // it comes once, with the request in it
	if aru := tap.w.daemons[0].node.(*ringNode).ring.Status().Aru; aru != reached {
		t.Fatalf("Aru is %d, not %d", aru, reached)
	}
	ask := append([]byte(nil), token...)
	ask = append(ask, 2, 255, 0, 0)                                                              // asker 2, of this ring, first attempt, skip none
	ask = append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(ask, asked), 1), 0) // nobody able

	stale := append([]byte(nil), ask...)
	tseq := binary.BigEndian.Uint64(stale[ringHeader+22:]) - 40
	binary.BigEndian.PutUint64(stale[ringHeader+22:], tseq)
	stale[ringHeader+20] = byte(tseq)
	before, after, d := tap.feed(0, stale)
	if after.TokensStale != before.TokensStale+1 || after.RequestsIgnored != before.RequestsIgnored || after.DataResent != before.DataResent {
		t.Errorf("the old token: %+v, then %+v", before, after)
	}
	before, after, _ = tap.feed(0, ask)
	if after.TokensAccepted != before.TokensAccepted+1 || after.RequestsIgnored != before.RequestsIgnored+1 || after.DataResent != before.DataResent {
		t.Errorf("the current token: %+v, then %+v", before, after)
	}
	tap.turns(t, d)
}
