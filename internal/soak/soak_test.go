package soak

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mpspread/internal/cluster"
	"mpspread/internal/role"
)

func TestMain(m *testing.M) {
	role.Main(m, map[string]role.Role{
		"daemon": role.Daemon(cluster.RunDaemon), "fragile": role.DiesAtCommand(cluster.RunDaemon), "failing": role.Fails,
	})
}

// soaked runs a soak with daemons of this test binary and looks at what it
// leaves behind.
func soaked(t *testing.T, as string, change func(*Options)) (Verdict, string, error) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs three daemons for seconds")
	}
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var out strings.Builder
	o := Options{
		Packets: 3000, Loss: 0.05, Course: Course(150 * time.Millisecond), Out: &out,
		Cluster: cluster.Options{Name: "soak", Self: role.As(as), MTU: MTU},
	}
	change(&o)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	if o.Out == nil {
		o.Out = whenMoving{func() { cancel(errInterrupt) }}
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

// An interrupt ends everything, with a verdict on what went through until then,
// and leaves nothing.
func TestSoakInterrupted(t *testing.T) {
	v, _, err := soaked(t, "daemon", func(o *Options) {
		o.Packets = 1 << 40
		o.Course = []Phase{{Name: "any", For: time.Hour}}
		o.Out, o.Terminal = nil, true // the first packets that it shows interrupt
	})
	if err != nil || v.OK() || !v.Interrupted || v.Sent == 0 || v.Delivered != 3*v.Sent || v.MembershipChanges != 0 {
		t.Errorf("%+v, %v", v, err)
	}
	if !strings.Contains(v.String(), "verdict: INTERRUPTED, all well until then: ") {
		t.Errorf("%s", &v)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

var errInterrupt = errors.New("interrupted by the test")

// whenMoving does something once packets are shown to have gone through.
type whenMoving struct{ then func() }

func (w whenMoving) Write(b []byte) (int, error) {
	if strings.Contains(string(b), " packets ") && !strings.Contains(string(b), " 0 packets ") {
		w.then()
	}
	return len(b), nil
}
