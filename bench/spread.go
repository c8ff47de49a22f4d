//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mpspread/internal/bench"
	"mpspread/internal/cluster"
)

// outcome is what a load gave.
type outcome struct {
	bench.Result
	// SystemCalls is how many the daemons made for each ordered message; 0:
	// not counted.
	SystemCalls float64 `json:"system_calls_per_message,omitempty"`
}

// ringLimit is how long daemons may take to be one ring.
const ringLimit = 20 * time.Second

// spread is this project's daemon in one configuration.
type spread struct {
	called    string
	programs  string // directory of spreadd
	tool      string // spreadctl
	plaintext bool
	networks  int
	detection time.Duration // failure_detection; 0: the default
}

func (s *spread) name() string { return s.called }

// spreadRun is its daemons.
type spreadRun struct {
	processes
	spread  *spread
	sockets []string
}

func (s *spread) start(ctx context.Context, b *bed, dir string) (running, error) {
	file := filepath.Join(dir, "spread.toml")
	if err := os.WriteFile(file, []byte(s.configuration(b, dir)), 0o600); err != nil {
		return nil, err
	}
	if !s.plaintext {
		if _, err := output(ctx, filepath.Join(s.programs, "spreadd"), "keygen", "-o", filepath.Join(dir, "key")); err != nil {
			return nil, err
		}
	}
	r := &spreadRun{spread: s}
	var admins []string
	for _, h := range b.Hosts {
		p, err := startProcess(dir, h, b.Inside(h, filepath.Join(s.programs, "spreadd"), "run", "-c", file, "-n", h))
		if err != nil {
			return nil, errors.Join(err, r.stop())
		}
		r.processes = append(r.processes, p)
		r.sockets = append(r.sockets, "unix:"+filepath.Join(dir, h+".sock"))
		admins = append(admins, filepath.Join(dir, h+".admin"))
	}
	if err := r.oneRing(ctx, admins); err != nil {
		return nil, errors.Join(err, r.stop())
	}
	return r, nil
}

// configuration is the file of all daemons.
func (s *spread) configuration(b *bed, dir string) string {
	var t strings.Builder
	t.WriteString("cluster = \"bench\"\n")
	if s.plaintext {
		t.WriteString("security = \"plaintext\"\n")
	} else {
		fmt.Fprintf(&t, "key_file = %q\n", filepath.Join(dir, "key"))
	}
	if s.detection > 0 {
		fmt.Fprintf(&t, "failure_detection = %q\n", s.detection)
	}
	for n := range s.networks {
		fmt.Fprintf(&t, "[[network]]\nname = %q\nsubnet = %q\n", string(rune('A'+n)), b.Subnet(n))
	}
	for _, h := range b.Hosts {
		fmt.Fprintf(&t, "[[daemon]]\nname = %q\naddress = { ", h)
		for n := range s.networks {
			if n > 0 {
				t.WriteString(", ")
			}
			fmt.Fprintf(&t, "%c = %q", 'A'+n, b.Address(h, n))
		}
		t.WriteString(" }\n")
	}
	fmt.Fprintf(&t, "[client]\nsockets = [%q]\n[monitor]\nsocket = %q\n", filepath.Join(dir, "{name}.sock"), filepath.Join(dir, "{name}.admin"))
	return t.String()
}

// oneRing waits until all daemons are one ring with all networks up.
func (r *spreadRun) oneRing(ctx context.Context, admins []string) error {
	watch := cluster.NewWatch(ctx, admins)
	defer watch.Stop()
	for begin := time.Now(); time.Since(begin) < ringLimit; {
		if all := watch.Statuses(); cluster.OneRing(all) && cluster.Noticed(all, nil) {
			return nil
		}
		if err := errors.Join(r.failed(), wait(ctx, 50*time.Millisecond)); err != nil {
			return err
		}
	}
	return fmt.Errorf("no ring within %v", ringLimit)
}

func (r *spreadRun) measure(ctx context.Context, l load) (outcome, error) {
	senders := l.senders
	if senders == 0 {
		senders = len(r.sockets)
	}
	args := []string{r.spread.tool, "bench", "--json", "--connect", strings.Join(r.sockets, ","),
		"--size", fmt.Sprint(l.size), "--senders", fmt.Sprint(senders), "--duration", l.duration.String(), "--warmup", l.warmup.String()}
	if l.rate > 0 {
		args = append(args, "--rate", fmt.Sprint(l.rate))
	} else {
		args = append(args, "--window", fmt.Sprint(l.window(senders)))
	}
	return parseOutcome(output(ctx, args...))
}

// parseOutcome reads the line that spreadctl bench and the CPG flooder print.
func parseOutcome(line []byte, err error) (outcome, error) {
	var o outcome
	if err != nil {
		return o, err
	}
	if err := json.Unmarshal(line, &o); err != nil {
		return o, fmt.Errorf("reading %q: %w", line, err)
	}
	if o.MessagesPerSecond <= 0 {
		return o, fmt.Errorf("no throughput in %q", line)
	}
	return o, nil
}
