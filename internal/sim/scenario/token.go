package scenario

import (
	"encoding/binary"
	"fmt"
	"time"

	"mpspread/internal/sim"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// Where a token in ring mode carries what scenarios look at.
const (
	tokenTSeq   = 22
	requestSize = 17
)

func staleToken() Scenario {
	s := Scenario{ID: "SCN-01", Title: "tokens of a network that is late by R rotations; a current token with requests that make no sense", Elsewhere: []string{"ring: TestTokenRelations, TestStaleTokensOnARunningRing, TestRequestBelowAruIsHarmless", "internal/sim: TestStaleTokens, TestFutureTokens, TestRetransOf8253RequestedWhileAruIs8411"}}
	for _, rotations := range []int{1, 15, 16, 17, 255, 256, 257, 65536} {
		s.Cases = append(s.Cases, staleBy(rotations))
	}
	for _, late := range []time.Duration{50 * time.Millisecond, 500 * time.Millisecond, 5 * time.Second} {
		s.Cases = append(s.Cases, both("late by "+late.String(), func(mode sim.Mode) Case { return networkLate(mode, late) })...)
	}
	s.Cases = append(s.Cases, nonsenseRequests())
	return s
}

// staleHop is short, so that 65 536 rotations are soon over.
const staleHop = 100 * time.Microsecond

// staleBy is a network on which the packets of a few rotations come late by a
// number of rotations, past the duplicate filter. In these rotations data is
// lost, so that the tokens ask for it. The twin loses the late copies instead:
// they must change nothing.
func staleBy(rotations int) Case {
	daemons := 3
	if rotations > 1000 {
		daemons = 2 // it takes long enough
	}
	p := sim.NewPlan(sim.RingMode, daemons, 2)
	p.Unfiltered = true
	p.Hops = []time.Duration{staleHop, staleHop + 7*time.Microsecond}
	const begin, window = formed, 60 * staleHop
	rotation := time.Duration(daemons) * staleHop
	late := time.Duration(rotations)*rotation + staleHop/2
	p.RunFor = begin + window + late + 100*time.Millisecond
	// Not in step with the token, so that nothing depends on what comes first
	// at an instant, and so that it never rests.
	p.Load = steady(p, formed-50*time.Millisecond, p.RunFor, rotation*97/100)
	p.Faults = []sim.Fault{{Kind: sim.Late, At: begin, For: window, Network: 1, From: everyone, To: everyone, Delay: late}}
	inWindow := func(g *sim.Passage) bool { return g.Now > begin+window/4 && g.Now < begin+window/2 }
	// Every other packet of data to the last daemon is lost on both networks.
	loseData := func(*sim.Plan) func(*sim.Passage) {
		return func(g *sim.Passage) {
			g.Lost = g.RingKind() == ring.KindData && g.To == daemons-1 && inWindow(g) && g.RingPayload()[ringSeqLow]%2 == 0
		}
	}
	return Case{
		Name: fmt.Sprintf("R=%d", rotations), Plans: []*sim.Plan{p}, Meddle: loseData,
		Watch: func(p *sim.Plan) []Watch {
			return []Watch{staleTokens(p, rotations, begin, begin+window), noChange(formed, p.RunFor)}
		},
		Twin: &Twin{
			Change: func(p *sim.Plan) {
				p.Faults[0] = cut(begin, window, 1, everyone, everyone)
			},
			Meddle: loseData,
			But: func(e *trace.Event) bool {
				return e.Kind == trace.TokenIn && e.Verdict == ring.TokenStale || e.Kind == trace.Recv && !e.First ||
					e.Kind == trace.TokenIn && e.Verdict == ring.TokenDuplicate
			},
			Counters: func(c *ring.Counters) { c.TokensStale, c.TokensDuplicate, c.DataDuplicate = 0, 0, 0 },
		},
	}
}

// ringSeqLow is the low byte of a data packet's sequence number.
const ringSeqLow = 29

// staleTokens wants, at every daemon, a stale token that is late by so many
// rotations, one that carries requests among them, and by 15 rotations or more
// what it asks for must have become stable.
func staleTokens(p *sim.Plan, rotations int, from, to time.Duration) Watch {
	type member struct {
		last   uint64   // token accepted
		stable ring.Seq // what it knows that all have
	}
	members := map[ring.DaemonID]*member{}
	asks := map[uint64]ring.Seq{} // what late tokens ask for: highest position, by tseq
	plain := 1 << 16              // length of a token without requests
	hit := map[ring.DaemonID]bool{}
	asked, unstable := false, false
	return Watch{
		Packet: func(g *sim.Passage) {
			if g.RingKind() != ring.KindToken {
				return
			}
			b := g.RingPayload()
			plain = min(plain, len(b))
			if g.Network != 1 || g.Now < from || g.Now >= to || len(b) == plain {
				return
			}
			q := b[len(b)-requestSize:]
			last := binary.BigEndian.Uint64(q[4:]) + uint64(binary.BigEndian.Uint32(q[12:])) - 1
			asks[binary.BigEndian.Uint64(b[tokenTSeq:])] = ring.Seq(last)
		},
		See: func(e *trace.Event) {
			m := members[e.Process.Daemon]
			if m == nil {
				m = &member{}
				members[e.Process.Daemon] = m
			}
			switch {
			case regular(e):
				*m = member{}
			case e.Kind == trace.Stable:
				m.stable = e.Seq
			case e.Kind == trace.TokenIn && e.Verdict == ring.TokenAccepted:
				m.last = e.TSeq
			case e.Kind == trace.TokenIn && e.Verdict == ring.TokenStale && m.last-e.TSeq == uint64(rotations):
				hit[e.Process.Daemon] = true
				if seq, ok := asks[e.TSeq]; ok {
					asked = true
					unstable = unstable || seq > m.stable
				}
			}
		},
		Missed: func() string {
			if len(hit) == p.Daemons && asked && (!unstable || rotations < 15) {
				return ""
			}
			return fmt.Sprintf("a token late by %d rotations: at %d of %d daemons; with requests %v, for what is not stable %v", rotations, len(hit), p.Daemons, asked, unstable)
		},
	}
}

// networkLate is S9: network B is late under load, in both kinds of cluster.
func networkLate(mode sim.Mode, late time.Duration) Case {
	p := sim.NewPlan(mode, 3, 2)
	p.Unfiltered = true // a bare ring sees every late copy itself
	p.RunFor = 12 * time.Second
	p.Faults = []sim.Fault{{Kind: sim.Late, At: formed, For: 9 * time.Second, Network: 1, From: everyone, To: everyone, Delay: late}}
	p.Load = busy(p, formed, 9*time.Second)
	return Case{Plans: []*sim.Plan{p}, Watch: func(p *sim.Plan) []Watch {
		list := []Watch{
			noChange(formed, p.RunFor), delivered(5000),
			passed("late", func(g *sim.Passage) bool { return g.Network == 1 && g.At-g.Now > late }),
		}
		if mode == sim.RingMode {
			list = append(list, counted("a stale token", func(c *ring.Counters) uint64 { return c.TokensStale }))
		}
		return list
	}}
}

// nonsenseRequests is the twin of the stale token: the current token, in due
// form, asks for what has long been stable, for what nobody has sent, and for
// another ring. The requests are counted and have no other effect: the trace is
// that of the run without them.
func nonsenseRequests() Case {
	p := sim.NewPlan(sim.RingMode, 3, 1)
	p.StartSeq = 8000
	p.RunFor = 4 * time.Second
	p.Load = steady(p, formed-time.Second, p.RunFor, 3*time.Millisecond)
	ask := func(of byte, first uint64, count uint32) []byte {
		b := append([]byte(nil), 2, of, 0, 0)                                                           // of daemon 2, first attempt, nobody skipped
		return append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(b, first), count), 0) // nobody able
	}
	const thisRing, otherRing = 255, 0
	return Case{
		Name: "twin: current token", Plans: []*sim.Plan{p}, Seeds: 3,
		Meddle: func(*sim.Plan) func(*sim.Passage) {
			return func(g *sim.Passage) {
				// One token to each daemon in every tenth of a second.
				if g.RingKind() != ring.KindToken || g.Now < formed || g.Now%(100*time.Millisecond) >= 3*time.Millisecond {
					return
				}
				g.AppendToRingPayload(ask(thisRing, 8001, 1)...)
				g.AppendToRingPayload(ask(thisRing, 1<<40, 3)...)
				g.AppendToRingPayload(ask(otherRing, 8001, 1)...)
			}
		},
		Watch: func(p *sim.Plan) []Watch {
			return []Watch{
				noChange(formed, p.RunFor), delivered(1500),
				countedAtLeast(3*3*20, "a request ignored", func(c *ring.Counters) uint64 { return c.RequestsIgnored }),
			}
		},
		Twin: &Twin{Counters: func(c *ring.Counters) { c.RequestsIgnored = 0 }},
	}
}
