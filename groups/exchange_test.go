package groups

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mpspread/ring"
)

// fill gives a daemon that is alone a table of several pieces, as if a session
// had joined that many groups.
func fill(w *world, daemon string, pieces int) {
	w.t.Helper()
	c := w.open(daemon, "fill", false)
	g := c.node.groups
	m := g.newMember(memberKey{c.node.process, "fill"})
	// Each group takes 49 bytes: its name, id, flags and one member.
	for i := range pieces * pieceSize / 49 {
		g.renumber(g.table.insert(m, fmt.Sprintf("%s-%0*d", daemon, 31-len(daemon)-1, i)))
	}
	if n := len(g.encodeTable()); n < (pieces-1)*pieceSize || n > pieces*pieceSize {
		w.t.Fatalf("table has %d bytes", n)
	}
}

// count orders and delivers n messages, or all, in the component of a daemon.
func (w *world) count(daemon string, n int) int {
	c := w.nodes[daemon].conf
	for i := range n {
		d, ok := c.originate()
		if !ok {
			return i
		}
		for _, m := range c.members {
			m.deliver(d)
		}
	}
	return n
}

// A7: an exchange cut short after every message of it; whoever reads sees the
// old table or the new one, and the exchange then done is complete.
func TestInterruptedAtEveryPiece(t *testing.T) {
	const all = 1 << 30
	setup := func(t *testing.T) (w *world, ann *client) {
		w = newWorld(t, "alpha", "beta", "gamma")
		ann = w.open("alpha", "ann", true)
		ann.join("chat")
		w.open("beta", "bob", true).join("chat")
		w.run()
		fill(w, "alpha", 3)
		fill(w, "beta", 1)
		ann.send("early", "chat")
		w.quiet()
		w.form("alpha", "beta", "gamma")
		return w, ann
	}
	w, _ := setup(t)
	before := len(w.nodes["alpha"].groups.List())
	total := w.count("alpha", all)
	if total != 1+3+3+1+1 { // a message, announcements, pieces of alpha, beta and gamma
		t.Fatalf("exchange of %d messages", total)
	}
	after := len(w.nodes["alpha"].groups.List())
	for cut := range total {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			w, _ := setup(t)
			w.count("alpha", cut)
			alpha := w.nodes["alpha"]
			if n := len(alpha.groups.List()); n != before {
				t.Fatalf("%d groups after %d messages, want the old %d", n, cut, before)
			}
			if len(alpha.log) != 0 {
				t.Fatalf("events before the exchange is complete: %q", alpha.log)
			}
			w.form("alpha", "beta") // gamma is gone, nothing was gained
			w.form("gamma")
			w.count("alpha", all)
			w.wantSame("alpha", "beta")
			if n := len(alpha.groups.List()); n != after {
				t.Fatalf("%d groups, want %d", n, after)
			}
			for _, name := range []string{"alpha", "beta"} {
				log := w.nodes[name].log
				early := slices.IndexFunc(log, func(s string) bool { return strings.Contains(s, "early") })
				if len(log) != 2 || early != 1 || !strings.Contains(log[0], "network chat/1 members #ann#alpha #bob#beta") {
					t.Fatalf("%s: %q", name, log)
				}
			}
			if c := alpha.groups.counters; c.Malformed+c.Unexpected != 0 {
				t.Fatalf("counters: %+v", c)
			}
		})
	}
}

// Pieces are worthless after a change, and only a few of them are under way.
func TestFewPiecesInFlight(t *testing.T) {
	w := newWorld(t, "alpha", "beta")
	fill(w, "alpha", 20)
	w.form("alpha", "beta")
	most := 0
	for w.step() {
		most = max(most, len(w.nodes["alpha"].queue))
	}
	if most > piecesInFlight {
		t.Errorf("%d pieces queued", most)
	}
	w.wantSame("alpha", "beta")
}

// Nothing is sent when nobody came: a loss alone needs no exchange.
func TestLossNeedsNoExchange(t *testing.T) {
	w := newWorld(t, "alpha", "beta", "gamma")
	w.form("alpha", "beta", "gamma")
	w.run()
	w.form("alpha", "beta")
	for _, name := range []string{"alpha", "beta"} {
		if n := w.nodes[name]; len(n.queue) != 0 || !n.groups.Ready() {
			t.Errorf("%s: %d submissions, ready %v", name, len(n.queue), n.groups.Ready())
		}
	}
}

