package sim

import (
	"slices"
	"time"

	"mpspread/internal/check"
	"mpspread/ring"
)

// Minimize looks for a smaller plan whose run violates the same property
// (correctness reference 5.5): fewer faults, then fewer daemons, networks and
// messages, then shorter times and rounder numbers, and all over again until
// nothing gets smaller. more is asked before each try; when it says no, the
// smallest plan found so far is the answer. The answer of a plan that does not
// violate the property is the plan itself.
func Minimize(p *Plan, property check.Property, more func() bool) *Plan {
	only := Options{Only: []check.Property{property}}
	return minimize(p, func(p *Plan) *check.Violation { return Run(p, only).Violation }, more)
}

// minimize is Minimize for any judge of plans.
func minimize(p *Plan, judge func(p *Plan) *check.Violation, more func() bool) *Plan {
	s := &shrinker{best: clonePlan(p), judge: judge, more: more}
	if !s.try(s.best) {
		return p
	}
	for before := -1; before != s.accepted && more(); {
		before = s.accepted
		s.later()
		s.faults()
		s.cutShort()
		s.load()
		s.daemons()
		s.networks()
		s.plain()
		s.simpleFaults()
		s.simpleLoad()
		s.round()
	}
	return s.best
}

type shrinker struct {
	best     *Plan
	at       time.Duration // when the best plan's run violates the property
	judge    func(p *Plan) *check.Violation
	more     func() bool
	accepted int // candidates that became the best
}

// try makes a candidate the best if it is a plan and its run violates the
// property.
func (s *shrinker) try(p *Plan) bool {
	if !s.more() || p.check() != nil {
		return false
	}
	v := s.judge(p)
	if v == nil {
		return false
	}
	s.best, s.at = p, v.Time
	s.accepted++
	return true
}

// change tries the best plan with something changed. Nothing is tried where
// nothing changes.
func (s *shrinker) change(f func(p *Plan)) bool {
	p := clonePlan(s.best)
	f(p)
	return !samePlan(p, s.best) && s.try(p)
}

// later looks for the violation in what the end of the run does alone: what
// was before it goes, and the rest happens sooner. Such a run is another one
// from its beginning, so it gets more than one chance.
func (s *shrinker) later() {
	const formed = 2 * time.Second
	for _, eighths := range []time.Duration{7, 6, 4, 2} {
		from := s.at * eighths / 8
		if from > formed && s.again(laterSeeds, func(p *Plan) { p.begin(from, formed) }) {
			return
		}
	}
}

// faults drops faults, half of them at once, then ever fewer (delta debugging:
// Zeller, Hildebrandt, "Simplifying and Isolating Failure-Inducing Input",
// 2002).
func (s *shrinker) faults() {
	without(len(s.best.Faults), func(from, to int) bool {
		return !slices.ContainsFunc(s.best.Faults[from:to], s.fixed) &&
			s.again(s.chances(to-from, len(s.best.Faults)), func(p *Plan) { p.Faults = slices.Delete(p.Faults, from, to) })
	})
}

// chances is with how many seeds it is tried to leave some of n entries out:
// with more than one if they are many.
func (s *shrinker) chances(some, n int) int {
	if some*8 >= n && s.best.Entries() > fewEntries {
		return otherSeeds
	}
	return 1
}

// fewEntries are as many as a person can read; up to them nothing is left to
// chance.
const fewEntries = 10

// fixed are the permanent faults around a core: without one of them the core
// need not be the largest group that can settle, and that it does not would be
// no violation.
func (s *shrinker) fixed(f Fault) bool { return f.Permanent && len(s.best.Core) > 0 }

func (s *shrinker) load() {
	without(len(s.best.Load), func(from, to int) bool {
		return s.again(s.chances(to-from, len(s.best.Load)), func(p *Plan) { p.Load = slices.Delete(p.Load, from, to) })
	})
}

// without drops stretches of a list of n as long as drop says that it went
// well.
func without(n int, drop func(from, to int) bool) {
	for size := max(n/2, 1); n > 0; size /= 2 {
		for from := n - size; from > -size; from -= size {
			if first := max(from, 0); first < n && drop(first, min(first+size, n)) {
				n -= min(first+size, n) - first
			}
		}
		if size == 1 {
			return
		}
	}
}

// cutShort ends the run where the property is violated, if that can be seen
// without what follows; else it moves the end of the faults forward.
func (s *shrinker) cutShort() {
	s.change(func(p *Plan) { p.Endless, p.RunFor, p.Core = true, s.at+time.Millisecond, nil })
	if s.best.Endless {
		return
	}
	for _, part := range []time.Duration{8, 4, 2} {
		s.change(func(p *Plan) { p.RunFor -= p.RunFor / part })
	}
}

// How many seeds are tried for a change that makes links draw other numbers.
const (
	otherSeeds = 4
	laterSeeds = 16
)

// again tries a change with some seeds, the plan's own first.
func (s *shrinker) again(seeds int, f func(p *Plan)) bool {
	for n := range uint64(seeds) {
		if s.change(func(p *Plan) { f(p); p.Seed += n }) {
			return true
		}
	}
	return false
}

