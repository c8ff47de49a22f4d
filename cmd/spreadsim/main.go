// Command spreadsim runs whole clusters on virtual time, each from a seed,
// under random faults, and judges them.
//
//	spreadsim -seeds N -start S    runs N seeds and tells what was found
//	spreadsim -seed X -v           shows one run as a timeline
//	spreadsim -plan FILE           runs a saved plan
//	spreadsim -scenario all        runs the scenario catalogue
//
// It ends with 1 if a property was violated or something failed, with 2 if it
// was called wrongly.
package main

import (
	"errors"
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

// Exit codes.
const (
	exitFound = 1 // a violation, or a failure of the command itself
	exitUsage = 2
)

type options struct {
	seeds    int
	start    uint64
	seed     uint64
	plan     string
	scenario string
	save     string
	mode     string
	layer    string
	workers  int
	verbose  bool
	all      bool
	shrink   bool
	budget   time.Duration
	shrunk   string
	reports  int
	recheck  float64
	profile  string
	other    string
	serve    bool
	arena    string
	path     string
	given    map[string]bool // flags that stand in the call
	planners []sim.Planner
}

func main() {
	// Runs are short and leave everything behind at once.
	debug.SetGCPercent(400)
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

const usage = `spreadsim runs whole clusters on virtual time, each from a seed, under random
faults, and judges every run by the properties of the protocol.

  spreadsim                           100 seeds from 1
  spreadsim -seeds 2000               what every revision must pass
  spreadsim -seeds 500 -mode targeted faults that strike on protocol events
  spreadsim -seed 17 -v               one run as a timeline
  spreadsim -seed 17 -shrink          the smallest plan that fails as seed 17 does
  spreadsim -plan FILE -v             a saved plan
  spreadsim -scenario all             the catalogue of scenarios
  spreadsim -scenario SCN-05 -v       one of them, with a timeline of each variant
  spreadsim -seeds 2000 -recheck 1    1 % of the seeds again, in fresh processes
  spreadsim -seeds 200 -other ./old   some daemons live in ./old, a spreadsim of
                                      another revision (it is run with -serve)

Modes:
  mixed     healing, targeted and safety, by seed (default)
  healing   faults stop, then the cluster must come together
  safety    faults never stop; nothing is asked of the time after
  liveness  some links are bad for ever; the others must settle
  targeted  faults strike on protocol events
  soak      minutes with the timing of a real cluster; few seeds
  faulty    members that have the key lie in their packets; none may crash

  exhaustive  no seeds: every order of events in small rings, for -budget;
              -arena NAME takes one of them, -path shows one of its schedules

Exit codes: 0 no violation, 1 a violation or failure, 2 wrong arguments.

Flags:
`

func run(args []string, out, errs io.Writer) int {
	o, err := parse(args, errs)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(errs, "spreadsim: %v\nspreadsim -h shows how it is called\n", err)
		return exitUsage
	}
	stop, err := startProfile(o.profile)
	if err != nil {
		fmt.Fprintf(errs, "spreadsim: %v\n", err)
		return exitFound
	}
	defer stop()
	switch {
	case o.serve:
		if err := sim.Serve(os.Stdin, out); err != nil {
			fmt.Fprintf(errs, "spreadsim: %v\n", err)
			return exitFound
		}
		return 0
	case o.scenario != "":
		return runScenarios(o, out)
	case o.plan != "":
		return runPlan(o, out, errs)
	case o.given["seed"]:
		return runSeed(o, out, errs)
	case o.mode == exhaustive:
		return explore(o, out, errs)
	}
	return runMany(o, out, errs)
}

// parse reads and checks the arguments. An error says what is wrong with them.
func parse(args []string, errs io.Writer) (*options, error) {
	o := &options{given: make(map[string]bool)}
	f := flag.NewFlagSet("spreadsim", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.IntVar(&o.seeds, "seeds", 100, "how many seeds to run")
	f.Uint64Var(&o.start, "start", 1, "the first of them")
	f.Uint64Var(&o.seed, "seed", 0, "run this one seed")
	f.StringVar(&o.plan, "plan", "", "run the plan in this `file`")
	f.StringVar(&o.scenario, "scenario", "", "run this `entry` of the scenario catalogue: an id, an id and a variant as SCN-05/engine, or all")
	f.StringVar(&o.save, "save", "", "write the plan of -seed to this `file` too")
	f.StringVar(&o.mode, "mode", "mixed", "how faults are drawn: "+strings.Join(modeNames(), ", "))
	f.StringVar(&o.layer, "layer", "both", "what a daemon consists of: ring, engine (all of it) or both in turn")
	f.IntVar(&o.workers, "workers", runtime.NumCPU(), "how many runs at once")
	f.BoolVar(&o.verbose, "v", false, "show the run as a timeline")
	f.BoolVar(&o.all, "vv", false, "show every event of it")
	f.BoolVar(&o.shrink, "shrink", false, "look for a smaller plan that fails in the same way (of many seeds, the first that fails is shrunk unless -shrink=false)")
	f.DurationVar(&o.budget, "budget", time.Minute, "how long to look for it, or to explore")
	f.StringVar(&o.arena, "arena", "", "the small ring to explore (default: all in turn)")
	f.StringVar(&o.path, "path", "", "the schedule of the arena to show, as 0.0.3.1")
	f.StringVar(&o.shrunk, "o", "", "where to write it: `FILE`.json and FILE.txt (default: in the directory for temporary files)")
	f.IntVar(&o.reports, "reports", 5, "how many violations to report in full")
	f.Float64Var(&o.recheck, "recheck", 0, "run this `percentage` of the seeds again in fresh processes and compare")
	f.StringVar(&o.other, "other", "", "this `file` is spreadsim of another build; some daemons are of it")
	f.BoolVar(&o.serve, "serve", false, "host daemons for a spreadsim of another build, which speaks on standard input")
	f.StringVar(&o.profile, "profile", "", "write a CPU profile to this `file`")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(errs, usage)
			f.SetOutput(errs)
			f.PrintDefaults()
		}
		return nil, err
	}
	f.Visit(func(g *flag.Flag) { o.given[g.Name] = true })
	if f.NArg() > 0 {
		return nil, fmt.Errorf("%q is no flag", f.Arg(0))
	}
	if o.scenario != "" {
		return o, o.checkScenario()
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.mode == exhaustive {
		return o, nil
	}
	var err error
	o.planners, err = plannersOf(o.mode, o.layer)
	return o, err
}

// check refuses numbers out of range and flags that contradict each other.
func (o *options) check() error {
	one := ""
	switch {
	case o.plan != "":
		one = "-plan"
	case o.given["seed"]:
		one = "-seed"
	}
	for _, name := range []string{"seeds", "start", "workers", "reports", "recheck"} {
		if one != "" && o.given[name] {
			return fmt.Errorf("-%s is for many seeds, %s for one run", name, one)
		}
	}
	for _, name := range []string{"v", "vv", "save"} {
		if one == "" && o.given[name] {
			return fmt.Errorf("-%s needs one run: -seed X or -plan FILE", name)
		}
	}
	for _, name := range []string{"seeds", "start", "seed", "layer", "shrink", "recheck"} {
		if o.mode == exhaustive && o.given[name] {
			return fmt.Errorf("-%s has no meaning in mode exhaustive", name)
		}
	}
	for _, name := range []string{"shrink", "recheck", "scenario"} {
		if o.other != "" && o.given[name] {
			return fmt.Errorf("-%s runs one build alone: not with -other", name)
		}
	}
	switch {
	case o.serve && len(o.given) > 1:
		return fmt.Errorf("-serve stands alone")
	case o.other != "" && o.mode == exhaustive:
		return fmt.Errorf("-other has no meaning in mode exhaustive")
	case (o.arena != "" || o.path != "") && o.mode != exhaustive:
		return fmt.Errorf("-arena and -path are for -mode exhaustive")
	case o.path != "" && o.arena == "":
		return fmt.Errorf("-path needs -arena")
	case o.plan != "" && (o.given["seed"] || o.given["save"] || o.given["mode"] || o.given["layer"]):
		return fmt.Errorf("the plan says what is run: no -seed, -save, -mode or -layer with it")
	case o.seeds < 1:
		return fmt.Errorf("-seeds %d: at least 1", o.seeds)
	case o.workers < 1:
		return fmt.Errorf("-workers %d: at least 1", o.workers)
	case o.reports < 0:
		return fmt.Errorf("-reports %d: at least 0", o.reports)
	case o.budget <= 0:
		return fmt.Errorf("-budget %v: more than 0", o.budget)
	case o.recheck < 0 || o.recheck > 100:
		return fmt.Errorf("-recheck %v: 0 to 100 percent", o.recheck)
	}
	return nil
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
