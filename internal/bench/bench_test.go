package bench

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mpspread/client"
	"mpspread/internal/cluster"
	"mpspread/internal/role"
)

func TestMain(m *testing.M) {
	role.Main(m, map[string]role.Role{
		"daemon": role.Daemon(cluster.RunDaemon), "fragile": role.DiesAtCommand(cluster.RunDaemon), "failing": role.Fails,
	})
}

// measured runs with daemons of this test binary and looks at what is left
// behind.
func measured(t *testing.T, as string, change func(*Options)) (*Result, string, error) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs three daemons for seconds")
	}
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var out strings.Builder
	o := Options{
		Size: 100, Service: client.Agreed, Warmup: 200 * time.Millisecond, Duration: 500 * time.Millisecond, Out: &out,
		Cluster: cluster.Options{Name: "bench", Self: role.As(as), MTU: MTU},
	}
	change(&o)
	result, err := Run(t.Context(), o)
	t.Logf("%s%v\n%v", out.String(), result, err)
	left, globErr := filepath.Glob(filepath.Join(dir, "mpspread-bench-[0-9]*"))
	if globErr != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, globErr)
	}
	return result, out.String(), err
}

func TestClosedLoop(t *testing.T) {
	result, _, err := measured(t, "daemon", func(o *Options) { o.Size = 1350; o.Cluster.Plaintext = true })
	if err != nil {
		t.Fatal(err)
	}
	if result.Senders != 3 || result.Receivers != 3 || result.Rate != 0 || result.Window == 0 ||
		result.MessagesPerSecond < 100 || result.BytesPerSecond != 1350*result.MessagesPerSecond {
		t.Errorf("%+v", result)
	}
	// In the mean a message takes as long as the window takes to go through
	// (Little's law): a few times less or more is no clock gone wrong.
	mean := float64(result.Senders*result.Window) / result.MessagesPerSecond * 1e6
	if l := result.Latency; l.P50 <= 0 || l.P50 > 20*mean || l.P50 > l.P99 || l.P99 > l.Max {
		t.Errorf("latency %+v; %v µs were to be expected", l, mean)
	}
	if runtime.GOOS == "linux" && (result.CPUSeconds <= 0 || result.CPUSeconds > 0.5*float64(10*runtime.NumCPU()) || result.ClientCPUSeconds <= 0) {
		t.Errorf("CPU: daemons %v s, clients %v s in half a second", result.CPUSeconds, result.ClientCPUSeconds)
	}
}

// Messages go at the rate asked for, whichever number of sessions sends and
// receives.
func TestOpenLoop(t *testing.T) {
	for _, c := range []struct{ senders, receivers int }{{3, 3}, {5, 2}, {1, 4}} {
		t.Run(fmt.Sprintf("%d to %d", c.senders, c.receivers), func(t *testing.T) {
			result, _, err := measured(t, "daemon", func(o *Options) {
				o.Rate, o.Senders, o.Receivers, o.Service = 1000, c.senders, c.receivers, client.Safe
			})
			if err != nil {
				t.Fatal(err)
			}
			// 0.7 s of 1000 a second, as the schedule has it.
			if result.Messages < 700 || result.Messages > 700+uint64(c.senders) || result.Senders != c.senders || result.Receivers != c.receivers {
				t.Errorf("%+v", result)
			}
			if result.Latency.P50 <= 0 || result.Late.Max < result.Late.P50 {
				t.Errorf("%+v", result)
			}
		})
	}
}

// Cutting one of two networks neither loses a message nor changes a
// membership.
func TestCut(t *testing.T) {
	result, out, err := measured(t, "daemon", func(o *Options) { o.Rate, o.Cut, o.Duration = 500, "B", 3*time.Second })
	if err != nil || result.Cut != "B" || result.LongestGap <= 0 {
		t.Errorf("%+v, %v", result, err)
	}
	if !strings.Contains(out, "measuring") || !strings.Contains(out, "messages/s") {
		t.Errorf("no progress:\n%s", out)
	}
}

// A message due when the daemons take none counts with its whole delay, and a
// rate that they never take has no result.
func TestRateTooHigh(t *testing.T) {
	_, _, err := measured(t, "daemon", func(o *Options) { o.Rate, o.Size = 1e6, 100_000 })
	if !errors.Is(err, errBehind) {
		t.Errorf("%v", err)
	}
}

func TestInNamespaces(t *testing.T) {
	for _, tool := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(tool); err != nil || os.Geteuid() != 0 {
			t.Skip("needs root, ip and nft")
		}
	}
	result, _, err := measured(t, "daemon", func(o *Options) { o.Cluster.Namespaces = true })
	if err != nil || result.MessagesPerSecond < 100 {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestDaemonDies(t *testing.T) {
	_, _, err := measured(t, "fragile", func(o *Options) { o.Cut = "B" })
	if err == nil || !strings.Contains(err.Error(), "ended") || !strings.Contains(err.Error(), "logs of the daemons: ") {
		t.Errorf("%v", err)
	}
}

func TestCannotStart(t *testing.T) {
	_, _, err := measured(t, "failing", func(*Options) {})
	if err == nil || !strings.Contains(err.Error(), "ended: exit status 1") {
		t.Errorf("%v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	_, _, err := measured(t, "", func(o *Options) { o.Connect = []string{"unix:/nowhere/at/all"} })
	var c *ConnectError
	if !errors.As(err, &c) || c.Address != "unix:/nowhere/at/all" {
		t.Errorf("%v", err)
	}
}
