package groups

import (
	"testing"

	"mpspread/ring"
)

// A cut: signal, then messages under the old members, then the membership that
// the network caused (spread-semantics A4).
func TestDaemonsLost(t *testing.T) {
	w := newWorld(t, "alpha", "beta", "gamma")
	w.form("alpha", "beta", "gamma")
	ann, bob, cat := w.open("alpha", "ann", true), w.open("beta", "bob", true), w.open("gamma", "cat", true)
	for _, c := range []*client{ann, bob, cat} {
		c.join("chat")
		w.run()
	}
	ann.join("local")
	w.run()
	w.quiet()

	w.form("alpha", "beta")
	w.want("alpha",
		`1: transition chat/3`,
		`1: network chat/1 members #ann#alpha #bob#beta sets *#ann#alpha #bob#beta`)
	w.want("beta",
		`2: transition chat/3`,
		`2: network chat/1 members #ann#alpha #bob#beta sets *#ann#alpha #bob#beta`)
	w.form("gamma")
	w.want("gamma",
		`3: transition chat/3`,
		`3: network chat/1 members #cat#gamma sets *#cat#gamma`)

	// They come together again: no signal; the group that is only here hears
	// nothing.
	w.form("alpha", "beta", "gamma")
	w.run()
	w.wantSame("alpha", "beta", "gamma")
	const merged = `network chat/1 members #ann#alpha #bob#beta #cat#gamma sets `
	old := regular(w.nodes["alpha"].groups, "chat")
	if len(old) != 3 {
		t.Fatalf("members: %v", old)
	}
	alphaFirst := w.nodes["alpha"].log[0] == "1: "+merged+"*#ann#alpha #bob#beta | #cat#gamma"
	if alphaFirst {
		w.want("alpha", "1: "+merged+"*#ann#alpha #bob#beta | #cat#gamma")
		w.want("beta", "2: "+merged+"*#ann#alpha #bob#beta | #cat#gamma")
		w.want("gamma", "3: "+merged+"#ann#alpha #bob#beta | *#cat#gamma")
	} else {
		w.want("alpha", "1: "+merged+"#cat#gamma | *#ann#alpha #bob#beta")
		w.want("beta", "2: "+merged+"#cat#gamma | *#ann#alpha #bob#beta")
		w.want("gamma", "3: "+merged+"*#cat#gamma | #ann#alpha #bob#beta")
	}
}

func regular(g *Groups, name string) []string {
	for _, info := range g.List() {
		if info.Name == name {
			return info.Members
		}
	}
	return nil
}

