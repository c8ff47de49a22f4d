//go:build linux

package lab

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mpspread/internal/labnet"
)

// settledFor is how long a membership must last under a permanent fault:
// several times what forming one takes.
const settledFor = 5 * time.Second

// membershipScenarios change the membership: extended virtual synchrony as the
// clients' traces show it.
func membershipScenarios() []scenario {
	changes := LoadOptions{Changes: true, Churn: true}
	restarts := LoadOptions{Changes: true, Churn: true, Reconnect: true}
	five := Options{Daemons: 5}
	return []scenario{
		{name: "SCN-06 not transitive", load: changes, play: notTransitive},
		{name: "SCN-07 deaf", load: changes, play: deafOrMute("deaf", inOnAll("h3"))},
		{name: "SCN-07 mute", load: changes, play: deafOrMute("mute", func(p Path) bool { return p.From == "h3" })},
		{name: "SCN-15 pauses", options: Options{FailureDetection: pauseDetection}, load: changes, play: pauses},
		{name: "SCN-33 key rotation by restarts", load: restarts, play: keyRotation},
		{name: "pull both networks", smoke: true, load: changes, play: pullBoth},
		{name: "rolling restart", options: Options{Daemons: 4}, load: restarts, play: rollingRestart},
		{name: "kill -9 under load", options: five, load: restarts, play: kills},
		{name: "partitions of five", options: five, load: changes, play: partitions},
		{name: "three networks, all partitioned", options: Options{Networks: 3}, load: changes, play: pullBoth},
	}
}

