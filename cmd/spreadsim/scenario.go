package main

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"mpspread/internal/sim/scenario"
)

// checkScenario refuses what has no meaning with -scenario.
func (o *options) checkScenario() error {
	for name := range o.given {
		switch name {
		case "scenario", "v", "vv", "seeds", "workers", "profile":
		default:
			return fmt.Errorf("-%s has no meaning with -scenario", name)
		}
	}
	if o.seeds < 1 || o.workers < 1 {
		return fmt.Errorf("-seeds and -workers: at least 1")
	}
	if len(chosen(o.scenario)) == 0 {
		var ids []string
		for _, s := range scenario.Catalogue() {
			ids = append(ids, s.ID)
		}
		return fmt.Errorf("no scenario %q; there are %s", o.scenario, strings.Join(ids, " "))
	}
	return nil
}

// chosen are the scenarios that a name means, with the variants it means.
func chosen(name string) (list []scenario.Scenario) {
	id, variant, _ := strings.Cut(name, "/")
	for _, s := range scenario.Catalogue() {
		if id != "all" && !strings.EqualFold(id, s.ID) {
			continue
		}
		all := s.Cases
		s.Cases = nil
		for _, c := range all {
			if strings.Contains(c.Name, variant) {
				s.Cases = append(s.Cases, c)
			}
		}
		if len(s.Cases) > 0 || variant == "" {
			list = append(list, s)
		}
	}
	return list
}

// runScenarios runs the chosen scenarios, some variants at once, and tells in
// the order of the catalogue what became of each.
func runScenarios(o *options, out io.Writer) int {
	started := time.Now()
	list := chosen(o.scenario)
	outcomes := runCases(o, list)
	runs, failed := 0, 0
	next := 0
	for _, s := range list {
		fmt.Fprintf(out, "%s  %s\n", s.ID, s.Title)
		for i := range s.Cases {
			c, r := &s.Cases[i], <-outcomes[next]
			next++
			if o.verbose || o.all {
				c.Timeline(out, o.all)
			}
			runs += r.Runs
			verdict := "ok"
			if len(r.Failures) > 0 {
				verdict = "FAILED"
				failed++
			}
			fmt.Fprintf(out, "  %-6s %-40s %4d runs, %7d deliveries, %5d configuration changes, %v simulated\n", verdict, c.Name, r.Runs, r.Deliveries, r.Changes, r.Simulated.Round(time.Second))
			for _, f := range r.Failures {
				fmt.Fprintln(out, indented(f))
			}
		}
		for _, e := range s.Elsewhere {
			fmt.Fprintf(out, "  also   %s\n", e)
		}
	}
	fmt.Fprintf(out, "%d scenarios, %d variants, %d runs, %d failed, %v\n", len(list), next, runs, failed, time.Since(started).Round(time.Second))
	if failed > 0 {
		return exitFound
	}
	return 0
}

func indented(text string) string { return "         " + strings.ReplaceAll(text, "\n", "\n         ") }

// runCases runs all variants of some scenarios, some at once, and returns
// where the outcome of each will come, in their order.
func runCases(o *options, list []scenario.Scenario) []chan *scenario.Outcome {
	var cases []*scenario.Case
	for i := range list {
		for j := range list[i].Cases {
			cases = append(cases, &list[i].Cases[j])
		}
	}
	seeds := 0
	if o.given["seeds"] {
		seeds = o.seeds
	}
	outcomes := make([]chan *scenario.Outcome, len(cases))
	for i := range outcomes {
		outcomes[i] = make(chan *scenario.Outcome, 1)
	}
	var next atomic.Int64
	for range o.workers {
		go func() {
			for i := next.Add(1) - 1; i < int64(len(cases)); i = next.Add(1) - 1 {
				outcomes[i] <- cases[i].Run(seeds)
			}
		}()
	}
	return outcomes
}
