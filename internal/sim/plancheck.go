package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"mpspread/groups"
	"mpspread/ring"
)

// Bounds of a plan's times: of all but what a wall clock jumps by, and of that.
const (
	maxTime  = 1000 * time.Hour
	wallJump = 20 * 365 * 24 * time.Hour
)

// check refuses what the world cannot run.
func (p *Plan) check() error {
	if err := p.checkTopology(); err != nil {
		return fmt.Errorf("sim: plan: %w", err)
	}
	if err := p.checkNetworks(); err != nil {
		return fmt.Errorf("sim: plan: %w", err)
	}
	for i := range p.Faults {
		if err := p.checkFault(&p.Faults[i]); err != nil {
			return fmt.Errorf("sim: plan: fault %d: %w", i, err)
		}
	}
	if p.ClientQueue < 0 || p.ClientQueue > 1<<30 || p.Invent < 0 || p.Unwatched < 0 {
		return fmt.Errorf("sim: plan: clients out of range")
	}
	for i := range p.Load {
		if !p.possible(&p.Load[i]) {
			return fmt.Errorf("sim: plan: load %d out of range", i)
		}
	}
	return nil
}

func (p *Plan) checkTopology() error {
	n := p.Daemons
	switch {
	case p.Version != planVersion:
		return fmt.Errorf("version %d is not %d", p.Version, planVersion)
	case p.Mode != RingMode && p.Mode != EngineMode:
		return fmt.Errorf("unknown mode %q", p.Mode)
	case n < 1 || n > 128:
		return fmt.Errorf("%d daemons", n)
	case len(p.Order) != n || len(p.Clocks) != n || len(p.Boots) != n:
		return errors.New("order, clocks and boots need one entry a daemon")
	case p.FailureDetection < 20*time.Millisecond || p.FailureDetection > time.Minute:
		return fmt.Errorf("failure_detection %v", p.FailureDetection)
	case p.PayloadSize < 400 || p.PayloadSize > 65000:
		return fmt.Errorf("payload_size %d", p.PayloadSize)
	case p.StartSeq > 1<<63 || p.StartTSeq > 1<<63 || p.StartCounter > 1<<63:
		return errors.New("a counter starts too high")
	}
	seen := make(map[ring.DaemonID]bool)
	for _, id := range p.Order {
		if id == 0 || seen[id] {
			return fmt.Errorf("daemon id %d is zero or used twice", id)
		}
		seen[id] = true
	}
	for _, c := range p.Clocks {
		if c < 100 || c > 10000 {
			return fmt.Errorf("clock rate %d", c)
		}
	}
	for _, t := range append([]time.Duration{p.Jitter, p.RunFor, p.Converge, p.Drain}, append(p.Hops, p.Boots...)...) {
		if t < 0 || t > maxTime {
			return fmt.Errorf("time %v", t)
		}
	}
	for _, d := range p.Core {
		if d < 0 || d >= n {
			return fmt.Errorf("core names daemon %d", d)
		}
	}
	return nil
}

func (p *Plan) checkNetworks() error {
	if p.Networks < 1 || p.Networks > 8 || len(p.Hops) != p.Networks || len(p.Transports) != p.Networks {
		return fmt.Errorf("%d networks with %d hops and %d transports", p.Networks, len(p.Hops), len(p.Transports))
	}
	for _, t := range p.Transports {
		if t != Broadcast && t != Unicast {
			return fmt.Errorf("unknown transport %q", t)
		}
	}
	if p.Absent == nil {
		return nil
	}
	if len(p.Absent) != p.Daemons {
		return errors.New("absent needs one entry a daemon")
	}
	for i, list := range p.Absent {
		for j, net := range list {
			if net < 0 || net >= p.Networks || slices.Contains(list[:j], net) {
				return fmt.Errorf("daemon %d is absent from network %d", i, net)
			}
		}
	}
	for a := range p.Daemons {
		for b := range a {
			if !p.share(a, b) {
				return fmt.Errorf("daemons %d and %d share no network", b, a)
			}
		}
	}
	return nil
}

// on tells whether a daemon has an address on a network.
func (p *Plan) on(daemon, network int) bool {
	return p.Absent == nil || !slices.Contains(p.Absent[daemon], network)
}

