package check

import (
	"fmt"
	"slices"

	"mpspread/internal/trace"
)

func (l label) String() string {
	switch {
	case l.view != nil:
		return fmt.Sprintf("view %d of %s", l.view.ID, l.view.Group)
	case l.client != 0:
		return fmt.Sprintf("message %d of client %d", l.number, l.client)
	}
	return fmt.Sprintf("%v, position %d", l.conf, l.at.seq)
}

// none is no node.
const none int32 = -1

// graph is the oracle of CFG-8: configuration events of equal id are one
// node, deliveries of one message are one node, and each process's order
// gives edges. It must have no cycle. It shares no code with the order checks.
type graph struct {
	labels []label
	edges  [][2]int32
	confs  map[trace.ConfID]int32
}

// label says what a node is: a configuration, or a message's packet; where only
// clients are seen, a view, or a client's message.
type label struct {
	view           *trace.View
	client, number uint64
	conf           trace.ConfID
	at             place
}

func (g *graph) conf(id trace.ConfID) int32 {
	if n, ok := g.confs[id]; ok {
		return n
	}
	if g.confs == nil {
		g.confs = make(map[trace.ConfID]int32)
	}
	n := g.add(label{conf: id})
	g.confs[id] = n
	return n
}

func (g *graph) message(e *trace.Event) int32 {
	return g.add(label{conf: trace.ConfID{New: e.Ring}, at: place{e.Seq, e.Message.Counter}})
}

func (g *graph) add(l label) int32 {
	g.labels = append(g.labels, l)
	return int32(len(g.labels) - 1)
}

// node makes n the next step of p.
func (c *Checker) node(p *process, n int32) {
	if p.node != none {
		c.graph.edges = append(c.graph.edges, [2]int32{p.node, n})
	}
	p.node = n
}

// cycle returns a node on a cycle, or none: Kahn's topological sort.
func (g *graph) cycle() int32 {
	first := make([]int32, len(g.labels)+1) // edges of n are out[first[n]:first[n+1]]
	into := make([]int32, len(g.labels))
	for _, e := range g.edges {
		first[e[0]+1]++
		into[e[1]]++
	}
	for n := range g.labels {
		first[n+1] += first[n]
	}
	out := make([]int32, len(g.edges))
	at := append([]int32(nil), first...)
	for _, e := range g.edges {
		out[at[e[0]]] = e[1]
		at[e[0]]++
	}
	ready := make([]int32, 0, len(g.labels))
	for n := range g.labels {
		if into[n] == 0 {
			ready = append(ready, int32(n))
		}
	}
	for done := 0; done < len(ready); done++ {
		n := ready[done]
		for _, to := range out[first[n]:first[n+1]] {
			if into[to]--; into[to] == 0 {
				ready = append(ready, to)
			}
		}
	}
	return int32(slices.IndexFunc(into, func(left int32) bool { return left > 0 })) // none, if there is no such node
}

// acyclic judges CFG-8 at the end of the run.
func (c *Checker) acyclic() {
	n := c.graph.cycle()
	if c.holds(CFG8, n == none) {
		return
	}
	l := c.graph.labels[n]
	c.fail(CFG8, subject{}.at(l.conf.New, l.at.seq), "the orders contradict each other at %v", l)
}
