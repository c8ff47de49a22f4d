//go:build linux

package lab

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"mpspread/internal/labnet"
)

// fullList names the environment variable that, when set, makes TestRequired
// play all scenarios instead of the short ones: "make lab-full".
const fullList = "MPSPREAD_LAB_FULL"

// The required scenarios on real networks (correctness reference, section 8).
// One after the other: they time things.
func TestRequired(t *testing.T) {
	full := os.Getenv(fullList) != ""
	left := 0
	for _, sc := range required() {
		if !full && !sc.smoke {
			left++
			continue
		}
		t.Run(sc.name, sc.run)
	}
	if left > 0 {
		t.Logf("%d longer scenarios are for make lab-full", left)
	}
}

// required is the list. Scenarios without Changes forbid any change of the
// membership.
func required() []scenario {
	return slices.Concat(pathScenarios(), packetScenarios(), membershipScenarios(), hostScenarios(), []scenario{soakScenario()})
}

// The names of scenarios are names of subtests and rows, so they are distinct.
func TestRequiredNames(t *testing.T) {
	seen := map[string]bool{}
	smoke := 0
	for _, sc := range required() {
		if seen[sc.name] || sc.name == "" || sc.play == nil {
			t.Errorf("scenario %q", sc.name)
		}
		seen[sc.name] = true
		if sc.smoke {
			smoke++
		}
	}
	for _, number := range []string{"05", "06", "07", "13", "15", "16", "17", "19", "24", "29", "30", "33"} {
		if !slices.ContainsFunc(required(), func(sc scenario) bool { return len(sc.name) > 6 && sc.name[:6] == "SCN-"+number }) {
			t.Errorf("no scenario SCN-%s", number)
		}
	}
	if smoke < 3 || smoke > 4 {
		t.Errorf("%d scenarios in the smoke subset", smoke)
	}
}

// hold looks again and again for a time whether something stays as it is.
func hold(t testing.TB, long time.Duration, what string, check func() error) {
	t.Helper()
	for began := time.Now(); time.Since(began) < long; time.Sleep(pollEvery) {
		if err := check(); err != nil {
			t.Fatalf("%s: after %v: %v", what, time.Since(began).Round(time.Millisecond), err)
		}
	}
}

// relay puts a relay in the place of a network's switch until the test ends or
// the relay is closed.
func (s *stage) relay(t *testing.T, network string, p labnet.Policy) *labnet.Relay {
	t.Helper()
	r, err := s.bed.StartRelay(network, uint64(len(t.Name())))
	try(t, err)
	r.Set(labnet.Every, p)
	s.history.fault("relay on %s: %+v", network, p)
	return r
}

// closeRelay puts the switch back.
func (s *stage) closeRelay(t *testing.T, r *labnet.Relay) {
	t.Helper()
	t.Logf("relay: %+v", r.Counts(labnet.Every))
	try(t, r.Close())
	s.history.fault("switch is back")
}

// flowAt waits until every client of these daemons has received n more
// messages.
func (s *stage) flowAt(t *testing.T, n int, within time.Duration, daemons ...string) {
	t.Helper()
	goal := map[*worker]int{}
	for _, w := range s.load.workers() {
		if slices.Contains(daemons, w.daemon) {
			goal[w] = w.received() + n
		}
	}
	Eventually(t, within, fmt.Sprintf("%d more messages at clients of %v", n, daemons), func() error {
		for w, want := range goal {
			if have := w.received(); have < want && !w.over() {
				return fmt.Errorf("%v has %d of %d", w, have, want)
			}
		}
		return nil
	})
}
