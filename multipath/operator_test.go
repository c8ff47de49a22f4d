package multipath

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// command makes the world's operator tool: to daemon i over some networks.
func (w *world) command(i int, text string, networks ...int) *Operator {
	w.t.Helper()
	c := OperatorConfig{
		Cluster: w.base.Cluster, Keys: w.base.Keys, Plaintext: w.base.Plaintext, Cipher: w.base.Cipher,
		Target: testID(i), Command: []byte(text), Entropy: newEntropy(w.rand.Uint64()),
	}
	for _, n := range networks {
		c.Networks = append(c.Networks, OperatorNetwork{ID: NetworkID(n), Name: w.base.Networks[n].Name, To: []netip.AddrPort{testAddr(n, i)}})
	}
	o, err := NewOperator(c)
	if err != nil {
		w.t.Fatal(err)
	}
	o.token += 1 << 60
	w.operator = o
	return o
}

// serve answers every command of a node at once, and counts how often it ran.
func (w *world) serve(i int, answer func(c Command) []byte) map[string]int {
	ran := map[string]int{}
	nd := w.nodes[i]
	nd.command = func(c Command) {
		ran[string(c.Body)]++
		nd.Answer(w.now, c.ID, answer(c))
	}
	return ran
}

func echo(c Command) []byte { return append([]byte("done "), c.Body...) }

// S26, S27: a command on one network, with the other one dead and 30 % loss,
// runs once and is answered.
func TestOperatorOverOneNetwork(t *testing.T) {
	for _, plain := range []bool{false, true} {
		w := newWorld(t, 3, 2, func(c *Config) { c.Plaintext = plain })
		w.form()
		w.loss = 0.3
		w.filter = cut(0, -1, -1)
		for round := range 50 {
			ran := w.serve(1, echo)
			var got Command
			serve := w.nodes[1].command
			w.nodes[1].command = func(c Command) { got = c; serve(c) }
			o := w.command(1, fmt.Sprint("status ", round), 1)
			w.until(5*time.Second, "answer", o.Done)
			r, err := o.Result()
			if err != nil || string(r.Body) != fmt.Sprint("done status ", round) || r.Came != "B" || r.Network != "B" {
				t.Fatalf("%q %v: %+v", r.Body, err, r)
			}
			if len(ran) != 1 || ran[fmt.Sprint("status ", round)] != 1 {
				t.Fatalf("ran %v", ran)
			}
			if got.Unsealed != plain || got.Network != 1 || got.From != testAddr(1, operatorNode) || r.RTT <= 0 {
				t.Fatalf("%+v %+v", got, r)
			}
		}
	}
}

func TestOperatorOverAllNetworksRunsOnce(t *testing.T) {
	w := newWorld(t, 2, 2)
	ran := w.serve(1, echo)
	o := w.command(1, "x", 0, 1)
	w.until(time.Second, "answer", o.Done)
	w.run(time.Second)
	if r, err := o.Result(); err != nil || ran["x"] != 1 || r.RTT != 200*time.Microsecond {
		t.Errorf("%v %v %+v", err, ran, r)
	}
}

// Replies larger than a packet, at sizes around the edges.
func TestOperatorLongReplies(t *testing.T) {
	for _, size := range []int{0, 1, replyChunk - 1, replyChunk, replyChunk + 1, replyChunk*replyBurst - 1, replyChunk * replyBurst,
		replyChunk*replyBurst + 1, 300_000, MaxReply} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			w := newWorld(t, 2, 2)
			reply := make([]byte, size)
			newEntropy(1).Read(reply)
			w.serve(1, func(Command) []byte { return reply })
			w.loss = 0.05
			o := w.command(1, "x", 1)
			o.cfg.Timeout = time.Minute
			w.until(time.Minute, "answer", o.Done)
			if r, err := o.Result(); err != nil || !bytes.Equal(r.Body, reply) {
				t.Errorf("%v, %d bytes", err, len(r.Body))
			}
		})
	}
	w := newWorld(t, 2, 2)
	w.serve(1, func(Command) []byte { return make([]byte, MaxReply+1) })
	o := w.command(1, "x", 0)
	w.until(time.Second, "answer", o.Done)
	if _, err := o.Result(); !errors.Is(err, ErrReplyTooLarge) {
		t.Errorf("%v", err)
	}
}