func (s *shrinker) daemons() {
	for d := s.best.Daemons - 1; d >= 0 && s.best.Daemons > 1; d-- {
		if !slices.Contains(s.best.Core, d) {
			s.again(otherSeeds, func(p *Plan) { p.dropDaemon(d) })
		}
	}
}

func (s *shrinker) networks() {
	if len(s.best.Core) == 0 && slices.ContainsFunc(s.best.Faults, func(f Fault) bool { return f.Permanent }) {
		return // without the other networks the dead one would be the only one
	}
	for net := s.best.Networks - 1; net >= 0 && s.best.Networks > 1; net-- {
		s.again(otherSeeds, func(p *Plan) { p.dropNetwork(net) })
	}
}

// plain takes the peculiarities of a cluster away.
func (s *shrinker) plain() {
	for _, f := range []func(p *Plan){
		func(p *Plan) { p.StartSeq, p.StartTSeq, p.StartCounter = 0, 0, 0 },
		func(p *Plan) { p.Unfiltered = false },
		func(p *Plan) { p.Plaintext = p.Mode == EngineMode },
		func(p *Plan) { p.Failover = false },
		func(p *Plan) { p.Absent = nil },
		func(p *Plan) { fill(p.Transports, Broadcast) },
		func(p *Plan) { p.LaneQueue = 0 },
		func(p *Plan) { p.PayloadSize = 1400 },
		func(p *Plan) { p.FailureDetection = 500 * time.Millisecond },
		func(p *Plan) { p.Jitter = 0 },
		func(p *Plan) { fill(p.Clocks, 1000) },
		func(p *Plan) { fill(p.Boots, 0) },
		func(p *Plan) { fill(p.Hops, time.Millisecond) },
		func(p *Plan) {
			for i := range p.Order {
				p.Order[i] = ring.DaemonID(i + 1)
			}
		},
	} {
		s.change(f)
	}
}

func fill[T any](list []T, value T) {
	for i := range list {
		list[i] = value
	}
}

// simpleFaults makes each fault do less, begin at a time instead of on an
// event, and strike with certainty instead of by chance.
func (s *shrinker) simpleFaults() {
	for i := range s.best.Faults {
		if s.fixed(s.best.Faults[i]) {
			continue
		}
		edit := func(f func(f *Fault)) bool {
			return s.change(func(p *Plan) { f(&p.Faults[i]) })
		}
		edit(func(f *Fault) { f.On, f.Nth, f.Role, f.After = "", 0, "", 0 })
		edit(func(f *Fault) { f.After = 0 })
		edit(func(f *Fault) { f.Nth = 0 })
		edit(func(f *Fault) { f.Count = min(f.Count, 1) })
		if f := s.best.Faults[i]; f.Kind == Loss && f.Rate < 1000 {
			edit(func(f *Fault) { f.Kind, f.Rate = Cut, 0 })
		}
		for _, span := range []time.Duration{0, time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second} {
			if span < s.best.Faults[i].For && edit(func(f *Fault) { f.For = span }) {
				break
			}
		}
	}
}

// simpleLoad makes messages fewer and smaller, and of the plainest service
// that will do.
func (s *shrinker) simpleLoad() {
	for i := range s.best.Load {
		edit := func(f func(l *Load)) bool {
			return s.change(func(p *Plan) { f(&p.Load[i]) })
		}
		_ = edit(func(l *Load) { l.Count = 1 }) || edit(func(l *Load) { l.Count = (l.Count + 1) / 2 })
		_ = edit(func(l *Load) { l.Size = min(l.Size, headerSize) }) || edit(func(l *Load) { l.Size /= 2 })
		edit(func(l *Load) { l.Every = 0 })
		edit(func(l *Load) { l.Lane = 0 })
		edit(func(l *Load) { l.Group = 0 })
		edit(func(l *Load) { l.More, l.Private = nil, nil })
		edit(func(l *Load) { l.Discard = false })
		edit(func(l *Load) { l.Service = ring.Agreed })
	}
}

// round makes times multiples of the largest unit that keeps the violation.
func (s *shrinker) round() {
	units := []time.Duration{time.Second, 100 * time.Millisecond, 10 * time.Millisecond, time.Millisecond}
	for _, unit := range units {
		if s.change(func(p *Plan) {
			for i := range p.Faults {
				p.Faults[i].At = p.Faults[i].At.Round(unit)
			}
			for i := range p.Load {
				p.Load[i].At = p.Load[i].At.Round(unit)
			}
			p.sort()
		}) {
			return
		}
	}
	for i := range s.best.Faults {
		if s.fixed(s.best.Faults[i]) {
			continue
		}
		s.rounded(units, func(p *Plan) *time.Duration { return &p.Faults[i].At })
		s.rounded(units, func(p *Plan) *time.Duration { return &p.Faults[i].For })
		s.rounded(units, func(p *Plan) *time.Duration { return &p.Faults[i].Delay })
	}
	for i := range s.best.Load {
		s.rounded(units, func(p *Plan) *time.Duration { return &p.Load[i].At })
	}
}

func (s *shrinker) rounded(units []time.Duration, field func(p *Plan) *time.Duration) {
	for _, unit := range units {
		if d := *field(s.best); d.Round(unit) == d {
			return
		}
		if s.change(func(p *Plan) { t := field(p); *t = t.Round(unit) }) {
			return
		}
	}
}