// Joins, leaves and disconnects between the signal and the regular membership
// (spread-client-protocol 7.2, 7.3).
func TestChangesAfterTheSignal(t *testing.T) {
	setup := func(t *testing.T) (w *world, ann, bob *client) {
		w = newWorld(t, "alpha", "beta", "gamma", "delta")
		w.form("alpha", "beta", "gamma", "delta")
		ann, bob = w.open("alpha", "ann", true), w.open("beta", "bob", true)
		cat, dan := w.open("gamma", "cat", true), w.open("delta", "dan", true)
		for _, c := range []*client{ann, cat, dan} {
			c.join("chat")
			w.run()
		}
		w.quiet()
		return w, ann, bob
	}
	// cut delivers the transitional configuration at alpha and beta, runs what
	// is between, and then the regular one.
	cut := func(w *world, between func()) {
		w.transit([]*node{w.nodes["alpha"], w.nodes["beta"]}, w.epoch+1)
		between()
		c := w.nodes["alpha"].conf
		for {
			d, ok := c.originate()
			if !ok {
				break
			}
			w.nodes["alpha"].deliver(d)
			w.nodes["beta"].deliver(d)
		}
		w.install([]*node{w.nodes["alpha"], w.nodes["beta"]})
	}

	t.Run("join", func(t *testing.T) {
		w, _, bob := setup(t)
		cut(w, func() { bob.join("chat") })
		w.want("alpha",
			`1: transition chat/3`,
			`1: network chat/4 members #ann#alpha #bob#beta #cat#gamma #dan#delta sets *#ann#alpha | #cat#gamma | #dan#delta | #bob#beta`,
			`1: transition chat/4`,
			`1: network chat/1 members #ann#alpha #bob#beta sets *#ann#alpha #bob#beta`)
		w.want("beta",
			`2: network chat/4 members #ann#alpha #bob#beta #cat#gamma #dan#delta sets #ann#alpha | #cat#gamma | #dan#delta | *#bob#beta`,
			`2: transition chat/4`,
			`2: network chat/1 members #ann#alpha #bob#beta sets *#ann#alpha #bob#beta`)
	})
	t.Run("join of two at one daemon", func(t *testing.T) {
		w, ann, bob := setup(t)
		eve := w.open("alpha", "eve", true)
		cut(w, func() { eve.join("chat"); bob.leave("chat"); ann.leave("chat") })
		w.want("alpha",
			`1: transition chat/3`,
			`5: network chat/4 members #ann#alpha #eve#alpha #cat#gamma #dan#delta sets #ann#alpha | #cat#gamma | #dan#delta | *#eve#alpha`,
			`1: network chat/4 members #ann#alpha #eve#alpha #cat#gamma #dan#delta sets *#ann#alpha | #cat#gamma | #dan#delta | #eve#alpha`,
			`1 5: transition chat/4`,
			`1: self-leave chat`,
			`5: network chat/5 members #eve#alpha #cat#gamma #dan#delta sets *#eve#alpha | #cat#gamma | #dan#delta`,
			`5: transition chat/5`,
			`5: network chat/1 members #eve#alpha sets *#eve#alpha`)
	})
	t.Run("disconnect of the last here", func(t *testing.T) {
		w, ann, bob := setup(t)
		cut(w, func() { ann.close(); bob.join("chat") })
		w.want("alpha",
			`1: transition chat/3`,
			`1: closed`)
		w.want("beta",
			`2: network chat/5 members #bob#beta #cat#gamma #dan#delta sets #cat#gamma | #dan#delta | *#bob#beta`,
			`2: transition chat/5`,
			`2: network chat/1 members #bob#beta sets *#bob#beta`)
	})
	t.Run("join of an untouched group", func(t *testing.T) {
		w, ann, bob := setup(t)
		cut(w, func() { ann.join("other"); bob.join("other") })
		w.want("beta", `2: join other/2 members #ann#alpha #bob#beta sets *#bob#beta`)
		w.wantSame("alpha", "beta")
	})
	t.Run("join of a session that is lost", func(t *testing.T) {
		w, _, _ := setup(t)
		cat := w.open("gamma", "cat2", true)
		cut(w, func() { cat.join("chat"); cat.join("new") })
		w.want("alpha",
			`1: transition chat/3`,
			`1: network chat/1 members #ann#alpha sets *#ann#alpha`)
		w.wantSame("alpha", "beta")
	})
	t.Run("leave and disconnect of sessions that are lost", func(t *testing.T) {
		w, _, _ := setup(t)
		gone := w.nodes["gamma"]
		cut(w, func() {
			s, err := gone.groups.Leave(3, "chat")
			if err != nil {
				t.Fatal(err)
			}
			gone.queue = append(gone.queue, s)
			if s, err = w.nodes["delta"].groups.Close(4); err != nil {
				t.Fatal(err)
			}
			w.nodes["delta"].queue = append(w.nodes["delta"].queue, s)
		})
		// Nobody is lost in the end, but a signal was sent and has to be ended.
		w.want("alpha",
			`1: transition chat/3`,
			`1: network chat/4 members #ann#alpha #dan#delta sets *#ann#alpha | #dan#delta`,
			`1: transition chat/4`,
			`1: network chat/5 members #ann#alpha sets *#ann#alpha`,
			`1: transition chat/5`,
			`1: network chat/1 members #ann#alpha sets *#ann#alpha`)
	})
}

