package main

import (
	"context"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

type options struct {
	only    string
	sample  int
	turn    string
	list    bool
	workers int
	hunting
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	var o options
	f := flag.NewFlagSet("mutants", flag.ContinueOnError)
	f.SetOutput(errs)
	f.StringVar(&o.only, "only", "", "only these, by `names` with commas between")
	f.IntVar(&o.sample, "sample", 0, "only so many, picked by -turn; 0: all")
	f.StringVar(&o.turn, "turn", "", "what picks the sample; empty: the revision checked out, or else the day")
	f.BoolVar(&o.list, "list", false, "tell what mutants there are, and run none")
	f.IntVar(&o.workers, "workers", 1, "how many mutants at once")
	f.IntVar(&o.starts, "starts", 3, "how many first seeds to begin from")
	f.IntVar(&o.seeds, "seeds", 3000, "how many seeds to try from each")
	f.DurationVar(&o.limit, "limit", 10*time.Minute, "how long to try from each")
	if err := f.Parse(args); err != nil {
		return 2
	}
	if f.NArg() > 0 || o.workers < 1 || o.starts < 1 || o.seeds < 1 || o.seeds > apart || o.sample < 0 {
		fmt.Fprintln(errs, "mutants: wrong arguments; see -h")
		return 2
	}
	chosen, err := o.choose(ctx, out)
	if err != nil {
		fmt.Fprintln(errs, err)
		return 2
	}
	if o.list {
		for _, m := range chosen {
			fmt.Fprintf(out, "%-45s %s\n", m.name, m.title())
		}
		return 0
	}
	outcomes := o.all(ctx, chosen, out, errs)
	if ctx.Err() != nil {
		fmt.Fprintln(errs, "mutants: interrupted")
		return 2
	}
	return report(out, outcomes)
}

// choose picks the mutants to run.
func (o *options) choose(ctx context.Context, out io.Writer) ([]*mutant, error) {
	var err error
	if o.root, err = moduleRoot(); err != nil {
		return nil, err
	}
	list, err := mutants()
	if err != nil {
		return nil, err
	}
	if o.only != "" {
		var chosen []*mutant
		for name := range strings.SplitSeq(o.only, ",") {
			i := slices.IndexFunc(list, func(m *mutant) bool { return m.name == name })
			if i < 0 {
				return nil, fmt.Errorf("mutants: there is no %q; see -list", name)
			}
			chosen = append(chosen, list[i])
		}
		list = chosen
	}
	if o.sample == 0 || o.sample >= len(list) {
		return list, nil
	}
	if o.turn == "" {
		o.turn = o.revision(ctx)
	}
	list = sample(list, o.sample, o.turn)
	fmt.Fprintf(out, "sample of %d picked by %s\n", len(list), o.turn)
	return list, nil
}

// revision names the revision checked out, or the day where that is not known.
func (o *options) revision(ctx context.Context) string {
	// The tree may belong to another user than the one who builds.
	cmd := exec.CommandContext(ctx, "git", "-c", "safe.directory="+o.root, "rev-parse", "HEAD")
	cmd.Dir = o.root
	if hash, err := cmd.Output(); err == nil {
		return "revision " + strings.TrimSpace(string(hash))
	}
	return "day " + time.Now().UTC().Format(time.DateOnly)
}

// sample picks n of a list, one after another in it, from a place that turn
// names: the same ones for the same turn, others for another.
func sample(list []*mutant, n int, turn string) []*mutant {
	h := fnv.New64a()
	io.WriteString(h, turn)
	first := int(h.Sum64() % uint64(len(list)))
	return append(slices.Clone(list), list...)[first : first+n]
}

// all hunts the mutants, some at once, and tells of each as it is done.
func (o *options) all(ctx context.Context, list []*mutant, out, errs io.Writer) []*outcome {
	outcomes := make([]*outcome, len(list))
	p := newProgress(out, errs, len(list))
	defer p.stop()
	jobs := make(chan int)
	var workers sync.WaitGroup
	for range o.workers {
		workers.Go(func() {
			for i := range jobs {
				p.begins(list[i])
				outcomes[i] = o.hunt(ctx, list[i])
				p.ends(outcomes[i])
			}
		})
	}
	for i := range list {
		jobs <- i
	}
	close(jobs)
	workers.Wait()
	return outcomes
}

// String is the outcome in a few words.
func (o *outcome) String() string {
	if o.survives() {
		if o.err != nil {
			return fmt.Sprintf("NOT TRIED: %v", o.err)
		}
		return fmt.Sprintf("SURVIVES, %.0f s", o.took.Seconds())
	}
	switch seeds, found := o.median(); {
	case o.mutant.test != nil:
		return fmt.Sprintf("killed by %s, %.0f s", strings.Join(o.properties(), " "), o.took.Seconds())
	case !found:
		return fmt.Sprintf("killed by %s, median above %d seeds, %.0f s", strings.Join(o.properties(), " "), seeds, o.took.Seconds())
	default:
		return fmt.Sprintf("killed by %s, median %d seeds, %.0f s", strings.Join(o.properties(), " "), seeds, o.took.Seconds())
	}
}

// report writes the table and its closing line. 1: a mutant survives; one that
// could not be tried does too.
func report(out io.Writer, outcomes []*outcome) int {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nmutant\tkilled by\tseeds, from each start\tmedian\tseconds")
	survivors := 0
	for _, o := range outcomes {
		killed, seeds, median := strings.Join(o.properties(), " "), "", ""
		if o.survives() {
			survivors++
			killed = "SURVIVES"
		}
		if o.err != nil {
			killed = "NOT TRIED"
		} else if o.mutant.test == nil {
			var each []string
			for _, f := range o.findings {
				each = append(each, f.String())
			}
			n, found := o.median()
			seeds, median = strings.Join(each, " "), finding{seeds: n, property: map[bool]string{true: "found"}[found]}.String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.0f\n", o.mutant.name, killed, seeds, median, o.took.Seconds())
	}
	w.Flush()
	fmt.Fprintf(out, "\n%d mutants, %d killed, %d survive\n", len(outcomes), len(outcomes)-survivors, survivors)
	if survivors > 0 {
		return 1
	}
	return 0
}

// String is how many seeds it took.
func (f finding) String() string {
	if f.property == "" {
		return fmt.Sprintf(">%d", f.seeds)
	}
	return fmt.Sprint(f.seeds)
}