// rings tells the rings that daemons are in, sorted; err if one is in none.
func (s *stage) rings(daemons ...string) ([]string, error) {
	var all []string
	for _, d := range daemons {
		st, err := s.Status(d)
		if err != nil {
			return nil, err
		}
		if st.State != "operational" {
			return nil, fmt.Errorf("%s is in %s", d, st.State)
		}
		all = append(all, st.Ring.ID+" "+strings.Join(st.Ring.Members, ","))
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// wantSettled wants daemons to come to rest in rings and stay there, whatever
// rings those are, while they are judged so.
func (s *stage) wantSettled(t *testing.T, judge func(rings []string) error, daemons ...string) {
	t.Helper()
	var last []string
	since := time.Now()
	Eventually(t, formWithin+settledFor, "settled", func() error {
		rings, err := s.rings(daemons...)
		if err == nil {
			err = judge(rings)
		}
		if err != nil || !slices.Equal(rings, last) {
			last, since = rings, time.Now()
			if err == nil {
				err = fmt.Errorf("now %q", rings)
			}
			return err
		}
		if at := time.Since(since); at < settledFor {
			return fmt.Errorf("%q only for %v", rings, at)
		}
		return nil
	})
	t.Logf("settled in %q", last)
}

// notTransitive cuts h1 and h3 from each other on all networks; both hear h2.
func notTransitive(t *testing.T, s *stage) {
	f := s.Drop("h1 and h3 do not hear each other", labnet.Between([]string{"h1"}, []string{"h3"}))
	s.During(t, f, func() {
		s.wantSettled(t, func(rings []string) error {
			if len(rings) != 2 {
				return fmt.Errorf("%d rings: %q", len(rings), rings)
			}
			for _, r := range rings {
				if strings.Contains(r, "h1") && strings.Contains(r, "h3") {
					return fmt.Errorf("h1 and h3 in one ring: %q", rings)
				}
			}
			return nil
		}, "h1", "h2", "h3")
		s.flowAt(t, 50, flowWithin, "h2")
	})
}

// deafOrMute lets h3 hear nothing, or be heard by nobody: the others go on
// without it and are not disturbed.
func deafOrMute(what string, keep func(Path) bool) func(*testing.T, *stage) {
	return func(t *testing.T, s *stage) {
		s.During(t, s.Drop("h3 is "+what, keep), func() {
			s.wantSettled(t, func(rings []string) error {
				if len(rings) != 1 || !strings.HasSuffix(rings[0], " h1,h2") {
					return fmt.Errorf("rings %q", rings)
				}
				return nil
			}, "h1", "h2")
			s.flowAt(t, 50, flowWithin, "h1", "h2")
		})
	}
}

// pauseDetection makes a pause of a hundred times it bearable.
const pauseDetection = 200 * time.Millisecond

// pauses stops h3 where it stands while its clients submit, for 0.5, 1, 3 and
// 100 times the failure detection, and lets it go on (LIV-8).
func pauses(t *testing.T, s *stage) {
	for _, tenths := range []int{5, 10, 30, 1000} {
		long := pauseDetection * time.Duration(tenths) / 10
		s.Daemon("h3").Pause(t)
		hold(t, long, "the others live", s.Died)
		s.Daemon("h3").Resume(t)
		took := s.AwaitRing(t, formWithin)
		t.Logf("paused for %v: one ring %v after", long, took.Round(time.Millisecond))
		s.load.Flow(t, 20)
	}
}

// pullBoth cuts everything: each daemon goes on alone, and all come together
// again.
func pullBoth(t *testing.T, s *stage) {
	for range 2 {
		s.During(t, s.Drop("everything cut", labnet.Every), func() {
			s.awaitTold(t, s.bed.Paths(labnet.Every))
			for _, d := range s.Names() {
				Eventually(t, formWithin, d+" is alone", func() error { return s.ringOf([]string{d}) })
			}
			s.flowAt(t, 20, flowWithin, s.Names()...)
		})
		t.Logf("one ring %v after mending", s.AwaitRing(t, formWithin).Round(time.Millisecond))
		s.load.Flow(t, 50)
	}
}

func rollingRestart(t *testing.T, s *stage) {
	for _, d := range s.Daemons {
		d.Stop(t)
		others := slices.DeleteFunc(s.Names(), func(name string) bool { return name == d.Name })
		Eventually(t, formWithin, "ring of the others", func() error { return s.ringOf(others) })
		s.flowAt(t, 30, flowWithin, others...)
		s.Start(t, d.Name)
		s.AwaitRing(t, formWithin)
		s.load.Flow(t, 20)
	}
}

// kills ends daemons as a crash does: one, then two at once, back at once or
// when the others have noticed.
func kills(t *testing.T, s *stage) {
	for _, names := range [][]string{{"h5"}, {"h1"}, {"h2", "h4"}} {
		for _, noticed := range []bool{true, false} {
			for _, d := range names {
				s.Daemon(d).Kill(t)
			}
			if noticed {
				others := slices.DeleteFunc(s.Names(), func(name string) bool { return slices.Contains(names, name) })
				Eventually(t, formWithin, "ring of the others", func() error { return s.ringOf(others) })
				s.flowAt(t, 20, flowWithin, others...)
			}
			for _, d := range names {
				s.Start(t, d)
			}
			s.AwaitRing(t, formWithin)
			s.load.Flow(t, 20)
		}
	}
}

// partitions parts five daemons in ways that follow one another without
// healing, and lets three parts merge at once.
func partitions(t *testing.T, s *stage) {
	steps := [][][]string{
		{{"h1", "h2"}, {"h3", "h4", "h5"}},
		{{"h1"}, {"h2", "h3"}, {"h4", "h5"}},
		{{"h1", "h2", "h3", "h4", "h5"}},
		{{"h1", "h3", "h5"}, {"h2", "h4"}},
	}
	for i, sets := range steps {
		f := s.Drop(fmt.Sprint(sets), labnet.Between(sets...))
		part := func() {
			for _, set := range sets {
				Eventually(t, formWithin, fmt.Sprintf("ring of %v", set), func() error { return s.ringOf(set) })
			}
			s.flowAt(t, 20, flowWithin, s.Names()...)
		}
		if len(f.Dead) == 0 { // all together
			part()
			continue
		}
		t.Logf("step %d: %v", i, sets)
		s.During(t, f, part)
	}
}