// share tells whether two daemons have a network in common (protocol rule 3).
func (p *Plan) share(a, b int) bool {
	for net := range p.Networks {
		if p.on(a, net) && p.on(b, net) {
			return true
		}
	}
	return false
}

func (p *Plan) possible(l *Load) bool {
	client := func(daemon, lane int) bool {
		return daemon >= 0 && daemon < p.Daemons && lane >= 0 && lane <= maxLane
	}
	group := func(g int) bool { return g >= 0 && g <= maxGroup }
	switch {
	case l.At < 0 || l.At > maxTime || l.Every < 0 || l.Every > maxTime || l.Pace < 0 || l.Pace > 1e6:
	case !client(l.Daemon, l.Lane) || !slices.Contains(actions, l.Action):
	case l.Service > ring.Safe || l.Size < 0 || l.Size > 16<<20 || l.Count < 1 || l.Count > 1e6:
	case !group(l.Group) && (l.Action != "" || l.Group != -1):
	case (l.Action == Join || l.Action == Quit) && !group(l.Group+l.Count-1):
	case 1+len(l.More)+len(l.Private) > groups.MaxGroups:
	case slices.ContainsFunc(l.More, func(g int) bool { return !group(g) }):
	case slices.ContainsFunc(l.Private, func(to Target) bool { return !client(to.Daemon, to.Lane) }):
	default:
		return true
	}
	return false
}

func (p *Plan) checkFault(f *Fault) error {
	needs, known := needsOf(f.Kind)
	if !known {
		return fmt.Errorf("unknown kind %q", f.Kind)
	}
	least, most := time.Duration(0), time.Hour
	if f.Kind == Wall {
		least, most = -wallJump, wallJump
	}
	switch {
	case f.At < 0 || f.At > maxTime || f.For < 0 || f.For > maxTime || f.Delay < least || f.Delay > most:
		return errors.New("time out of range")
	case f.On != "" && !slices.Contains(protocolEvents, f.On) || f.After < 0 || f.After > maxTime || f.Nth < 0 || f.Nth > 1e6:
		return errors.New("no such event")
	case f.Role != "" && (!slices.Contains(roles, f.Role) || f.On == "" || f.Kind == Partition || f.Kind == Twin):
		return errors.New("no such role")
	case f.Network < -1 || f.Network >= p.Networks || f.From < -1 || f.From >= p.Daemons || f.To < -1 || f.To >= p.Daemons:
		return errors.New("network or daemon out of range")
	case f.Rate < 0 || f.Count < 0 || f.Count > 1e6:
		return errors.New("rate or count out of range")
	case f.Kind == Skew && (f.Rate < 500 || f.Rate > 2000) || f.Kind != Skew && f.Rate > 1000:
		return errors.New("rate out of range")
	case f.Kind == Lie && p.Mode == EngineMode && !p.Plaintext:
		return errors.New("lies cannot be sealed")
	case f.Kind == Timers && f.Count > 100:
		return errors.New("timers take 100 times as long at most")
	case f.Kind == Wrong && f.Count > int(RemovedKey):
		return errors.New("no such mistake")
	case (f.Kind == Address || f.Kind == Astray) && f.Count > p.Daemons:
		return errors.New("the address of a daemon that there is not")
	}
	return p.checkNeeds(f, needs)
}

// checkNeeds refuses a fault that does not say what its kind needs.
func (p *Plan) checkNeeds(f *Fault, needs need) error {
	switch {
	case needs&needFrom != 0 && f.From < 0, needs&needTo != 0 && f.To < 0:
		return fmt.Errorf("%s needs to know whom", f.Kind)
	case needs&needNetwork != 0 && f.Network < 0:
		return fmt.Errorf("%s needs to know which interface", f.Kind)
	case needs&needSecond != 0 && p.Networks < 2:
		return fmt.Errorf("%s needs a second network", f.Kind)
	case needs&needDelay != 0 && f.Delay < time.Millisecond:
		return fmt.Errorf("%s needs a delay", f.Kind)
	case needs&needCount != 0 && f.Count < 1:
		return fmt.Errorf("%s needs a count", f.Kind)
	case needs&needGroups != 0 && len(f.Groups) != p.Daemons:
		return fmt.Errorf("%s needs a group for each daemon", f.Kind)
	}
	return nil
}
