package daemon

import (
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mpspread/client/frame"
	"mpspread/groups"
	"mpspread/internal/check"
	"mpspread/internal/engine"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// recording is the trace of a cluster: what the rings of its daemons tell, and
// what clients do and see, for the checker that judges the simulator too.
type recording struct {
	mu      sync.Mutex
	events  []trace.Event
	lives   map[string]ring.Process // by name
	clients uint64
}

func (r *recording) add(e trace.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Index = uint64(len(r.events) + 1)
	r.events = append(r.events, e)
}

// engine makes engines whose rings are recorded.
func (r *recording) engine(c engine.Config) (*engine.Engine, error) {
	p := ring.Process{Daemon: ring.DaemonID(c.Multipath.Self), Incarnation: ring.Incarnation(c.Multipath.Incarnation.Short())}
	r.mu.Lock()
	for _, d := range c.Multipath.Daemons {
		if d.ID == c.Multipath.Self {
			r.lives[d.Name] = p
		}
	}
	r.mu.Unlock()
	r.add(trace.Event{Kind: trace.Start, Process: p})
	var in trace.ConfID
	c.Ring.Trace = func(_ time.Duration, e *ring.TraceEvent) {
		out := trace.Event{Process: p, Ring: e.Ring, Seq: e.Seq}
		m := &e.Message
		out.Message = trace.Message{Sender: m.Sender, Counter: m.Counter, Service: m.Service, Length: len(m.Payload), Digest: trace.DigestOf(m.Payload)}
		switch e.Kind {
		case ring.TraceConf:
			out = trace.Event{Process: p, Kind: trace.Conf, Conf: e.Conf}
			in = trace.IDOf(e.Conf)
		case ring.TraceOriginate:
			out.Kind, out.In = trace.Originate, in
			if q, err := groups.Inspect(m.Payload); err == nil {
				out.Message.Act, out.Message.Name, out.Message.Groups, out.Message.Discard = q.Act, q.Name, q.Groups, q.SelfDiscard
			}
		case ring.TraceDeliver:
			out.Kind, out.In = trace.Deliver, trace.IDOf(e.Conf)
		default:
			return
		}
		r.add(out)
	}
	c.Agreed = func(_ time.Duration, a groups.Agreement) {
		r.add(trace.Event{Process: p, Kind: trace.Agree, Ring: a.Of, In: trace.ConfID{Kind: ring.Regular, New: a.In}})
	}
	return engine.New(c)
}

// recorded is a client whose doings are in the trace.
type recorded struct {
	*raw
	r       *recording
	process ring.Process
	id      uint64
	private string
	number  uint64

	mu     sync.Mutex // held while it must not read
	closed bool       // by itself; guarded by r.mu
	done   chan struct{}
	seen   []trace.Event // guarded by r.mu
}

func (r *recording) login(d *running, name string) *recorded {
	c := &recorded{raw: d.login(name), r: r, private: "#" + name + "#" + d.name, done: make(chan struct{})}
	r.mu.Lock()
	r.clients++
	c.id, c.process = r.clients, r.lives[d.name]
	r.mu.Unlock()
	r.add(trace.Event{Kind: trace.ClientOpen, Process: c.process, Client: c.id, First: true, Text: c.private})
	go c.read()
	return c
}

func (c *recorded) ask(kind frame.Type, m trace.Message, data []byte) {
	c.t.Helper()
	c.r.add(trace.Event{Kind: trace.ClientSend, Process: c.process, Client: c.id, Message: m})
	c.write(frame.AppendMessage(nil, kind, c.private, frame.NewHint(0), m.Groups, data))
}

func (c *recorded) enters(group string) {
	c.ask(frame.Join, trace.Message{Act: groups.ActJoin, Groups: []string{group}}, nil)
}

func (c *recorded) leaves(group string) {
	c.ask(frame.Leave, trace.Message{Act: groups.ActLeave, Groups: []string{group}}, nil)
}

func (c *recorded) says(service ring.Service, size int, names ...string) {
	c.number++
	data := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, c.id), c.number)
	data = append(data, make([]byte, size)...)
	c.ask(frame.Unreliable<<service, trace.Message{
		Act: groups.ActMessage, Service: service, Groups: names, Length: len(data), Digest: trace.DigestOf(data), Client: c.id, ClientCounter: c.number,
	}, data)
}

