package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// A register replicated on agreed messages, end to end (correctness reference
// 5.7): every client keeps a copy. To write or to read it multicasts to the
// group and waits for its own message; each applies all messages in the order
// in which they come. While no daemon loses the others, every history of that
// is linearizable.

// operation is what a client's message asks of the register: every third reads,
// the others write what no other writes.
type operation struct {
	write bool
	value uint64
}

func operationOf(client, counter uint64) operation {
	return operation{write: counter%3 != 0, value: client<<32 | counter}
}

// register is the register by its specification.
var register = porcupine.Model{
	Init: func() any { return uint64(0) },
	Step: func(state, input, output any) (bool, any) {
		op := input.(operation)
		if op.write {
			return true, op.value
		}
		return output == nil || output == state, state
	},
	DescribeOperation: func(input, output any) string {
		if op := input.(operation); op.write {
			return fmt.Sprintf("write %x", op.value)
		}
		return fmt.Sprintf("read %x", output)
	},
}

// registers are the copies that the clients keep in one run, and the history
// of what they did. Calls and returns are told apart by their place in the
// trace.
type registers struct {
	// careless answers reads at once from the client's own copy, without
	// asking for a place in the order: what a demonstration must show to be
	// wrong.
	careless bool
	copies   map[uint64]uint64 // by client
	pending  map[operation]int // by what was asked: no two ask the same
	history  []porcupine.Operation
}

// unreturned is when operations end that nobody saw the end of.
const unreturned = int64(1) << 62

func (r *registers) watch(e *trace.Event) {
	m := &e.Message
	if m.ClientCounter == 0 {
		return
	}
	op := operationOf(m.Client, m.ClientCounter)
	switch e.Kind {
	case trace.ClientSend:
		n := porcupine.Operation{ClientId: int(e.Client), Input: op, Call: int64(e.Index), Return: unreturned}
		if r.careless && !op.write {
			n.Output, n.Return = r.copies[e.Client], n.Call
		}
		r.pending[op] = len(r.history)
		r.history = append(r.history, n)
	case trace.ClientDeliver:
		if op.write {
			r.copies[e.Client] = op.value
		}
		if e.Client != m.Client {
			return
		}
		if n := &r.history[r.pending[op]]; n.Return == unreturned {
			n.Return = int64(e.Index)
			if !op.write {
				n.Output = r.copies[e.Client]
			}
		}
	}
}

// registerPlan has three daemons with a client each, which first come together
// in the group and then ask one thing after the other, over two networks of
// which one loses, doubles and reorders packets and the other is late and cut
// in one direction for a while.
func registerPlan(seed uint64) *Plan {
	p := NewPlan(EngineMode, 3, 2)
	p.Seed = seed
	p.RunFor = 4 * time.Second
	r := stream(seed, "register")
	for d := range p.Daemons {
		// Whoever joins late has missed writes.
		p.Load = append(p.Load, Load{At: formed, Daemon: d, Group: 0, Action: Join, Count: 1})
		for at := 2 * time.Second; at < 2300*time.Millisecond; at += r.time(5*time.Millisecond, 40*time.Millisecond) {
			p.Load = append(p.Load, Load{At: at, Daemon: d, Service: ring.Agreed, Size: headerSize, Count: 1})
		}
	}
	begin, long := 2*time.Second, time.Second
	p.Faults = []Fault{
		{Kind: Loss, At: begin, For: long, Network: 0, From: -1, To: -1, Rate: 200},
		{Kind: Duplicate, At: begin, For: long, Network: 0, From: -1, To: -1, Rate: 300, Count: 3, Delay: 5 * time.Millisecond},
		{Kind: Reorder, At: begin, For: long, Network: 0, From: -1, To: -1, Rate: 300, Delay: 5 * time.Millisecond},
		{Kind: Late, At: begin, For: long, Network: 1, From: -1, To: -1, Delay: 30 * time.Millisecond},
		{Kind: Cut, At: begin, For: long, Network: 1, From: r.below(3), To: -1},
	}
	p.sort()
	return p
}

func (r *registers) play(t *testing.T, seed uint64) {
	t.Helper()
	r.copies, r.pending, r.history = map[uint64]uint64{}, map[operation]int{}, nil
	c := changes{from: formed, to: time.Hour}
	run(t, registerPlan(seed), Options{Each: func(e *trace.Event) {
		r.watch(e)
		c.watch(e)
	}})
	if c.n > 0 {
		t.Fatalf("seed %d: the membership changed; its copies need not agree", seed)
	}
	if len(r.history) < 20 {
		t.Fatalf("seed %d: only %d operations", seed, len(r.history))
	}
}

func TestRegisterIsLinearizable(t *testing.T) {
	n := uint64(20)
	if testing.Short() {
		n = 3
	}
	r := registers{}
	for seed := range n {
		r.play(t, seed)
		for i := range r.history {
			if r.history[i].Return == unreturned {
				t.Errorf("seed %d: an operation never ended", seed)
			}
		}
		if !porcupine.CheckOperations(register, r.history) {
			t.Errorf("seed %d: not linearizable:", seed)
			for _, op := range r.history {
				t.Logf("client %d, %d to %d: %s", op.ClientId, op.Call, op.Return, register.DescribeOperation(op.Input, op.Output))
			}
		}
	}
}

// Reading one's own copy without asking is not linearizable: the test above
// can tell.
func TestCarelessRegisterIsNot(t *testing.T) {
	r := registers{careless: true}
	for seed := range uint64(20) {
		if r.play(t, seed); !porcupine.CheckOperations(register, r.history) {
			return
		}
	}
	t.Error("no history showed that a read may be stale")
}
