//go:build linux

package lab

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"mpspread/internal/labnet"
)

const (
	// soakTime names the environment variable that says how long the soak is
	// to last, and soakSeed the one that repeats the faults of another.
	soakTime = "MPSPREAD_LAB_SOAK"
	soakSeed = "MPSPREAD_LAB_SEED"
	// soakDefault is the soak's length in the full list; soakFaults is how
	// many faults a soak of less than so many minutes has instead of one a
	// minute.
	soakDefault = 2 * time.Minute
	soakFaults  = 8
)

// soakScenario is a long run under one random fault after the other.
func soakScenario() scenario {
	return scenario{
		name: "soak", options: Options{Daemons: 4, NoOffload: true},
		load: LoadOptions{Changes: true, Reconnect: true, Churn: true, Clients: 12, Interval: 50 * time.Millisecond},
		play: soak,
	}
}

func soak(t *testing.T, s *stage) {
	long, seed := soakDefault, uint64(time.Now().UnixNano())
	if text := os.Getenv(soakTime); text != "" {
		var err error
		long, err = time.ParseDuration(text)
		try(t, err)
	}
	if text := os.Getenv(soakSeed); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		try(t, err)
	}
	every := min(time.Minute, long/soakFaults)
	t.Logf("soak of %v, a fault every %v, %s=%d", long, every, soakSeed, seed)
	random := rand.New(rand.NewPCG(seed, 0))
	began := time.Now()
	for n := 0; time.Since(began) < long && !t.Failed(); n++ {
		next := began.Add(time.Duration(n+1) * every)
		f := s.randomFault(random)
		lasts := every/10 + time.Duration(random.Int64N(int64(every/2)))
		t.Logf("%v: %s for %v", time.Since(began).Round(time.Second), f.Name, lasts.Round(time.Millisecond))
		s.history.fault("%s", f.Name)
		f.apply(t)
		hold(t, lasts, f.Name, func() error { return s.stillLegal() })
		f.mend(t)
		s.history.fault("mended: %s", f.Name)
		took := s.AwaitRing(t, formWithin)
		t.Logf("one ring %v after mending", took.Round(time.Millisecond))
		s.load.Flow(t, 20)
		for time.Now().Before(next) && time.Since(began) < long {
			s.load.Flow(t, 20)
		}
	}
}

// stillLegal tells what the checker has found so far.
func (s *stage) stillLegal() error {
	if v := s.load.history.violation(); v != "" {
		return fmt.Errorf("the checker: %s", v)
	}
	return s.Died()
}

// randomFault draws a fault of networks or daemons.
func (s *stage) randomFault(random *rand.Rand) Fault {
	network := labnet.NetworkName(random.IntN(s.Options.Networks))
	daemon := s.Names()[random.IntN(len(s.Daemons))]
	some := func(share float64) map[Path]bool {
		chosen := map[Path]bool{}
		for _, p := range s.bed.Paths(labnet.Every) {
			if random.Float64() < share {
				chosen[p] = true
			}
		}
		return chosen
	}
	ms := func(most int) time.Duration { return time.Duration(random.IntN(most)) * time.Millisecond }
	faults := []func() Fault{
		func() Fault { return s.Silent(network) },
		func() Fault { return s.OneWay(network, daemon) },
		func() Fault { return s.LinkDown(network, daemon) },
		func() Fault { return s.SwitchDown(network) },
		func() Fault { return s.InterfaceGone(network, daemon) },
		func() Fault { return s.AddressRemoved(network, daemon) },
		func() Fault {
			chosen := some(0.3)
			return s.Drop(fmt.Sprintf("%d random paths cut", len(chosen)), func(p Path) bool { return chosen[p] })
		},
		func() Fault { return s.Drop(daemon+" cut off", labnet.Around(daemon)) },
		func() Fault {
			left, right := s.Names()[:2], s.Names()[2:]
			return s.Drop("halves parted", labnet.Between(left, right))
		},
		func() Fault { return s.Drop("everything cut", labnet.Every) },
		func() Fault { return s.killed(daemon) },
		func() Fault { return s.stopped(daemon) },
		func() Fault { return s.paused(daemon) },
		func() Fault {
			return s.lossy(fmt.Sprintf("loss on %s", network), labnet.On(network), labnet.Impairment{Loss: random.Float64()})
		},
		func() Fault {
			return s.lossy("loss everywhere", labnet.Every, labnet.Impairment{Loss: 0.3 * random.Float64()})
		},
		func() Fault {
			return s.lossy(network+" is narrow", labnet.On(network), labnet.Impairment{Rate: 20_000 + random.IntN(200_000), Burst: 3000})
		},
		func() Fault {
			return s.lossy("large packets lost on "+network, labnet.On(network), labnet.Impairment{Larger: 300 + random.IntN(1000)})
		},
		func() Fault { return s.Late(network, ms(5000)) },
		func() Fault {
			return s.Relayed(network+" is mangled", network, labnet.Policy{
				Delay: ms(100), Jitter: ms(100), Reorder: random.Float64(), Loss: 0.2 * random.Float64(),
				Duplicate: 0.3 * random.Float64(), CopyDelay: ms(10_000), Corrupt: 0.1 * random.Float64(),
			})
		},
	}
	return faults[random.IntN(len(faults))]()
}

// killed is a daemon that crashes and comes back.
func (s *stage) killed(daemon string) Fault {
	return Fault{
		Name:  daemon + " killed",
		apply: func(t testing.TB) { s.Daemon(daemon).Kill(t) },
		mend:  func(t testing.TB) { s.Start(t, daemon) },
	}
}

// stopped is a daemon that leaves politely and comes back.
func (s *stage) stopped(daemon string) Fault {
	return Fault{
		Name:  daemon + " stopped",
		apply: func(t testing.TB) { s.Daemon(daemon).Stop(t) },
		mend:  func(t testing.TB) { s.Start(t, daemon) },
	}
}

// paused is a daemon that stands still.
func (s *stage) paused(daemon string) Fault {
	return Fault{
		Name:  daemon + " paused",
		apply: func(t testing.TB) { s.Daemon(daemon).Pause(t) },
		mend:  func(t testing.TB) { s.Daemon(daemon).Resume(t) },
	}
}

// lossy is paths that are impaired.
func (s *stage) lossy(name string, keep func(Path) bool, i labnet.Impairment) Fault {
	paths := s.bed.Paths(keep)
	return Fault{
		Name:  fmt.Sprintf("%s: %+v", name, i),
		apply: func(t testing.TB) { try(t, s.bed.Impair(paths, i)) },
		mend:  func(t testing.TB) { try(t, s.bed.Impair(paths, labnet.Impairment{})) },
	}
}