// ends closes the connection, with a farewell or without.
func (c *recorded) ends(politely bool) {
	c.r.mu.Lock()
	c.closed = true
	c.r.mu.Unlock()
	c.r.add(trace.Event{Kind: trace.ClientClose, Process: c.process, Client: c.id, Text: "disconnect"})
	if politely {
		c.write(frame.AppendMessage(nil, frame.Kill, c.private, frame.NewHint(0), nil, nil))
	}
	_ = c.conn.Close()
	<-c.done
}

// mayRead waits while the client must not read.
func (c *recorded) mayRead() {
	c.mu.Lock()
	defer c.mu.Unlock()
}

// read records what comes until the end.
func (c *recorded) read() {
	defer close(c.done)
	var b []byte
	for {
		c.mayRead()
		e, n, err := frame.ParseEvent(b, 1<<24)
		if err == nil {
			c.take(&e)
			b = b[n:]
			continue
		}
		more := make([]byte, n-len(b))
		if _, err := io.ReadFull(c.conn, more); err != nil {
			break
		}
		b = append(b, more...)
	}
	c.r.mu.Lock()
	over := c.closed
	c.r.mu.Unlock()
	if !over {
		c.r.add(trace.Event{Kind: trace.ClientClose, Process: c.process, Client: c.id, Text: "closed by the daemon"})
	}
}

func (c *recorded) take(e *frame.Event) {
	out := trace.Event{Process: c.process, Client: c.id}
	switch e.Type.Kind() {
	case frame.KindMessage:
		out.Kind, out.Text = trace.ClientDeliver, string(e.Name)
		out.Message = trace.Message{
			Service: serviceOf(e.Type), Groups: e.Groups.Strings(), Discard: e.Type&frame.SelfDiscard != 0, Length: len(e.Data), Digest: trace.DigestOf(e.Data),
			Client: binary.BigEndian.Uint64(e.Data), ClientCounter: binary.BigEndian.Uint64(e.Data[8:]),
		}
	case frame.KindMembership:
		m, err := frame.ParseMembership(*e)
		if err != nil {
			c.t.Error(err)
			return
		}
		v := &trace.View{Group: string(m.Group), ID: [3]int32{m.ID.Ring, m.ID.Epoch, m.ID.Index}, Members: m.Members.Strings(), Own: m.Own}
		v.Cause = uint8(slices.Index(causes[:], m.Cause))
		for _, s := range m.Sets {
			v.Sets = append(v.Sets, s.Strings())
		}
		out.Kind, out.Text, out.View = trace.ClientView, c.private, v
	case frame.KindTransition:
		id, err := frame.ParseTransition(*e)
		if err != nil {
			c.t.Error(err)
			return
		}
		out.Kind, out.View = trace.ClientSignal, &trace.View{Group: string(e.Name), ID: [3]int32{id.Ring, id.Epoch, id.Index}}
	case frame.KindSelfLeave:
		out.Kind, out.View = trace.ClientLeave, &trace.View{Group: string(e.Name)}
	}
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	if !c.closed {
		out.Index = uint64(len(c.r.events) + 1)
		c.r.events = append(c.r.events, out)
		c.seen = append(c.seen, out)
	}
}

// awaits waits until the last thing seen of a kind is as wanted.
func (c *recorded) awaits(d *running, kind trace.Kind, as func(e *trace.Event) bool) {
	d.t.Helper()
	d.eventually(func() bool {
		c.r.mu.Lock()
		defer c.r.mu.Unlock()
		for i := len(c.seen) - 1; i >= 0; i-- {
			if c.seen[i].Kind == kind {
				return as(&c.seen[i])
			}
		}
		return false
	})
}

