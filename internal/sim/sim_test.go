package sim

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"mpspread/internal/check"
	"mpspread/internal/trace"
)

// seedsPerTest keeps the commit's tests short; cmd/spreadsim runs thousands.
const seedsPerTest = 150

// run runs a plan and fails the test with a report if a property is violated.
func run(t *testing.T, p *Plan, o Options) *Result {
	t.Helper()
	if err := p.check(); err != nil {
		t.Fatal(err)
	}
	r := Run(p, o)
	if r.Violation != nil {
		var b bytes.Buffer
		Report(&b, r)
		t.Fatal(b.String())
	}
	return r
}

func TestSeeds(t *testing.T) {
	for _, mode := range []Mode{RingMode, EngineMode} {
		t.Run(string(mode), func(t *testing.T) {
			n := seedsPerTest
			if testing.Short() {
				n = 20
			}
			totals := Batch(1, n, []Planner{Random(mode)}, 2, func(r *Result, _ *Totals) {
				if r.Violation != nil {
					var b bytes.Buffer
					Report(&b, r)
					t.Error(b.String())
				}
			})
			if totals.Seeds != n || totals.Deliveries == 0 || totals.Changes == 0 || totals.Simulated < time.Duration(n)*time.Second {
				t.Errorf("too little happened: %+v", totals)
			}
		})
	}
}

// digestVariable asks the test binary to print one digest: a fresh process.
const digestVariable = "SIM_PRINT_DIGEST"

