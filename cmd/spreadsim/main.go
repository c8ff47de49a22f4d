// Command spreadsim runs whole clusters on virtual time, each from a seed,
// under random faults, and judges them.
//
//	spreadsim -seeds N -start S    runs N seeds and tells what was found
//	spreadsim -seed X -v           shows one run as a timeline
//	spreadsim -plan FILE           runs a saved plan
//
// It ends with 1 if a property was violated, with 2 if it was called wrongly.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"

	"mpspread/internal/sim"
)

type options struct {
	seeds   int
	start   uint64
	seed    uint64
	plan    string
	save    string
	mode    string
	workers int
	verbose bool
	all     bool
	reports int
	profile string
	one     bool
}

func main() {
	// Runs are short and leave everything behind at once.
	debug.SetGCPercent(400)
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, out, errs io.Writer) int {
	var o options
	f := flag.NewFlagSet("spreadsim", flag.ContinueOnError)
	f.SetOutput(errs)
	f.IntVar(&o.seeds, "seeds", 100, "how many seeds to run")
	f.Uint64Var(&o.start, "start", 1, "the first seed")
	f.Uint64Var(&o.seed, "seed", 0, "run this one seed")
	f.StringVar(&o.plan, "plan", "", "run the plan in this `file`")
	f.StringVar(&o.save, "save", "", "write the plan of -seed to this `file` and run it")
	f.StringVar(&o.mode, "mode", "both", "ring: bare rings; engine: whole daemons; both; liveness: both, with faults that never end")
	f.IntVar(&o.workers, "workers", runtime.NumCPU(), "how many runs at once")
	f.BoolVar(&o.verbose, "v", false, "show a run as a timeline")
	f.BoolVar(&o.all, "vv", false, "show every event of it")
	f.IntVar(&o.reports, "reports", 5, "how many violations to report in full")
	f.StringVar(&o.profile, "profile", "", "write a CPU profile to this `file`")
	if err := f.Parse(args); err != nil {
		return 2
	}
	f.Visit(func(g *flag.Flag) { o.one = o.one || g.Name == "seed" })
	planners, err := plannersOf(o.mode)
	if err != nil || f.NArg() > 0 || o.workers < 1 || o.seeds < 1 {
		fmt.Fprintln(errs, "spreadsim: wrong arguments; see spreadsim -h")
		return 2
	}
	stop, err := startProfile(o.profile)
	if err != nil {
		fmt.Fprintf(errs, "spreadsim: %v\n", err)
		return 1
	}
	defer stop()
	switch {
	case o.plan != "":
		return runPlan(&o, out, errs)
	case o.one:
		return runSeed(&o, planners, out, errs)
	}
	return runMany(&o, planners, out, errs)
}

func plannersOf(name string) ([]sim.Planner, error) {
	switch name {
	case "ring":
		return []sim.Planner{sim.Random(sim.RingMode)}, nil
	case "engine":
		return []sim.Planner{sim.Random(sim.EngineMode)}, nil
	case "both":
		return []sim.Planner{sim.Random(sim.RingMode), sim.Random(sim.EngineMode)}, nil
	case "liveness":
		return []sim.Planner{sim.Permanent(sim.RingMode), sim.Permanent(sim.EngineMode)}, nil
	}
	return nil, fmt.Errorf("unknown mode %q", name)
}

func startProfile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return pprof.StopCPUProfile, nil
}

func runPlan(o *options, out, errs io.Writer) int {
	b, err := os.ReadFile(o.plan)
	if err != nil {
		fmt.Fprintf(errs, "spreadsim: %v\n", err)
		return 1
	}
	p, err := sim.ReadPlan(b)
	if err != nil {
		fmt.Fprintf(errs, "spreadsim: %s: %v\n", o.plan, err)
		return 1
	}
	return show(o, p, out)
}

func runSeed(o *options, planners []sim.Planner, out, errs io.Writer) int {
	code := 0
	for _, plan := range planners {
		p := plan(o.seed)
		if o.save != "" {
			if err := savePlan(o.save, p); err != nil {
				fmt.Fprintf(errs, "spreadsim: %v\n", err)
				return 1
			}
		}
		code = max(code, show(o, p, out))
	}
	return code
}

func savePlan(file string, p *sim.Plan) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := sim.WritePlan(f, p); err != nil {
		return err
	}
	return f.Close()
}

// show runs one plan, as a timeline if asked for.
func show(o *options, p *sim.Plan, out io.Writer) int {
	timeline := io.Discard
	if o.verbose || o.all {
		timeline = out
	}
	r := sim.Timeline(timeline, p, o.all)
	if r.Violation == nil {
		fmt.Fprintf(out, "seed %d mode %s: no violation, digest %016x, %d deliveries, %d configuration changes, %v simulated\n",
			p.Seed, p.Mode, r.Digest, r.Deliveries, r.Changes, r.Virtual)
		return 0
	}
	sim.Report(out, r)
	return 1
}

// progressEvery is how often a long run says how far it is.
const progressEvery = 5 * time.Second

func runMany(o *options, planners []sim.Planner, out, errs io.Writer) int {
	started, said := time.Now(), time.Now()
	t := sim.Batch(o.start, o.seeds, planners, o.workers, func(r *sim.Result, t *sim.Totals) {
		if r.Violation != nil && t.Violations <= o.reports {
			sim.Report(out, r)
		} else if r.Violation != nil {
			fmt.Fprintf(out, "VIOLATION %s seed %d mode %s\n", r.Violation.Property, r.Plan.Seed, r.Plan.Mode)
		}
		if now := time.Now(); now.Sub(said) >= progressEvery {
			said = now
			fmt.Fprintf(errs, "%d of %d runs, %d violations, %v\n", t.Seeds, o.seeds*len(planners), t.Violations, now.Sub(started).Round(time.Second))
		}
	})
	summary(out, &t)
	if t.Violations > 0 {
		return 1
	}
	return 0
}

// summary tells what a batch has and has not tried, then its closing line.
func summary(out io.Writer, t *sim.Totals) {
	var never []string
	for _, p := range t.Exercised.Never() {
		never = append(never, p.String())
	}
	if len(never) > 0 {
		fmt.Fprintf(out, "never exercised, so not tested: %s\n", strings.Join(never, " "))
	}
	c := &t.Counters
	fmt.Fprintf(out, "tokens: %d accepted, %d duplicate, %d stale, %d foreign, %d resent, %d rings lost; requests: %d, %d ignored\n",
		c.TokensAccepted, c.TokensDuplicate, c.TokensStale, c.TokensForeign, c.TokensResent, c.TokensLost, c.Requested, c.RequestsIgnored)
	fmt.Fprintf(out, "data: %d sent, %d again, %d received, %d duplicate, %d foreign, %d beyond the window; %d messages originated, %d given up in pieces\n",
		c.DataSent, c.DataResent, c.DataReceived, c.DataDuplicate, c.DataForeign, c.DataBeyondWindow, c.MessagesOriginated, c.ReassemblyAbandoned)
	fmt.Fprintf(out, "membership: %d gathers, %d commits, %d recoveries; joins: %d ignored, %d refused; %d packets malformed\n",
		c.Gathers, c.Commits, c.Recoveries, c.JoinsIgnored, c.JoinsRefused, c.Malformed)
	fmt.Fprintf(out, "digest %016x\n", t.Digest)
	fmt.Fprintf(out, "%d seeds, %d violations, %d deliveries, %d configuration changes, %.2f hours simulated\n",
		t.Seeds, t.Violations, t.Deliveries, t.Changes, t.Simulated.Hours())
}
