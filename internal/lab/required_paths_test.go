//go:build linux

package lab

import (
	"testing"
	"time"

	"mpspread/internal/labnet"
)

// pathScenarios break paths so that each pair of daemons always has one that
// works in each direction (MPX-5, MPX-6): no membership may change, and
// nothing may be lost.
func pathScenarios() []scenario {
	three := Options{Networks: 3}
	return []scenario{
		{name: "SCN-05 crossed cut of every pair", smoke: true, load: LoadOptions{Churn: true}, play: crossedCut},
		{name: "SCN-24 link flaps 1 Hz", play: flap(time.Second, 6*time.Second)},
		{name: "SCN-24 link flaps 20 Hz", play: flap(50*time.Millisecond, 6*time.Second)},
		{name: "SCN-24 flaps alternate 1 Hz", play: alternate(time.Second, 6*time.Second)},
		{name: "SCN-24 flaps alternate 20 Hz", play: alternate(50*time.Millisecond, 6*time.Second)},
		{name: "pull each network", load: LoadOptions{Churn: true}, play: pullEach},
		{name: "three networks, one left", options: three, play: oneOfThree},
		{name: "S9 one network late", options: Options{NoOffload: true}, play: late},
		{name: "S9 both networks late, differently", play: bothLate},
		{name: "skew that drifts", play: drift},
		{name: "reordered, repeated, damaged", smoke: true, options: Options{NoOffload: true}, play: mangled},
		{name: "ghosts of a minute ago", play: ghosts},
	}
}

func crossedCut(t *testing.T, s *stage) {
	for _, swap := range []bool{false, true} {
		s.dead(t, s.Drop("crossed cut", func(p Path) bool { return (p.From < p.To) == ((p.Network == "A") == swap) }), 100)
		s.AwaitWell(t, formWithin)
	}
}

// flap pulls and plugs a host's cable on A, the other network untouched.
func flap(period, long time.Duration) func(*testing.T, *stage) {
	return func(t *testing.T, s *stage) {
		cable := s.cable(t, "h2", 0)
		before := s.carrierChanges(t, "h2", 0)
		s.history.fault("cable of h2 on A flaps every %v", period)
		flaps := 0
		for began := time.Now(); time.Since(began) < long; flaps++ {
			try(t, cable.Set(false))
			time.Sleep(period / 2)
			try(t, cable.Set(true))
			time.Sleep(period / 2)
		}
		s.wantFlaps(t, "h2", 0, before, flaps)
		s.load.Flow(t, 50)
	}
}

// alternate pulls a host's cable on A, puts it back, pulls the one on B once
// that on A carries again, and so on: there is always one.
func alternate(period, long time.Duration) func(*testing.T, *stage) {
	return func(t *testing.T, s *stage) {
		cables := []*labnet.Cable{s.cable(t, "h2", 0), s.cable(t, "h2", 1)}
		before := []int{s.carrierChanges(t, "h2", 0), s.carrierChanges(t, "h2", 1)}
		s.history.fault("cables of h2 flap in turn every %v", period)
		flaps := 0
		for began := time.Now(); time.Since(began) < long; flaps++ {
			for _, c := range cables {
				try(t, c.Set(false))
				time.Sleep(period / 2)
				try(t, c.Set(true))
				awaitCable(t, c)
			}
		}
		for n := range cables {
			s.wantFlaps(t, "h2", n, before[n], flaps)
		}
		s.load.Flow(t, 50)
	}
}

// awaitCable waits until a cable carries, without the pause between two looks
// that other waiting has: flaps are as quick as that.
func awaitCable(t *testing.T, c *labnet.Cable) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		up, err := c.Carries()
		try(t, err)
		if up {
			return
		}
		if time.Since(began) > carriesWithin {
			t.Fatalf("a cable that is in carries nothing after %v", carriesWithin)
		}
	}
}

