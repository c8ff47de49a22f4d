//go:build linux

package lab

import (
	"testing"
	"time"
)

// scenario is one of the required tests on real networks (correctness
// reference, section 8). Its frame is the same for all: a ring in which all is
// well, clients on every daemon that send, check and write down what they see;
// then play breaks things and mends them; at last everything is whole again,
// what was sent has arrived, the checker and the view from outside have found
// nothing, and a line for the summary is made.
type scenario struct {
	name    string
	smoke   bool // belongs to the subset that every run makes
	options Options
	load    LoadOptions
	// expected are log messages at error level that belong to the scenario.
	expected []string
	// prepare changes what is there before the daemons start.
	prepare func(t *testing.T, l *Lab)
	play    func(t *testing.T, s *stage)
}

// stage is a running scenario.
type stage struct {
	*Lab
	load    *Load
	changes map[string]uint64 // membership changes of each daemon before
	told    time.Duration     // longest time until a dead path was reported
	reports []Report
}

// run plays a scenario and judges it.
func (sc *scenario) run(t *testing.T) {
	l := New(t, sc.options)
	if sc.prepare != nil {
		sc.prepare(t, l)
	}
	l.StartAll(t)
	l.AwaitRing(t, formWithin)
	l.AwaitWell(t, formWithin)
	s := &stage{Lab: l, changes: l.MembershipChanges(t)}
	before := l.vitals(t)
	began := time.Now()
	defer func() { summary.add(sc.name, s, time.Since(began), !t.Failed()) }()
	s.load = l.StartLoad(t, sc.load)
	s.load.Flow(t, 10)
	s.load.Gap()
	sc.play(t, s)
	l.AwaitWell(t, formWithin)
	s.load.Flow(t, 10)
	s.finish(t)
	if !sc.load.Changes {
		l.wantUnchanged(t, s.changes)
	}
	l.wantSteady(t, before)
	l.wantQuietLogs(t, sc.expected...)
}

// finish ends the load and judges it.
func (s *stage) finish(t *testing.T) {
	t.Helper()
	r := s.load.Stop(t)
	s.reports = append(s.reports, r)
	t.Log(r)
	if !r.Well() {
		t.Error("the load has seen faults")
	}
}

// dead breaks paths, waits until they are told, lets messages flow over what
// is left, and mends them.
func (s *stage) dead(t *testing.T, f Fault, flow int) {
	t.Helper()
	s.During(t, f, func() {
		s.awaitTold(t, f.Dead)
		s.load.Flow(t, flow)
	})
}

// awaitTold waits until the daemons at both ends of each path tell that it is
// dead, and keeps the longest time that took for the summary.
func (s *stage) awaitTold(t *testing.T, paths []Path) {
	t.Helper()
	took := Eventually(t, flowWithin, "dead paths are told", func() error { return s.untold(paths) })
	s.told = max(s.told, took)
}

// membershipChanges is how often the membership of the daemon that saw most
// has changed since the scenario began; a daemon's count begins with its life.
func (s *stage) membershipChanges() uint64 {
	var most uint64
	for _, d := range s.Daemons {
		now, err := s.Status(d.Name)
		if err != nil {
			continue // the scenario has failed for that
		}
		n := now.MembershipChanges
		if d.life.Load() == 1 {
			n -= s.changes[d.Name]
		}
		most = max(most, n)
	}
	return most
}