// A command that takes long is acknowledged meanwhile and answered in the end.
func TestOperatorSlowCommand(t *testing.T) {
	w := newWorld(t, 2, 2)
	var c Command
	n := 0
	w.nodes[1].command = func(got Command) { c = got; n++ }
	o := w.command(1, "slow", 0)
	w.run(3 * time.Second)
	if o.Done() || n != 1 {
		t.Fatalf("done %v, ran %d times", o.Done(), n)
	}
	w.nodes[1].Answer(w.now, c.ID, []byte("at last"))
	w.send(w.nodes[1])
	w.run(10 * ms)
	if r, err := o.Result(); err != nil || string(r.Body) != "at last" {
		t.Errorf("%v %q", err, r.Body)
	}
	w.nodes[1].Answer(w.now, c.ID, []byte("again"))
	if len(w.nodes[1].Datagrams()) != 0 {
		t.Error("answered twice")
	}
}

func TestOperatorUnreachable(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.serve(1, echo)
	w.filter = cut(0, -1, -1)
	o := w.command(1, "x", 0)
	took := w.until(6*time.Second, "given up", o.Done)
	if _, err := o.Result(); !errors.Is(err, ErrUnreachable) || took > 5100*ms {
		t.Errorf("%v after %v", err, took)
	}
}

// Another life answers that the outcome is unknown.
func TestOperatorDaemonRestarts(t *testing.T) {
	w := newWorld(t, 2, 2)
	o := w.command(1, "x", 0)
	w.until(time.Second, "offer", func() bool { return o.life != nil })
	w.nodes[1].dead = true
	w.run(10 * ms)
	w.boot(1)
	ran := w.serve(1, echo)
	w.until(time.Second, "end", o.Done)
	if _, err := o.Result(); !errors.Is(err, ErrRestarted) || !errors.Is(err, ErrOutcomeUnknown) || len(ran) != 0 {
		t.Errorf("%v, ran %v", err, ran)
	}
	// A daemon that stays away after the command was sent.
	w.nodes[1].command = nil
	o = w.command(1, "y", 0)
	w.until(time.Second, "offer", func() bool { return o.life != nil })
	w.nodes[1].dead = true
	w.until(6*time.Second, "end", o.Done)
	if _, err := o.Result(); !errors.Is(err, ErrOutcomeUnknown) || errors.Is(err, ErrRestarted) {
		t.Errorf("%v", err)
	}
}

// A challenge that ran out costs one exchange, and the command runs once.
func TestOperatorExpiredChallenge(t *testing.T) {
	w := newWorld(t, 2, 2)
	ran := w.serve(1, echo)
	w.filter = func(f *flight) bool { return f.from != operatorNode || w.now < 10*ms || w.now > 30*time.Second }
	w.now = 9*ms + 900*time.Microsecond
	o := w.command(1, "x", 0)
	o.cfg.Timeout = time.Minute
	w.until(time.Minute, "answer", o.Done)
	if r, err := o.Result(); err != nil || string(r.Body) != "done x" || ran["x"] != 1 || w.now < 30*time.Second {
		t.Errorf("%v %q %v at %v", err, r.Body, ran, w.now)
	}
}

// A recorded command runs no second time, neither while its receipt is kept
// nor after.
func TestOperatorReplay(t *testing.T) {
	w := newWorld(t, 2, 2)
	ran := w.serve(1, echo)
	var recorded []*flight
	w.tap = func(f *flight) {
		if f.from == operatorNode {
			c := *f
			c.data = slices.Clone(f.data)
			recorded = append(recorded, &c)
		}
	}
	o := w.command(1, "x", 0)
	w.until(time.Second, "answer", o.Done)
	w.operator, w.tap = nil, nil
	for range 40 {
		w.run(20 * time.Second)
		for _, f := range recorded {
			w.receive(w.nodes[1], 0, netip.MustParseAddrPort("192.0.2.9:1"), slices.Clone(f.data))
			w.nodes[1].Datagrams()
		}
	}
	if ran["x"] != 1 || len(w.nodes[1].receipts) != 0 {
		t.Errorf("ran %v, %d receipts", ran, len(w.nodes[1].receipts))
	}
}