func (s *stage) cable(t *testing.T, daemon string, network int) *labnet.Cable {
	t.Helper()
	c, err := s.bed.Cable(daemon, network)
	try(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func (s *stage) carrierChanges(t *testing.T, daemon string, network int) int {
	t.Helper()
	n, err := s.bed.CarrierChanges(daemon, network)
	try(t, err)
	return n
}

// wantFlaps wants the carrier to have gone and come at the host as often as the
// cable was pulled; a busy kernel may join some into one.
func (s *stage) wantFlaps(t *testing.T, daemon string, network, before, flaps int) {
	t.Helper()
	n := s.carrierChanges(t, daemon, network) - before
	t.Logf("%d flaps, %d changes of the carrier", flaps, n)
	if n < flaps {
		t.Errorf("%d changes of the carrier after %d flaps", n, flaps)
	}
}

func pullEach(t *testing.T, s *stage) {
	for _, network := range []string{"A", "B"} {
		for _, f := range []Fault{s.Silent(network), s.SwitchDown(network), s.LinkDown(network, "h3"), s.InterfaceGone(network, "h1")} {
			s.dead(t, f, 50)
			s.AwaitWell(t, formWithin)
		}
	}
}

// oneOfThree leaves each pair of daemons one network, each another one.
func oneOfThree(t *testing.T, s *stage) {
	only := map[string]string{"h1h2": "A", "h1h3": "B", "h2h3": "C"}
	s.dead(t, s.Drop("a network for each pair", func(p Path) bool {
		return p.Network != only[min(p.From, p.To)+max(p.From, p.To)]
	}), 200)
	s.AwaitWell(t, formWithin)
	s.dead(t, s.Drop("only C is left", func(p Path) bool { return p.Network != "C" }), 200)
}

// late makes B later and later, to many thousands of rotations.
func late(t *testing.T, s *stage) {
	for _, by := range []time.Duration{50 * time.Millisecond, 500 * time.Millisecond, 5 * time.Second} {
		began := time.Now()
		r := s.relay(t, "B", labnet.Policy{Delay: by})
		// Long enough that late copies come back while new ones go out.
		for time.Since(began) < 2*by+time.Second {
			s.load.Flow(t, 50)
		}
		if c := r.Counts(labnet.Every); c.Sent == 0 {
			t.Errorf("late by %v: nothing came: %+v", by, c)
		}
		s.closeRelay(t, r)
		t.Logf("late by %v: longest gap at a client %v", by, s.load.Gap().Round(time.Millisecond))
		s.AwaitWell(t, formWithin)
	}
	if n := s.lateCopies(t, "B"); n == 0 {
		t.Error("no late copy was counted")
	}
}

// bothLate makes both networks late, the slower one far beyond the other.
func bothLate(t *testing.T, s *stage) {
	a := s.relay(t, "A", labnet.Policy{Delay: 20 * time.Millisecond})
	b := s.relay(t, "B", labnet.Policy{Delay: time.Second})
	for began := time.Now(); time.Since(began) < 4*time.Second; {
		s.load.Flow(t, 20)
	}
	s.closeRelay(t, b)
	s.closeRelay(t, a)
}

// drift lets one network fall back to a second behind the other and catch up,
// again and again.
func drift(t *testing.T, s *stage) {
	r := s.relay(t, "A", labnet.Policy{Swing: time.Second, Period: 4 * time.Second})
	for began := time.Now(); time.Since(began) < 9*time.Second; {
		s.load.Flow(t, 50)
	}
	s.closeRelay(t, r)
}

// mangled networks reorder, repeat and damage packets, both at the same time:
// what one damages the other may bring, and what both do is sent again.
func mangled(t *testing.T, s *stage) {
	p := labnet.Policy{Jitter: 20 * time.Millisecond, Reorder: 0.2, Duplicate: 0.1, CopyDelay: 300 * time.Millisecond, Corrupt: 0.02}
	a, b := s.relay(t, "A", p), s.relay(t, "B", p)
	s.load.Flow(t, 1000)
	for _, r := range []*labnet.Relay{a, b} {
		if c := r.Counts(labnet.Every); c.Displaced == 0 || c.Copies == 0 || c.Corrupted == 0 {
			t.Errorf("the relay did too little: %+v", c)
		}
		s.closeRelay(t, r)
	}
}

// ghosts are copies that come long after all that was round them is forgotten,
// and packets of one network sent again on it later, by thousands.
func ghosts(t *testing.T, s *stage) {
	r := s.relay(t, "A", labnet.Policy{Duplicate: 0.5, Copies: 2, CopyDelay: 5 * time.Second})
	recording := s.Record(t, "B", "h3")
	awaitCaught(t, recording, 1000)
	old := recording.Stop()
	for began := time.Now(); time.Since(began) < 8*time.Second; {
		s.load.Flow(t, 50)
	}
	for range 3 {
		try(t, old.Replay())
		s.load.Flow(t, 50)
	}
	if c := r.Counts(labnet.Every); c.Sent <= c.Frames {
		t.Errorf("no ghost came: %+v", c)
	}
	s.closeRelay(t, r)
}

// lateCopies is how many copies all daemons together have counted as late on a
// network.
func (s *stage) lateCopies(t *testing.T, network string) (sum uint64) {
	t.Helper()
	for _, d := range s.Names() {
		networks, err := s.NetworksOf(d)
		try(t, err)
		for _, n := range networks {
			for _, p := range n.Peers {
				if n.Name == network {
					sum += p.Late
				}
			}
		}
	}
	return sum
}