func TestSameSeedSameRun(t *testing.T) {
	if mode := os.Getenv(digestVariable); mode != "" {
		r := Run(Generate(7, Mode(mode)), Options{})
		fmt.Printf("digest %016x %d\n", r.Digest, r.Events)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []Mode{RingMode, EngineMode} {
		here := Run(Generate(7, mode), Options{})
		c := exec.Command(self, "-test.run=^TestSameSeedSameRun$", "-test.v")
		c.Env = append(os.Environ(), digestVariable+"="+string(mode))
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if want := fmt.Sprintf("digest %016x %d\n", here.Digest, here.Events); !strings.Contains(string(out), want) {
			t.Errorf("%s: a fresh process says %q, want %q", mode, out, want)
		}
		if other := Run(Generate(8, mode), Options{}); other.Digest == here.Digest {
			t.Errorf("%s: two seeds are one run", mode)
		}
	}
}

func TestBatchIsTheSameInAnyOrder(t *testing.T) {
	one := Batch(100, 6, []Planner{Random(RingMode)}, 1, func(*Result, *Totals) {})
	three := Batch(100, 6, []Planner{Random(RingMode)}, 3, func(*Result, *Totals) {})
	if !reflect.DeepEqual(one, three) {
		t.Errorf("one worker: %+v\nthree: %+v", one, three)
	}
}

// A plan written down is the same run again.
func TestPlanRoundTrip(t *testing.T) {
	for seed := range uint64(30) {
		p := Generate(seed, []Mode{RingMode, EngineMode}[seed%2])
		var b bytes.Buffer
		if err := WritePlan(&b, p); err != nil {
			t.Fatal(err)
		}
		again, err := ReadPlan(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(p, again) {
			t.Fatalf("seed %d: another plan came back", seed)
		}
	}
	p := Generate(3, RingMode)
	var b bytes.Buffer
	if err := WritePlan(&b, p); err != nil {
		t.Fatal(err)
	}
	again, _ := ReadPlan(b.Bytes())
	if Run(p, Options{}).Digest != Run(again, Options{}).Digest {
		t.Error("a saved plan runs differently")
	}
}

func TestBadPlansAreRefused(t *testing.T) {
	change := func(f func(p *Plan)) string {
		p := Generate(3, RingMode)
		p.Faults = []Fault{{Kind: Cut, Network: -1, From: 0, To: -1}}
		p.Load = []Load{{Count: 1}}
		f(p)
		var b bytes.Buffer
		if err := WritePlan(&b, p); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	good := change(func(*Plan) {})
	if _, err := ReadPlan([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty":         "",
		"truncated":     good[:len(good)/2],
		"followed":      good + "{}",
		"unknown key":   strings.Replace(good, `"seed"`, `"sed"`, 1),
		"version":       change(func(p *Plan) { p.Version++ }),
		"mode":          change(func(p *Plan) { p.Mode = "other" }),
		"no daemons":    change(func(p *Plan) { p.Daemons = 0 }),
		"networks":      change(func(p *Plan) { p.Networks = 9 }),
		"order":         change(func(p *Plan) { p.Order = p.Order[1:] }),
		"id twice":      change(func(p *Plan) { p.Order[1] = p.Order[0] }),
		"id zero":       change(func(p *Plan) { p.Order[0] = 0 }),
		"hops":          change(func(p *Plan) { p.Hops = nil }),
		"clock":         change(func(p *Plan) { p.Clocks[0] = 0 }),
		"detection":     change(func(p *Plan) { p.FailureDetection = 0 }),
		"payload":       change(func(p *Plan) { p.PayloadSize = 10 }),
		"counter":       change(func(p *Plan) { p.StartTSeq = 1<<63 + 1 }),
		"negative time": change(func(p *Plan) { p.RunFor = -1 }),
		"core":          change(func(p *Plan) { p.Core = []int{p.Daemons} }),
		"fault kind":    change(func(p *Plan) { p.Faults[0].Kind = "x" }),
		"fault daemon":  change(func(p *Plan) { p.Faults[0].From = p.Daemons }),
		"fault whom":    change(func(p *Plan) { p.Faults[0] = Fault{Kind: Mute, From: -1, To: -1, Network: -1} }),
		"fault rate":    change(func(p *Plan) { p.Faults[0].Rate = 1001 }),
		"fault time":    change(func(p *Plan) { p.Faults[0].At = -1 }),
		"fault event":   change(func(p *Plan) { p.Faults[0].On = "lunch" }),
		"flap":          change(func(p *Plan) { p.Faults[0].Kind = Flap }),
		"which network": change(func(p *Plan) { p.Faults[0] = Fault{Kind: Down, From: 0, To: -1, Network: -1} }),
		"transport":     change(func(p *Plan) { p.Transports[0] = "pigeon" }),
		"transports":    change(func(p *Plan) { p.Transports = nil }),
		"absent":        change(func(p *Plan) { p.Absent = [][]int{{}} }),
		"no network":    change(func(p *Plan) { p.Absent = make([][]int, p.Daemons); p.Absent[0] = []int{p.Networks} }),
		"apart": change(func(p *Plan) {
			p.Networks, p.Hops, p.Transports = 2, p.Hops[:1], []Transport{Broadcast, Unicast}
			p.Hops = append(p.Hops, p.Hops[0])
			p.Absent = make([][]int, p.Daemons)
			p.Absent[0], p.Absent[1] = []int{0}, []int{1}
		}),
		"skew":         change(func(p *Plan) { p.Faults[0] = Fault{Kind: Skew, Rate: 2001} }),
		"timers":       change(func(p *Plan) { p.Faults[0] = Fault{Kind: Timers, Count: 101} }),
		"no count":     change(func(p *Plan) { p.Faults[0] = Fault{Kind: Slow} }),
		"address":      change(func(p *Plan) { p.Faults[0] = Fault{Kind: Address, Count: p.Daemons + 1} }),
		"wall":         change(func(p *Plan) { p.Faults[0] = Fault{Kind: Wall, Delay: -30 * 365 * 24 * time.Hour} }),
		"minus delay":  change(func(p *Plan) { p.Faults[0].Delay = -time.Second }),
		"load every":   change(func(p *Plan) { p.Load[0].Every = -1 }),
		"partition":    change(func(p *Plan) { p.Faults[0].Kind = Partition }),
		"load daemon":  change(func(p *Plan) { p.Load[0].Daemon = p.Daemons }),
		"load count":   change(func(p *Plan) { p.Load[0].Count = 0 }),
		"load size":    change(func(p *Plan) { p.Load[0].Size = 1 << 30 }),
		"load service": change(func(p *Plan) { p.Load[0].Service = 6 }),
		"load action":  change(func(p *Plan) { p.Load[0].Action = "sing" }),
	} {
		if _, err := ReadPlan([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzReadPlan(f *testing.F) {
	p := quietPlan(EngineMode, 2, 1)
	p.Load = []Load{{Action: Join, Count: 1}}
	p.Faults = []Fault{{Kind: Partition, Network: -1, From: -1, To: -1, On: "commit", Groups: []int{0, 1}}}
	var b bytes.Buffer
	if err := WritePlan(&b, p); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ReadPlan(b)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := WritePlan(&out, p); err != nil {
			t.Fatal(err)
		}
		again, err := ReadPlan(out.Bytes())
		if err != nil || !reflect.DeepEqual(p, again) {
			t.Errorf("a plan does not come back: %v", err)
		}
	})
}

// Taking one kind of fault away must not shift the draws of the others.
func TestFaultStreamsAreIndependent(t *testing.T) {
	for seed := range uint64(40) {
		a, b := &Plan{Seed: seed}, &Plan{Seed: seed}
		for _, p := range []*Plan{a, b} {
			p.topology(stream(seed, "topology"))
			p.limits(stream(seed, "limits"))
		}
		a.faults(Loss, stream(seed, "fault loss"))
		a.faults(Cut, stream(seed, "fault cut"))
		b.faults(Cut, stream(seed, "fault cut"))
		if len(b.Faults) == 0 || !reflect.DeepEqual(a.Faults[len(a.Faults)-len(b.Faults):], b.Faults) {
			t.Fatalf("seed %d: the cuts change with the losses", seed)
		}
	}
}

// A report names property, seed and event, and shows at most 50 lines.
func TestReport(t *testing.T) {
	p := quietPlan(RingMode, 3, 2)
	p.Load = busy(p, 200*time.Millisecond, 3*time.Second)
	r := Run(p, Options{})
	if r.Violation != nil {
		t.Fatal(r.Violation)
	}
	r.Violation = &check.Violation{Property: check.TOT1, Index: 17, Time: time.Second, Text: "the sentence"}
	var b bytes.Buffer
	Report(&b, r)
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) < 5 || len(lines) > reportLines+2 || !strings.Contains(lines[0], "TOT-1 seed") || lines[1] != "the sentence" {
		t.Errorf("%d lines:\n%s", len(lines), b.String())
	}
	if strings.Contains(b.String(), "NOT DETERMINISTIC") {
		t.Error("the second run was another")
	}
	b.Reset()
	if again := Timeline(&b, p, true); again.Digest != r.Digest || uint64(strings.Count(b.String(), "\n")) != r.Events+1 {
		t.Error("the timeline is another run, or leaves events out")
	}
}

// The code under test may not keep what it was only lent, and what it says in
// its trace is what it does: the recorder compares.
func TestRecorderNoticesADifference(t *testing.T) {
	w := newWorld(quietPlan(RingMode, 1, 1), Options{})
	n := &ringNode{recorder: recorder{w: w, d: &w.daemons[0]}}
	n.expected = append(n.expected, delivered{count: 1})
	n.handedUp(nil)
	if v := w.checker.Verdict(); v == nil || v.Property != check.RNG6 {
		t.Errorf("verdict %v", v)
	}
}

// A panic in the code under test is a violation of RNG-6, not the end of the
// batch; so is a daemon that never waits.
func TestPanicIsAViolation(t *testing.T) {
	w := newWorld(quietPlan(RingMode, 1, 1), Options{Each: func(e *trace.Event) {
		if e.Kind == trace.Conf {
			panic("index out of range")
		}
	}})
	w.run()
	if v := w.checker.Verdict(); v == nil || v.Property != check.RNG6 || !strings.Contains(v.Text, "index out of range") {
		t.Errorf("verdict %v", v)
	}
}