// Without the key nobody commands, and a source that tries is limited without
// hurting others.
func TestOperatorWithoutKey(t *testing.T) {
	w := newWorld(t, 2, 2)
	ran := w.serve(1, echo)
	o := w.command(1, "x", 0)
	o.env, _ = newEnvelope("test", false, AES256GCM, []Key{{ID: 7, Active: true}}, newEntropy(4))
	o.aead = o.env.ring.derive(&o.env.ring.keys[0], OperatorID, o.inc, 0)
	w.until(6*time.Second, "given up", o.Done)
	if c := w.status(1).Counters; len(ran) != 0 || c.Authentication == 0 || c.Commands != 0 {
		t.Errorf("%v %+v", ran, c)
	}
	data := make([]byte, 200)
	data[0], data[1], data[2], data[3] = magic, wireVersion<<4, 7, byte(KindOperator)
	binary.BigEndian.PutUint32(data[4:], uint32(OperatorID))
	for range 1000 {
		w.receive(w.nodes[1], 0, netip.MustParseAddrPort("192.0.2.1:9"), slices.Clone(data))
	}
	if c := w.status(1).Counters; c.OperatorLimited < 800 {
		t.Errorf("limited %d", c.OperatorLimited)
	}
	o = w.command(1, "y", 0)
	w.until(time.Second, "another's answer", o.Done)
	if _, err := o.Result(); err != nil {
		t.Error(err)
	}
}

// Receipts are bounded: a flood of commands is refused, not forgotten.
func TestOperatorReceiptsAreBounded(t *testing.T) {
	w := newWorld(t, 2, 2)
	ran := w.serve(1, echo)
	w.nodes[1].Advance(w.now)
	for i := range maxReceipts {
		c := opCommandMsg{target: testID(1), inc: w.nodes[1].cfg.Incarnation, challenge: w.nodes[1].challenges.current, id: [16]byte{byte(i), byte(i >> 8), 1}, text: []byte{byte(i)}}
		w.nodes[1].takeCommand(w.now, w.nodes[1].networks[0], testAddr(0, operatorNode), &c)
		w.nodes[1].Answer(w.now, c.id, make([]byte, 1000))
	}
	o := w.command(1, "one more", 0)
	w.until(time.Second, "end", o.Done)
	if _, err := o.Result(); !errors.Is(err, ErrBusy) || len(ran) != maxReceipts && len(ran) != 0 {
		t.Errorf("%v", err)
	}
	w.operator = nil
	w.run(receiptLeast + time.Second)
	o = w.command(1, "later", 0)
	w.until(time.Second, "end", o.Done)
	if _, err := o.Result(); err != nil || len(w.nodes[1].receipts) > maxReceipts {
		t.Errorf("%v", err)
	}
}

func TestNewOperatorRefuses(t *testing.T) {
	good := OperatorConfig{Cluster: "c", Keys: testKeys(), Networks: make([]OperatorNetwork, 1), Entropy: newEntropy(1)}
	for name, change := range map[string]func(*OperatorConfig){
		"long command": func(c *OperatorConfig) { c.Command = make([]byte, MaxCommand+1) },
		"no network":   func(c *OperatorConfig) { c.Networks = nil },
		"no entropy":   func(c *OperatorConfig) { c.Entropy = nil },
		"no key":       func(c *OperatorConfig) { c.Keys = nil },
	} {
		c := good
		change(&c)
		if _, err := NewOperator(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	good.Command = make([]byte, MaxCommand)
	if _, err := NewOperator(good); err != nil {
		t.Error(err)
	}
}

// Offers and replies that do not belong to the exchange change nothing.
func TestOperatorIgnoresStrays(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.serve(1, echo)
	o := w.command(1, "x", 0)
	o.Advance(w.now)
	nd := w.nodes[1]
	stray := func(kind Kind, body []byte) {
		nd.begin(w.now)
		o.Receive(w.now, 0, slices.Clone(nd.sealOwn(kind, body)))
	}
	stray(KindOperator, appendOffer(nil, o.token+1, challenge{1}))
	stray(KindOperator, appendOffer(nil, o.token-1, challenge{1}))
	stray(KindOperator, (&opReplyMsg{id: o.command.id, count: 1}).append(nil))
	stray(KindUpper, appendOffer(nil, o.token, challenge{1}))
	if o.life != nil || o.Done() {
		t.Fatal("a stray was taken")
	}
	w.sendOperator()
	w.until(time.Second, "answer", o.Done)
	if r, err := o.Result(); err != nil || string(r.Body) != "done x" {
		t.Errorf("%v %q", err, r.Body)
	}
}
