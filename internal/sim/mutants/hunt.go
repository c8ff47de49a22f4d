package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hunting says how much is tried before a mutant counts as not found.
type hunting struct {
	root   string
	starts int           // first seeds to begin from
	seeds  int           // from each of them
	limit  time.Duration // for each of them
}

// apart is how far the starts lie apart.
const apart = 1_000_000

// finding is how a mutant was found from one start. property is empty if it
// was not.
type finding struct {
	property string
	seeds    int // that it took; the budget if it was not found
}

// outcome is what became of a mutant.
type outcome struct {
	mutant   *mutant
	findings []finding // one for each start; one for a Go test
	took     time.Duration
	err      error // it could not be tried
}

func (o *outcome) survives() bool {
	return !slices.ContainsFunc(o.findings, func(f finding) bool { return f.property != "" })
}

// median is the median number of seeds over the starts, the larger of two. It
// is a bound only if found is false.
func (o *outcome) median() (seeds int, found bool) {
	sorted := slices.Clone(o.findings)
	slices.SortFunc(sorted, func(a, b finding) int { return a.seeds - b.seeds })
	m := sorted[len(sorted)/2]
	return m.seeds, m.property != ""
}

// properties are those by which it was found, the most frequent first.
func (o *outcome) properties() []string {
	count := make(map[string]int)
	var list []string
	for _, f := range o.findings {
		if f.property == "" {
			continue
		}
		if count[f.property]++; count[f.property] == 1 {
			list = append(list, f.property)
		}
	}
	slices.SortStableFunc(list, func(a, b string) int { return count[b] - count[a] })
	return list
}

// hunt builds the mutant and tries to find it.
func (h *hunting) hunt(ctx context.Context, m *mutant) *outcome {
	began := time.Now()
	o := &outcome{mutant: m}
	o.findings, o.err = h.findings(ctx, m)
	o.took = time.Since(began)
	return o
}

func (h *hunting) findings(ctx context.Context, m *mutant) ([]finding, error) {
	dir, err := os.MkdirTemp("", "mutant-")
	if err != nil {
		return nil, fmt.Errorf("mutants: %w", err)
	}
	defer os.RemoveAll(dir)
	if m.test != nil {
		f, err := h.huntTest(ctx, m, dir)
		return []finding{f}, err
	}
	program, err := m.buildSimulator(ctx, h.root, dir)
	if err != nil {
		return nil, err
	}
	var list []finding
	for i := range h.starts {
		f, err := h.huntSeeds(ctx, m, program, 1+uint64(i)*apart)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

// huntSeeds runs the simulator from a seed on until it reports a violation.
// One run at a time, so that the first one reported is of the lowest seed.
func (h *hunting) huntSeeds(ctx context.Context, m *mutant, program string, start uint64) (finding, error) {
	ctx, cancel := context.WithTimeout(ctx, h.limit)
	defer cancel()
	args := append([]string{"-seeds", strconv.Itoa(h.seeds), "-start", strconv.FormatUint(start, 10), "-workers", "1", "-reports", "0", "-shrink=false"}, m.run...)
	cmd := exec.CommandContext(ctx, program, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return finding{}, fmt.Errorf("mutants: %w", err)
	}
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		return finding{}, fmt.Errorf("mutants: %s: %w", m.name, err)
	}
	found := finding{seeds: h.seeds}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if property, seed, ok := violation(lines.Text()); ok {
			found = finding{property: property, seeds: int(seed - start + 1)}
			cancel() // enough seen
			break
		}
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case found.property != "", err == nil, ctx.Err() != nil:
		return found, nil
	case errors.As(err, &exit):
		return finding{}, fmt.Errorf("mutants: %s: the simulator ended with %w\n%s", m.name, err, errs.String())
	}
	return finding{}, fmt.Errorf("mutants: %s: %w", m.name, err)
}

// violation reads the simulator's line on one: VIOLATION INT-1 seed 5 mode ...
func violation(line string) (property string, seed uint64, ok bool) {
	words := strings.Fields(line)
	if len(words) < 4 || words[0] != "VIOLATION" || words[2] != "seed" {
		return "", 0, false
	}
	seed, err := strconv.ParseUint(words[3], 10, 64)
	return words[1], seed, err == nil
}

// huntTest runs the Go test that is to find the mutant. One that fails, or is
// skipped, without the mutant too finds nothing.
func (h *hunting) huntTest(ctx context.Context, m *mutant, dir string) (finding, error) {
	ctx, cancel := context.WithTimeout(ctx, h.limit)
	defer cancel()
	clean, bad, err := m.buildTest(ctx, h.root, dir)
	if err != nil {
		return finding{}, err
	}
	run := func(program string) (string, error) {
		cmd := exec.CommandContext(ctx, program, "-test.run", "^"+m.test[1]+"$", "-test.v", "-test.timeout", h.limit.String())
		cmd.Dir = filepath.Join(h.root, filepath.FromSlash(m.test[0]))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run(clean); err != nil || !strings.Contains(out, "--- PASS: "+m.test[1]) {
		return finding{}, fmt.Errorf("mutants: %s: %s of %s does not pass on the clean core: %w\n%s", m.name, m.test[1], m.test[0], err, out)
	}
	if _, err := run(bad); err != nil {
		return finding{property: m.test[1], seeds: 1}, nil
	}
	return finding{}, nil
}
