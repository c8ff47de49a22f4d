package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mpspread/internal/sim"
)

func runPlan(o *options, out, errs io.Writer) int {
	b, err := os.ReadFile(o.plan)
	if err != nil {
		fmt.Fprintf(errs, "spreadsim: %v\n", err)
		return exitFound
	}
	p, err := sim.ReadPlan(b)
	if err != nil {
		fmt.Fprintf(errs, "spreadsim: %s: %v\n", o.plan, err)
		return exitFound
	}
	return show(o, p, out, errs)
}

func runSeed(o *options, out, errs io.Writer) int {
	code := 0
	for _, plan := range o.planners {
		p := plan(o.seed)
		if o.save != "" {
			if err := savePlan(o.save, p); err != nil {
				fmt.Fprintf(errs, "spreadsim: %v\n", err)
				return exitFound
			}
		}
		code = max(code, show(o, p, out, errs))
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
func show(o *options, p *sim.Plan, out, errs io.Writer) int {
	timeline := io.Discard
	if o.verbose || o.all {
		timeline = out
	}
	builds, err := openOthers(o.other, 1)
	if err != nil {
		fmt.Fprintf(errs, "spreadsim: %v\n", err)
		return exitFound
	}
	defer func() {
		if err := builds.close(); err != nil {
			fmt.Fprintf(errs, "spreadsim: %v\n", err)
		}
	}()
	r := sim.TimelineWith(timeline, p, o.all, builds.options[0].Other)
	fmt.Fprintln(out, outcome(r))
	if r.Violation == nil {
		return 0
	}
	sim.Report(out, r)
	if o.shrink {
		if err := shrink(o, r, out); err != nil {
			fmt.Fprintf(errs, "spreadsim: %v\n", err)
		}
	}
	return exitFound
}

// outcome is a run in one line; two processes must say the same of one plan.
func outcome(r *sim.Result) string {
	verdict := "no violation"
	if r.Violation != nil {
		verdict = "violates " + r.Violation.Property.String()
	}
	return fmt.Sprintf("%s: %s, digest %016x, %d deliveries, %d configuration changes, %v simulated",
		r.Plan.Name(), verdict, r.Digest, r.Deliveries, r.Changes, r.Virtual)
}

// shrink looks for the smallest plan that violates the same property, and
// writes it and its timeline down.
func shrink(o *options, r *sim.Result, out io.Writer) error {
	name := r.Violation.Property
	began := time.Now()
	tries := 0
	p := sim.Minimize(r.Plan, name, func() bool {
		tries++
		return time.Since(began) < o.budget
	})
	base := o.shrunk
	if base == "" {
		base = filepath.Join(os.TempDir(), fmt.Sprintf("spreadsim-%s-%d-%s", name, r.Plan.Seed, r.Plan.Mode))
	}
	base = strings.TrimSuffix(base, ".json")
	p.Note = fmt.Sprintf("violates %s; shrunk from %s", name, r.Plan.Name())
	if err := savePlan(base+".json", p); err != nil {
		return fmt.Errorf("shrunk plan: %w", err)
	}
	f, err := os.Create(base + ".txt")
	if err != nil {
		return fmt.Errorf("shrunk timeline: %w", err)
	}
	fmt.Fprintf(f, "%s\n", p.Note)
	if small := sim.Timeline(f, p, false); small.Violation != nil {
		sim.Report(f, small)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("shrunk timeline: %w", err)
	}
	fmt.Fprintf(out, "shrunk from %d to %d faults and requests, %d daemons, %d networks, in %d tries and %v:\n  spreadsim -plan %s.json -v\n  %s.txt is its timeline\n",
		r.Plan.Entries(), p.Entries(), p.Daemons, p.Networks, tries, time.Since(began).Round(100*time.Millisecond), base, base)
	return nil
}