// Only the lowest of each synced set sends.
func TestLowestSends(t *testing.T) {
	w := newWorld(t, "alpha", "beta", "gamma", "delta")
	w.form("alpha", "beta")
	w.form("gamma", "delta")
	w.run()
	w.form("alpha", "beta", "gamma", "delta")
	senders := make(map[string]int)
	for {
		for _, n := range w.nodes {
			for _, s := range n.queue {
				if kind(s.Payload[0]) == kindPiece {
					senders[n.name]++
				}
				if s.Lane != OwnLane || s.Service != ring.Agreed {
					t.Errorf("lane %d, service %d", s.Lane, s.Service)
				}
			}
		}
		if !w.step() {
			break
		}
	}
	if senders["alpha"] == 0 || senders["gamma"] == 0 || senders["beta"]+senders["delta"] != 0 {
		t.Errorf("senders: %v", senders)
	}
}

// Payloads of an exchange that are out of place change nothing but a counter.
func TestExchangeRefuses(t *testing.T) {
	w := newWorld(t, "alpha", "beta", "gamma")
	w.open("beta", "bob", true).join("chat")
	w.run()
	w.form("alpha", "beta", "gamma")
	alpha, beta, gamma := w.nodes["alpha"], w.nodes["beta"], w.nodes["gamma"]
	deliver := func(from *node, payload []byte) {
		for _, n := range []*node{alpha, beta, gamma} {
			n.deliver(ring.Delivery{Sender: from.process, Payload: payload})
		}
	}
	conf := alpha.conf.id
	table := []byte{0, 0}
	announced := func(a announcement) []byte { return a.encode() }
	queued := func(n *node) []byte { return n.queue[0].Payload }
	check := func(name string, want Counters) {
		t.Helper()
		c := alpha.groups.counters
		have := Counters{Malformed: c.Malformed, Stale: c.Stale, Unexpected: c.Unexpected}
		if have != want {
			t.Errorf("%s: %+v, want %+v", name, have, want)
		}
		if alpha.groups.Ready() {
			t.Fatalf("%s: exchange is complete", name)
		}
	}

	want := Counters{}
	deliver(beta, announced(announcement{conf: ring.RingID{Epoch: 5}}))
	want.Stale++
	check("another configuration", want)
	deliver(beta, announced(announcement{conf: conf, step: 1}))
	want.Stale++
	check("another step", want)
	deliver(beta, (&piece{conf: conf, size: 2, bytes: table}).encode())
	want.Unexpected++
	check("piece before the announcements", want)
	stranger := &node{process: ring.Process{Daemon: 2, Incarnation: 1}}
	deliver(stranger, queued(beta))
	want.Unexpected++
	check("announcement of an old life", want)
	deliver(beta, []byte{byte(kindAnnouncement), 1, 2})
	deliver(beta, []byte{byte(kindPiece)})
	want.Malformed += 2
	check("malformed", want)

	deliver(beta, queued(beta))
	deliver(beta, queued(beta))
	want.Unexpected++
	check("announced twice", want)
	deliver(alpha, queued(alpha))
	deliver(gamma, queued(gamma))
	check("all announced", want)
	good, err := parsePiece(beta.queue[1].Payload)
	if err != nil {
		t.Fatal(err)
	}
	alter := func(change func(*piece)) []byte {
		p := good
		change(&p)
		return p.encode()
	}
	deliver(&node{process: ring.Process{Daemon: 9}}, good.encode())
	want.Unexpected++
	check("piece of nobody", want)
	deliver(beta, alter(func(p *piece) { p.digest[0]++ }))
	want.Unexpected++
	check("piece of another table", want)
	deliver(beta, alter(func(p *piece) { p.index, p.size, p.bytes = 1, pieceSize+1, p.bytes[:1] }))
	want.Unexpected++
	check("second piece first", want)
	deliver(alpha, alpha.queue[1].Payload)
	deliver(gamma, gamma.queue[1].Payload)
	check("partial", want)
	deliver(gamma, gamma.queue[1].Payload)
	want.Unexpected++
	check("piece twice", want)

	// The last piece completes it, and then all is stale.
	deliver(beta, good.encode())
	if !alpha.groups.Ready() || len(regular(alpha.groups, "chat")) != 1 {
		t.Fatal("exchange is not complete")
	}
	deliver(beta, good.encode())
	if alpha.groups.counters.Stale != want.Stale+1 {
		t.Error("piece after the end")
	}
}