func members(n int) func(e *trace.Event) bool {
	return func(e *trace.Event) bool { return len(e.View.Members) == n }
}

// TestTraceOfClients: clients of two real daemons join, leave, send, are killed
// and overflow, while the daemons part and come together; the checker of the
// simulator judges what the rings and all clients saw.
func TestTraceOfClients(t *testing.T) {
	r := &recording{lives: make(map[string]ring.Process)}
	c := newCluster(t, "max_message = \"144000B\"\nmax_queue = \"256KiB\"", "h1", "h2")
	c.engine = r.engine
	d1, d2 := c.start("h1"), c.start("h2")
	a, slow, b := r.login(d1, "a"), r.login(d1, "slow"), r.login(d2, "b")
	killed := r.login(d2, "killed")
	all := []*recorded{a, slow, b, killed}
	for _, x := range all {
		x.enters("g")
	}
	a.awaits(d1, trace.ClientView, members(4))
	for i := range 120 {
		x := all[i%len(all)]
		x.says(ring.Service(i%6), i*13%3000, []string{"g", "other"}[i%7/6], "#a#h1")
	}
	b.leaves("g")
	b.enters("g")
	killed.ends(false)
	a.awaits(d1, trace.ClientView, members(3))

	r.add(trace.Event{Kind: trace.ClientStall, Process: slow.process, Client: slow.id, First: true})
	slow.mu.Lock()
	for i := 0; i < 2000; i++ {
		b.says(ring.Agreed, 5000, "g")
		if i%50 == 49 {
			sent := b.number
			a.awaits(d1, trace.ClientDeliver, func(e *trace.Event) bool { return e.Message.Client == b.id && e.Message.ClientCounter == sent })
			if d1.logs.FilterMessage("session closed").Len() > 0 {
				break
			}
		}
	}
	a.awaits(d1, trace.ClientView, members(2))
	if e := d1.logged("session closed"); e.ContextMap()["reason"] != "too slow" {
		t.Errorf("closed with %v", e.ContextMap())
	}
	slow.mu.Unlock()
	<-slow.done

	c.board.Cut("A")
	c.board.Cut("B")
	a.awaits(d1, trace.ClientView, members(1))
	a.says(ring.Safe, 10, "g")
	c.board.Heal("A")
	c.board.Heal("B")
	a.awaits(d1, trace.ClientView, members(2))
	b.awaits(d2, trace.ClientView, members(2))
	for i := range 30 {
		a.says(ring.Service(i%6), i*100, "g")
	}
	b.awaits(d2, trace.ClientDeliver, func(e *trace.Event) bool { return e.Message.Client == a.id && e.Message.ClientCounter == a.number })
	a.awaits(d1, trace.ClientDeliver, func(e *trace.Event) bool { return e.Message.Client == a.id && e.Message.ClientCounter == a.number })
	r.add(trace.Event{Kind: trace.Finished})
	r.judge(t)
	a.ends(true)
	b.ends(true)
}

// judge has the trace judged.
func (r *recording) judge(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	judge := check.New(check.Options{})
	for i := range r.events {
		judge.Event(&r.events[i])
		if v := judge.Verdict(); v != nil {
			var b strings.Builder
			for j := max(0, i-20); j <= i; j++ {
				b.WriteString(string(trace.AppendText(nil, &r.events[j])) + "\n")
			}
			t.Fatalf("%v\n%s", v, b.String())
		}
	}
	tested := judge.Exercised()
	for _, p := range []check.Property{check.GRP1, check.GRP4, check.GRP5, check.GRP6, check.GRP7, check.GRP9, check.GRP10, check.CLI2, check.CLI3, check.CLI4, check.CLI5, check.CLI6, check.INT6, check.TOT1} {
		if tested[p] == 0 {
			t.Errorf("%s was never evaluated", p)
		}
	}
}