// Lost and gained in one change: one signal, one membership.
func TestLostAndGained(t *testing.T) {
	w := newWorld(t, "alpha", "beta", "gamma")
	w.form("alpha", "beta")
	for _, c := range []*client{w.open("alpha", "ann", true), w.open("beta", "bob", true), w.open("gamma", "cat", true)} {
		c.join("chat")
		w.run()
	}
	w.quiet()
	w.form("alpha", "gamma")
	w.run()
	log := w.nodes["alpha"].log
	if len(log) != 2 || log[0] != "1: transition chat/2" {
		t.Fatalf("alpha: %q", log)
	}
	if log := w.nodes["gamma"].log; len(log) != 1 {
		t.Fatalf("gamma: %q", log)
	}
	w.wantSame("alpha", "gamma")
}

// A daemon that restarts is a new process and has no members.
func TestRestart(t *testing.T) {
	w := newWorld(t, "alpha", "beta")
	w.form("alpha", "beta")
	w.open("alpha", "ann", true).join("chat")
	w.open("beta", "bob", true).join("chat")
	w.run()
	w.quiet()
	w.start("beta")
	w.form("alpha", "beta")
	w.run()
	w.want("alpha",
		`1: transition chat/2`,
		`1: network chat/1 members #ann#alpha sets *#ann#alpha`)
	w.open("beta", "bob", true).join("chat")
	w.run()
	w.want("alpha", `1: join chat/2 members #ann#alpha #bob#beta sets *#bob#beta`)
	w.wantSame("alpha", "beta")
}

// GRP-9: what is ordered before the state is agreed waits, and then comes in
// order after the membership.
func TestHeldUntilAgreed(t *testing.T) {
	w := newWorld(t, "alpha", "beta")
	ann, bob := w.open("alpha", "ann", true), w.open("beta", "bob", true)
	ann.join("chat")
	bob.join("chat")
	w.run()
	w.quiet()
	ann.send("early", "chat")
	w.form("alpha", "beta")
	for range 3 { // the message and both announcements
		w.step()
		if len(w.nodes["alpha"].log)+len(w.nodes["beta"].log) != 0 {
			t.Fatalf("before the exchange: %q %q", w.nodes["alpha"].log, w.nodes["beta"].log)
		}
	}
	if s := w.nodes["beta"].groups.Status(); s.Held != 1 || s.State != "exchange" || w.nodes["beta"].groups.Ready() {
		t.Fatalf("status: %+v", s)
	}
	w.run()
	for _, name := range []string{"alpha", "beta"} {
		log := w.nodes[name].log
		if len(log) != 2 || log[1][3:] != `message "early" from #ann#alpha to chat` {
			t.Fatalf("%s: %q", name, log)
		}
	}
}

// A daemon that does not stop talking while an exchange goes on cannot make
// the others hold all of it; its requests still count.
func TestHeldDataIsBounded(t *testing.T) {
	w := newWorld(t, "alpha", "beta")
	ann := w.open("alpha", "ann", true)
	ann.join("chat")
	w.run()
	w.form("alpha", "beta")
	g := ann.node.groups
	big := must(g.Multicast(ann.id, &Multicast{Groups: []string{"chat"}, Data: make([]byte, 100)}))
	g.heldBytes = maxHeldBytes - len(big.Payload)
	for range 3 {
		g.Deliver(ring.Delivery{Sender: ann.node.process, Payload: big.Payload})
	}
	g.Deliver(ring.Delivery{Sender: ann.node.process, Payload: encodeRequest(kindJoin, "ann", "other")})
	if s := g.Status(); s.Held != 2 || s.Counters.Dropped != 2 {
		t.Fatalf("status %+v", s)
	}
	w.form("alpha")
	if g.heldBytes != 0 || len(regular(g, "other")) != 1 {
		t.Fatalf("%d bytes, %v", g.heldBytes, g.List())
	}
}