// A table that is not what was announced, or is no table, leaves the old one in
// force everywhere; the next configuration starts anew.
func TestWrongTable(t *testing.T) {
	foreign := &tableImage{
		sessions: []memberKey{{ring.Process{Daemon: 3, Incarnation: 1}, "x"}},
		groups:   []groupImage{{name: "g", id: GroupID{1, 1, 1}, members: []uint32{0}}},
	}
	for name, change := range map[string]func(digest) ([]byte, digest){
		"other bytes":                func(d digest) ([]byte, digest) { return []byte{0, 0}, d },
		"no table":                   func(digest) ([]byte, digest) { b := []byte("rubbish"); return b, digestOf(b) },
		"process not in the members": func(digest) ([]byte, digest) { b := foreign.encode(); return b, digestOf(b) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "alpha", "beta", "gamma")
			w.open("beta", "bob", true).join("chat")
			w.run()
			w.form("alpha", "beta")
			alpha, beta := w.nodes["alpha"], w.nodes["beta"]
			a, err := parseAnnouncement(beta.queue[0].Payload)
			if err != nil {
				t.Fatal(err)
			}
			b, d := change(a.digest)
			a.digest = d
			for _, s := range []ring.Delivery{
				{Sender: alpha.process, Payload: alpha.queue[0].Payload},
				{Sender: beta.process, Payload: a.encode()},
				{Sender: beta.process, Payload: (&piece{conf: a.conf, size: uint32(len(b)), digest: d, bytes: b}).encode()},
			} {
				alpha.deliver(s)
			}
			alpha.deliver(ring.Delivery{Sender: alpha.process, Payload: alpha.queue[1].Payload})
			if alpha.groups.Ready() || alpha.groups.counters.Malformed != 1 || len(alpha.groups.List()) != 0 {
				t.Fatalf("%+v, %+v", alpha.groups.Status(), alpha.groups.List())
			}
			beta.queue, alpha.queue = nil, nil
			w.form("alpha")
			w.form("alpha", "beta")
			w.run()
			w.wantSame("alpha", "beta")
		})
	}
}

// The rule for interrupted exchanges: what was held is applied by those that
// went on together and are here, in a view of only their sessions.
func TestReplayInSteps(t *testing.T) {
	w := newWorld(t, "alpha", "beta", "gamma", "delta")
	ann, bob := w.open("alpha", "ann", true), w.open("beta", "bob", true)
	ann.join("chat")
	bob.join("chat")
	w.run()
	w.quiet()
	alpha, beta := w.nodes["alpha"], w.nodes["beta"]
	// order puts one message, and nothing else, in order.
	order := func(c *client, data string) {
		t.Helper()
		for _, n := range c.node.conf.members {
			n.queue = nil // announcements that will be stale
		}
		c.send(data, "chat")
		if w.count(c.node.name, 1) != 1 {
			t.Fatal("nothing in order")
		}
	}
	w.form("alpha", "beta")
	order(ann, "both go on")
	w.form("alpha", "beta", "gamma")
	order(bob, "they part")
	w.form("alpha", "gamma")
	order(ann, "apart")
	w.form("beta", "delta")
	w.form("alpha", "beta", "gamma", "delta")
	w.run()
	w.wantSame("alpha", "beta", "gamma", "delta")
	for name, want := range map[string][]string{
		"alpha": {
			"network chat/1 members #ann#alpha #bob#beta sets",
			`message "both go on"`,
			"transition chat/1",
			"network chat/1 members #ann#alpha sets *#ann#alpha",
			`message "they part"`,
			`message "apart"`,
			"network chat/1 members #ann#alpha #bob#beta sets",
		},
		"beta": {
			"network chat/1 members #ann#alpha #bob#beta sets",
			`message "both go on"`,
			"transition chat/1",
			"network chat/1 members #bob#beta sets *#bob#beta",
			`message "they part"`,
			"network chat/1 members #ann#alpha #bob#beta sets",
		},
	} {
		log := w.nodes[name].log
		same := len(log) == len(want)
		for i := range min(len(log), len(want)) {
			same = same && strings.Contains(log[i], want[i])
		}
		if !same {
			t.Errorf("%s:\n\t%s\nwant\n\t%s", name, strings.Join(log, "\n\t"), strings.Join(want, "\n\t"))
		}
	}
	for _, n := range []*node{alpha, beta} {
		if s := n.groups.Status(); s.Held != 0 || s.Counters.Interrupted != 3 {
			t.Errorf("%s: %+v", n.name, s)
		}
	}
}
