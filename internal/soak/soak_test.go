package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mpspread/internal/cluster"
)

// The processes that this test binary can be, by its first argument; those
// after it are configuration and name.
var roles = map[string]func(args []string) error{
	"daemon": func(args []string) error {
		return cluster.RunDaemon(context.Background(), args[0], args[1], os.Stdin, os.Stdout)
	},
	// fragile is a daemon of which h2 dies at the first thing it is told.
	"fragile": func(args []string) error {
		in := io.Reader(os.Stdin)
		if args[1] == "h2" {
			in = fatal{in}
		}
		return cluster.RunDaemon(context.Background(), args[0], args[1], in, os.Stdout)
	},
	"failing": func([]string) error { return errors.New("cannot") },
}

type fatal struct{ io.Reader }

func (f fatal) Read(b []byte) (int, error) {
	if n, err := f.Reader.Read(b); n == 0 {
		return n, err
	}
	os.Exit(3)
	return 0, nil
}

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if role, ok := roles[os.Args[1]]; ok {
			if err := role(os.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	goleak.VerifyTestMain(m)
}

// soaked runs a soak with daemons of this test binary and looks at what it
// leaves behind.
func soaked(t *testing.T, role string, change func(*Options)) (Verdict, string, error) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs three daemons for seconds")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var out strings.Builder
	o := Options{
		Packets: 3000, Loss: DefaultLoss, Course: Course(150 * time.Millisecond), Out: &out,
		Cluster: cluster.Options{Name: "soak", Self: []string{self, role}, MTU: MTU},
	}
	change(&o)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	if o.Out == nil {
		o.Out = whenWritten{func() { cancel(errInterrupt) }}
	}
	v, err := Run(ctx, o)
	t.Logf("%s%s\n%v", out.String(), &v, err)
	left, globErr := filepath.Glob(filepath.Join(dir, "mpspread-soak-[0-9]*"))
	if globErr != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, globErr)
	}
	return v, out.String(), err
}

func TestSoak(t *testing.T) {
	v, out, err := soaked(t, "daemon", func(o *Options) { o.Packets = 12_000 })
	if err != nil || !v.OK() || v.Packets < 12_000 || v.Receivers != 3 || v.Retransmitted == 0 || v.Rounds == 0 {
		t.Errorf("%+v, %v", v, err)
	}
	if len(v.Marks) != 2 || v.Marks[0].Packets != FirstMark || v.Marks[1].Packets != 12_000 || v.Marks[1].After < v.Marks[0].After {
		t.Errorf("marks %v", v.Marks)
	}
	if !strings.Contains(out, " % ") {
		t.Errorf("no progress:\n%s", out)
	}
}

// Real packets on bridges between namespaces.
func TestSoakInNamespaces(t *testing.T) {
	for _, tool := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(tool); err != nil || os.Geteuid() != 0 {
			t.Skip("needs root, ip and nft")
		}
	}
	v, _, err := soaked(t, "daemon", func(o *Options) { o.Cluster.Namespaces = true })
	if err != nil || !v.OK() || v.Packets < 3000 || v.Retransmitted == 0 {
		t.Errorf("%+v, %v", v, err)
	}
	left, err := filepath.Glob(fmt.Sprintf("/run/netns/mpspread%d-*", os.Getpid()))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// With both networks cut at once the ring falls apart: the verdict has to say
// so, and where the logs are.
func TestSoakSeesAPartition(t *testing.T) {
	v, _, err := soaked(t, "daemon", func(o *Options) {
		o.Course = []Phase{
			{Name: "B lost", For: 50 * time.Millisecond},
			{Name: "both", For: time.Second, Flap: []string{"A"}, Every: time.Second, Late: time.Hour},
		}
		o.Packets = 1 << 40
	})
	if err != nil {
		t.Fatal(err)
	}
	if v.OK() || v.MembershipChanges == 0 || !strings.Contains(v.String(), "verdict: FAILED") || !strings.Contains(v.String(), "logs of the daemons: ") {
		t.Errorf("%s", &v)
	}
}

func TestSoakSeesADaemonDie(t *testing.T) {
	_, _, err := soaked(t, "fragile", func(*Options) {})
	if err == nil || !strings.Contains(err.Error(), "daemon h2 ended: exit status 3") || !strings.Contains(err.Error(), "logs of the daemons: ") {
		t.Errorf("%v", err)
	}
}

func TestSoakCannotStart(t *testing.T) {
	_, _, err := soaked(t, "failing", func(*Options) {})
	if err == nil || !strings.Contains(err.Error(), "ended: exit status 1") {
		t.Errorf("%v", err)
	}
}

// An interrupt ends everything without a verdict and leaves nothing.
func TestSoakInterrupted(t *testing.T) {
	_, _, err := soaked(t, "daemon", func(o *Options) {
		o.Packets = 1 << 40
		o.Course = []Phase{{Name: "any", For: time.Hour}}
		o.Out = nil // the first word of it interrupts
	})
	if !errors.Is(err, errInterrupt) {
		t.Errorf("%v", err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

var errInterrupt = errors.New("interrupted by the test")

// whenWritten does something once something is written to it.
type whenWritten struct{ then func() }

func (w whenWritten) Write(b []byte) (int, error) { w.then(); return len(b), nil }
